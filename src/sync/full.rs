//! The full sync: every project, issue and attachment in scope is written, and what Jira no longer shows is removed.
//!
//! Read `run` as the table of contents. Issues are fetched in `issues`, files in `attachments`, removals are proved in
//! `deletion`. Claiming a job and reporting on it is left to `service`.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::attachments::{IndexedAttachments, download_all};
use super::deletion::{self, DeletionGuard};
use super::diff::Synced;
use super::encode::{self, PipelineFlags};
use super::error::SyncError;
use super::issues;
use super::listing::{CompleteListing, IssueId};
use super::progress::{Phase, Progress, Snapshot};
use super::sink::{Operation, Sink};
use super::source::Source;

/// A share of the listing in percent: above it, issues that search left out mean that its index cannot be trusted.
const MAX_LAGGING_PERCENT: f64 = 1.0;

/// What the connector's record and the service's configuration say about a sync.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The switches for the ingest pipeline.
    pub pipeline_flags: PipelineFlags,
    /// Names the settings that file content is extracted with; none when content is not wanted.
    pub extraction: Option<String>,
    /// The deletion guard.
    pub guard: DeletionGuard,
    /// Most batches of issues in flight.
    pub concurrent_fetches: usize,
    /// Most downloads in flight.
    pub concurrent_downloads: usize,
    /// Most bytes of attachments held at once.
    pub download_budget_bytes: usize,
}

/// How a sync that completed ended.
#[derive(Debug, Clone)]
pub struct SyncSummary {
    /// The counters at the end.
    pub counts: Snapshot,
    /// Documents that stay because nobody could say whether they are gone.
    pub kept_without_proof: u64,
}

/// One full sync. All parts of it share these.
#[derive(Debug)]
pub struct FullSync<S, K> {
    pub(super) source: Arc<S>,
    pub(super) sink: Arc<K>,
    pub(super) progress: Arc<Progress>,
    pub(super) options: SyncOptions,
}

impl<S: Source, K: Sink> FullSync<S, K> {
    /// Puts a sync together.
    pub fn new(source: Arc<S>, sink: Arc<K>, progress: Arc<Progress>, options: SyncOptions) -> Self {
        Self {
            source,
            sink,
            progress,
            options,
        }
    }

    /// Runs until everything is done, something fails, or `stop` is cancelled. Whatever the reason to end early,
    /// nothing is deleted then.
    pub async fn run(self, stop: &CancellationToken) -> Result<SyncSummary, SyncError> {
        match stop.run_until_cancelled(self.run_to_end()).await {
            Some(result) => result,
            None => Err(SyncError::Stopped),
        }
    }

    async fn run_to_end(self) -> Result<SyncSummary, SyncError> {
        let this = Arc::new(self);
        this.progress.enter(Phase::Syncing);
        let indexed_attachments = Arc::new(IndexedAttachments::read(this.sink.as_ref()).await?);
        let mut synced = Synced::default();
        this.write_projects(&mut synced).await?;
        let listing = this.write_issues(&indexed_attachments, &mut synced).await?;

        this.progress.enter(Phase::Flushing);
        let rejected = this.sink.flush().await?;

        this.progress.enter(Phase::Reconciling);
        let kept_without_proof = this
            .reconcile(&indexed_attachments, synced, &rejected, &listing)
            .await?;
        this.progress.requests(this.source.requests());
        this.progress.enter(Phase::Finished);
        Ok(SyncSummary {
            counts: this.progress.snapshot(),
            kept_without_proof,
        })
    }

    async fn write_projects(&self, synced: &mut Synced) -> Result<(), SyncError> {
        for document in self.source.projects().await? {
            synced.project(document.jira_id);
            synced.wrote(document.id.fingerprint());
            let id = document.id.clone();
            let source = encode::whole(document, self.options.pipeline_flags);
            self.sink
                .write(Operation::Index {
                    id,
                    issue_id: None,
                    source,
                })
                .await?;
        }
        Ok(())
    }

    /// Issues and downloads run side by side: the issues hand over what is attached to them through a short queue.
    async fn write_issues(
        self: &Arc<Self>,
        indexed_attachments: &Arc<IndexedAttachments>,
        synced: &mut Synced,
    ) -> Result<CompleteListing, SyncError> {
        let (queue, pending) = tokio::sync::mpsc::channel(self.options.concurrent_downloads.max(1) * 2);
        let ((listing, _), ()) = tokio::try_join!(
            issues::sync_all(self, queue, synced),
            download_all(self, Arc::clone(indexed_attachments), pending)
        )?;
        Ok(listing)
    }

    async fn reconcile(
        self: &Arc<Self>,
        indexed_attachments: &Arc<IndexedAttachments>,
        synced: Synced,
        rejected: &std::collections::HashSet<IssueId>,
        listing: &CompleteListing,
    ) -> Result<u64, SyncError> {
        self.source.confirm_account().await?;
        let sealed = synced.seal(rejected);
        let leftovers = deletion::find_leftovers(self.sink.as_ref(), &sealed, listing).await?;
        let unidentified = leftovers.unidentified;
        let proof = deletion::prove(self.source.as_ref(), leftovers).await?;
        for unknown in &proof.unknown {
            warn!(
                item = unknown,
                "kept a document because Jira gave no clear answer about it"
            );
            self.progress.skipped("deletion", unknown);
        }
        self.index_lagging(indexed_attachments, &proof.lagging, listing).await?;
        self.source.confirm_account().await?;
        info!(
            deletions = proof.deletions(),
            "removing what Jira does not show any more"
        );
        let kept = unidentified + proof.unknown.len() as u64;
        proof.carry_out(self.sink.as_ref(), self.options.guard).await?;
        Ok(kept)
    }

    /// Issues that search left out although they can be read: index them, and fail when there are many.
    async fn index_lagging(
        self: &Arc<Self>,
        indexed_attachments: &Arc<IndexedAttachments>,
        lagging: &[IssueId],
        listing: &CompleteListing,
    ) -> Result<(), SyncError> {
        if lagging.is_empty() {
            return Ok(());
        }
        warn!(
            issues = lagging.len(),
            "Jira's search left out issues that can be read; they are indexed now"
        );
        for ids in lagging.chunks(self.source.batch_size()) {
            let (queue, pending) = tokio::sync::mpsc::channel(self.options.concurrent_downloads.max(1) * 2);
            tokio::try_join!(
                issues::sync_some(self, ids.to_vec(), queue),
                download_all(self, Arc::clone(indexed_attachments), pending)
            )?;
        }
        self.sink.flush().await?;
        let percent = lagging.len() as f64 * 100.0 / (listing.len() + lagging.len()) as f64;
        if percent > MAX_LAGGING_PERCENT {
            return Err(SyncError::SearchLags {
                lagging: lagging.len() as u64,
                percent,
            });
        }
        Ok(())
    }
}
