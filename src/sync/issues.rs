//! Issues: listed on one side, fetched in batches on the other, written as they come.
//!
//! Batches are tasks of their own, so that parsing and encoding use every core. What an issue's documents look like
//! is left to `source`.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::warn;

use super::diff::Synced;
use super::encode;
use super::error::SyncError;
use super::full::FullSync;
use super::listing::{CompleteListing, IssueId};
use super::sink::{Operation, Sink};
use super::source::{PendingAttachment, Source, SourceError};

/// Batches listed ahead of the ones being fetched.
const LISTED_AHEAD: usize = 64;

/// What one batch adds to [`Synced`].
#[derive(Debug, Default)]
struct BatchOutcome {
    written: Vec<u128>,
    attachments: Vec<u64>,
    fetched: Vec<IssueId>,
    attachments_unknown: Vec<IssueId>,
    absent: Vec<IssueId>,
}

impl BatchOutcome {
    fn add_to(self, synced: &mut Synced) {
        self.written
            .into_iter()
            .for_each(|fingerprint| synced.wrote(fingerprint));
        self.attachments.into_iter().for_each(|id| synced.attachment(id));
        synced.fetched(&self.fetched);
        synced.attachments_unknown(&self.attachments_unknown);
        synced.absent(&self.absent);
    }
}

/// Lists every issue in scope, fetches and writes it, and queues its attachments.
pub(super) async fn sync_all<S: Source, K: Sink>(
    sync: &Arc<FullSync<S, K>>,
    attachments: mpsc::Sender<PendingAttachment>,
    synced: &mut Synced,
) -> Result<(CompleteListing, ()), SyncError> {
    let (batches_out, batches_in) = mpsc::channel(LISTED_AHEAD);
    tokio::try_join!(
        list(sync, batches_out),
        fetch_batches(sync, batches_in, attachments, synced)
    )
}

/// Fetches and writes these issues only.
pub(super) async fn sync_some<S: Source, K: Sink>(
    sync: &Arc<FullSync<S, K>>,
    ids: Vec<IssueId>,
    attachments: mpsc::Sender<PendingAttachment>,
) -> Result<(), SyncError> {
    write_batch(Arc::clone(sync), ids, attachments).await?;
    Ok(())
}

async fn list<S: Source, K: Sink>(
    sync: &Arc<FullSync<S, K>>,
    batches: mpsc::Sender<Vec<IssueId>>,
) -> Result<CompleteListing, SyncError> {
    let listing = sync.source.list_issues(batches).await?;
    sync.progress.listing_ended();
    Ok(listing)
}

async fn fetch_batches<S: Source, K: Sink>(
    sync: &Arc<FullSync<S, K>>,
    mut batches: mpsc::Receiver<Vec<IssueId>>,
    attachments: mpsc::Sender<PendingAttachment>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    let mut in_flight = JoinSet::new();
    while let Some(ids) = batches.recv().await {
        sync.progress.listed(ids.len() as u64);
        while in_flight.len() >= sync.options.concurrent_fetches.max(1) {
            join_one(&mut in_flight, synced).await?;
        }
        in_flight.spawn(write_batch(Arc::clone(sync), ids, attachments.clone()));
    }
    while !in_flight.is_empty() {
        join_one(&mut in_flight, synced).await?;
    }
    Ok(())
}

async fn join_one(
    in_flight: &mut JoinSet<Result<BatchOutcome, SyncError>>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    if let Some(joined) = in_flight.join_next().await {
        joined
            .map_err(|error| SyncError::TaskFailed(error.to_string()))??
            .add_to(synced);
    }
    Ok(())
}

async fn write_batch<S: Source, K: Sink>(
    sync: Arc<FullSync<S, K>>,
    ids: Vec<IssueId>,
    attachments: mpsc::Sender<PendingAttachment>,
) -> Result<BatchOutcome, SyncError> {
    let asked = ids.len() as u64;
    let batch = sync.source.fetch(ids).await?;
    for failure in &batch.failed {
        warn!(
            issue.id = failure.issue_id,
            item = failure.item,
            reason = failure.reason,
            "skipped an item"
        );
        sync.progress.skipped(&failure.item, &failure.reason);
    }
    let mut outcome = BatchOutcome {
        fetched: batch.fetched,
        attachments_unknown: batch.attachments_unknown,
        absent: batch.absent,
        ..BatchOutcome::default()
    };
    for document in batch.documents {
        outcome.written.push(document.id.fingerprint());
        let (id, issue_id) = (document.id.clone(), document.issue_id);
        let source = encode::whole(document, sync.options.pipeline_flags);
        sync.sink.write(Operation::Index { id, issue_id, source }).await?;
    }
    for attachment in batch.attachments {
        outcome.written.push(attachment.document.id.fingerprint());
        outcome.attachments.push(attachment.document.jira_id);
        attachments.send(attachment).await.map_err(|_| {
            SyncError::Source(SourceError::new(
                "the downloads of attachments stopped before the listing ended",
                true,
            ))
        })?;
    }
    sync.progress.processed(asked);
    sync.progress.requests(sync.source.requests());
    Ok(outcome)
}
