//! Issues: listed on one side, fetched in batches on the other, written as they come.
//!
//! Batches are tasks of their own, so that parsing and encoding use every core. What an issue's documents look like
//! is left to `source`, and the content of files to `attachments`.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::warn;

use super::attachments::{IndexedAttachments, QueuedAttachment, download_all};
use super::checkpoint::BatchTicket;
use super::content_sync::ContentSync;
use super::diff::Synced;
use super::document::{Document, DocumentKind};
use super::encode;
use super::error::SyncError;
use super::id_set::IdSet;
use super::kept_access;
use super::listing::{CompleteListing, IssueId};
use super::rule_gate::RuleGate;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::{FetchedIssues, IncompleteIssue, IssueSelection, Source, SourceError};

/// Batches listed ahead of the ones being fetched.
const LISTED_AHEAD: usize = 64;
/// Ids in one query to the index.
pub(super) const LOOKED_UP_AT_ONCE: usize = 5_000;
/// Marks a document of which a part could not be read.
const INCOMPLETE_FIELD: &str = "_incomplete";

/// Selects the listed issues that are fetched.
#[derive(Debug)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// `ids`, and what `indexed` lacks.
    TheseAndWhatIsNotIndexed { ids: IdSet, indexed: IdSet },
}

impl Wanted {
    fn includes(&self, id: IssueId) -> bool {
        match self {
            Self::All => true,
            Self::TheseAndWhatIsNotIndexed { ids, indexed } => ids.contains(id) || !indexed.contains(id),
        }
    }
}

/// The share of one batch in [`Synced`].
#[derive(Debug, Default)]
struct BatchOutcome {
    written: Vec<u64>,
    left_out: Vec<u64>,
    attachments: Vec<u64>,
    neighbours: Vec<IssueId>,
    asked: Vec<IssueId>,
    failed: Vec<IssueId>,
    attachments_unknown: Vec<IssueId>,
    absent: Vec<IssueId>,
}

impl BatchOutcome {
    fn add_to(self, synced: &mut Synced) {
        self.written
            .into_iter()
            .for_each(|fingerprint| synced.wrote(fingerprint));
        self.left_out
            .into_iter()
            .for_each(|fingerprint| synced.left_out(fingerprint));
        self.attachments.into_iter().for_each(|id| synced.attachment(id));
        synced.neighbours(self.neighbours);
        synced.asked(self.asked);
        synced.failed(self.failed);
        synced.attachments_unknown(self.attachments_unknown);
        synced.absent(self.absent);
    }
}

/// Lists every issue in scope; fetches and writes those that are wanted, with what is attached to them.
pub(super) async fn sync_all<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    indexed: &Arc<IndexedAttachments>,
    wanted: Wanted,
    synced: &mut Synced,
) -> Result<CompleteListing, SyncError> {
    let (listed_out, listed) = mpsc::channel(LISTED_AHEAD);
    let listing = async {
        let listing = sync.source.list_issues(IssueSelection::All, listed_out).await?;
        sync.progress.listing_ended();
        Ok(listing)
    };
    let (listing, ()) = tokio::try_join!(listing, write_listed(sync, indexed, listed, &wanted, synced))?;
    Ok(listing)
}

/// Fetches and writes these issues only.
pub(super) async fn sync_ids<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    indexed: &Arc<IndexedAttachments>,
    ids: Vec<IssueId>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    let (listed_out, listed) = mpsc::channel(LISTED_AHEAD);
    let feed = async {
        for batch in ids.chunks(sync.source.batch_size()) {
            if listed_out.send(batch.to_vec()).await.is_err() {
                // Fetching failed, and its error is the one to report.
                break;
            }
        }
        drop(listed_out);
        Ok(())
    };
    tokio::try_join!(feed, write_listed(sync, indexed, listed, &Wanted::All, synced))?;
    Ok(())
}

/// Reads those of these issues again that have a document: others may be out of scope. Returns which ones those are.
pub(super) async fn sync_indexed<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    ids: Vec<IssueId>,
    synced: &mut Synced,
) -> Result<Vec<IssueId>, SyncError> {
    let indexed = indexed_of(sync, &ids).await?;
    let issues = indexed.iter().filter(|document| document.kind == DocumentKind::Issue);
    let with_document: IdSet = issues.filter_map(|issue| issue.jira_id).collect();
    let with_document = with_document.into_sorted();
    if !with_document.is_empty() {
        let attachments = Arc::new(indexed.iter().collect::<IndexedAttachments>());
        sync_ids(sync, &attachments, with_document.clone(), synced).await?;
    }
    Ok(with_document)
}

/// What is indexed of these issues.
pub(super) async fn indexed_of<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    ids: &[IssueId],
) -> Result<Vec<IndexedDocument>, SyncError> {
    let mut found = Vec::new();
    for some in ids.chunks(LOOKED_UP_AT_ONCE) {
        let mut scan = sync.sink.scan(IndexSelection::OfIssues(some.to_vec())).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            found.extend(documents);
        }
    }
    Ok(found)
}

/// Lists every issue in scope without fetching any.
pub(super) async fn list_all<S: Source, K: Sink>(sync: &ContentSync<S, K>) -> Result<CompleteListing, SyncError> {
    let (batches, mut dropped) = mpsc::channel(LISTED_AHEAD);
    let drain = async { while dropped.recv().await.is_some() {} };
    let (listing, ()) = tokio::join!(sync.source.list_issues(IssueSelection::All, batches), drain);
    Ok(listing?)
}

/// The ids of the selected issues.
pub(super) async fn list_ids<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    selection: IssueSelection,
) -> Result<Vec<IssueId>, SyncError> {
    let (batches, mut listed) = mpsc::channel(LISTED_AHEAD);
    let collect = async {
        let mut ids = Vec::new();
        while let Some(batch) = listed.recv().await {
            ids.extend(batch);
        }
        ids
    };
    let (listing, ids) = tokio::join!(sync.source.list_issues(selection, batches), collect);
    listing?;
    Ok(ids)
}

/// Issues and downloads run side by side: the issues hand over what is attached to them through a short queue.
async fn write_listed<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    indexed: &Arc<IndexedAttachments>,
    listed: mpsc::Receiver<Vec<IssueId>>,
    wanted: &Wanted,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    let (attachments, queue) = mpsc::channel(sync.options.concurrent_downloads.max(1) * 2);
    tokio::try_join!(
        fetch_batches(sync, listed, wanted, attachments, synced),
        download_all(sync, Arc::clone(indexed), queue)
    )?;
    Ok(())
}

async fn fetch_batches<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    mut listed: mpsc::Receiver<Vec<IssueId>>,
    wanted: &Wanted,
    attachments: mpsc::Sender<QueuedAttachment>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    let mut in_flight = JoinSet::new();
    while let Some(mut ids) = listed.recv().await {
        sync.progress.listed(ids.len() as u64);
        let all = ids.clone();
        ids.retain(|id| wanted.includes(*id));
        sync.progress.processed((all.len() - ids.len()) as u64);
        let ticket = sync.tracker.open(all);
        if ids.is_empty() {
            ticket.all_added(None);
            continue;
        }
        while in_flight.len() >= sync.options.concurrent_fetches.max(1) {
            join_one(&mut in_flight, synced).await?;
        }
        let batch = Batch {
            sync: Arc::clone(sync),
            ticket,
            attachments: attachments.clone(),
        };
        in_flight.spawn(batch.write(ids));
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

/// One batch on its way from ids to documents.
struct Batch<S, K> {
    sync: Arc<ContentSync<S, K>>,
    ticket: Arc<BatchTicket>,
    attachments: mpsc::Sender<QueuedAttachment>,
}

impl<S: Source, K: Sink> Batch<S, K> {
    async fn write(self, ids: Vec<IssueId>) -> Result<BatchOutcome, SyncError> {
        let mut outcome = BatchOutcome {
            asked: ids.clone(),
            ..BatchOutcome::default()
        };
        let mut fetched = self.sync.source.fetch(ids).await?;
        let in_part = fetched.incomplete.iter();
        let read_in_part = in_part
            .filter_map(|issue| kept_access::tokens_of(&issue.document))
            .collect();
        self.add_incomplete(&mut fetched, &mut outcome).await?;
        let read: HashSet<IssueId> = fetched.fetched.iter().copied().collect();
        for failure in &fetched.failed {
            warn!(
                issue.id = failure.issue_id,
                item = failure.item,
                reason = failure.reason,
                "skipped an item"
            );
            self.sync.progress.skipped(&failure.item, &failure.reason);
            if read.contains(&failure.issue_id) {
                self.sync.failed_part(failure.issue_id, &failure.reason);
            } else {
                self.sync.failed_issue(failure);
            }
        }
        let unread = fetched.failed.iter().map(|failure| failure.issue_id);
        let unread: Vec<IssueId> = unread.filter(|id| !read.contains(id)).collect();
        kept_access::deny_unread(&self.sync, &unread, &read_in_part).await?;
        outcome.failed.extend(unread);
        outcome.attachments_unknown = fetched.attachments_unknown;
        self.sync.progress.denied(fetched.denied);
        outcome.absent = fetched.absent;
        outcome.neighbours = fetched.neighbours;
        let gate = RuleGate::new(&self.sync.options.rules, &mut fetched.documents);
        let mut documents = Vec::with_capacity(fetched.documents.len());
        for mut document in fetched.documents {
            if gate.admits(&mut document) {
                documents.push(document);
            } else {
                self.leave_out(&document, &mut outcome);
            }
        }
        let files = fetched.attachments.iter().map(|attachment| &attachment.document);
        let all: Vec<&Document> = documents.iter().chain(files).collect();
        self.sync.sink.announce(&all);
        // All are encoded before the first one waits for its share of the budget: as text they take a fifth.
        let encoded = documents
            .into_iter()
            .map(|document| self.operation(document, &mut outcome));
        let operations: Vec<Operation> = encoded.collect();
        for operation in operations {
            self.sync.sink.write(operation).await?;
        }
        for mut attachment in fetched.attachments {
            outcome.attachments.push(attachment.document.jira_id);
            if !gate.admits(&mut attachment.document) {
                self.leave_out(&attachment.document, &mut outcome);
                continue;
            }
            outcome.written.push(attachment.document.id.fingerprint());
            self.ticket.add_one();
            let queued = QueuedAttachment {
                attachment,
                ticket: Arc::clone(&self.ticket),
            };
            self.attachments.send(queued).await.map_err(|_| {
                SourceError::new(
                    "the downloads of attachments stopped before the issues were all fetched",
                    true,
                )
            })?;
        }
        self.ticket.all_added(fetched.last_created);
        self.sync.progress.processed(outcome.asked.len() as u64);
        self.sync.progress.requests(self.sync.source.requests());
        Ok(outcome)
    }

    /// Of issues that were read in part, the indexed version is better; without one, the part is. It also is when the
    /// indexed version may show what is restricted by now.
    async fn add_incomplete(&self, fetched: &mut FetchedIssues, outcome: &mut BatchOutcome) -> Result<(), SyncError> {
        let incomplete = std::mem::take(&mut fetched.incomplete);
        if incomplete.is_empty() {
            return Ok(());
        }
        let ids = incomplete.iter().map(|issue| issue.failure.issue_id).collect();
        let mut indexed = IdSet::default();
        let mut scan = self.sync.sink.scan(IndexSelection::OfIssues(ids)).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            // Projects, boards and sprints may have the number of an issue.
            indexed.extend(documents.into_iter().filter_map(|document| match document.kind {
                DocumentKind::Issue => document.jira_id,
                _ => document.issue_id,
            }));
        }
        for IncompleteIssue {
            failure,
            mut document,
            restricted,
        } in incomplete
        {
            outcome.failed.push(failure.issue_id);
            // A rule might leave it out for the very part that could not be read.
            let may_be_indexed = self.sync.options.rules.keeps_everything();
            let is_indexed = indexed.contains(failure.issue_id);
            if may_be_indexed && !is_indexed || restricted && is_indexed {
                document
                    .fields
                    .insert(INCOMPLETE_FIELD.into(), failure.reason.clone().into());
                fetched.documents.push(document);
            }
            fetched.failed.push(failure);
        }
        Ok(())
    }

    fn leave_out(&self, document: &Document, outcome: &mut BatchOutcome) {
        outcome.left_out.push(document.id.fingerprint());
        self.sync.progress.left_out();
    }

    fn operation(&self, document: Document, outcome: &mut BatchOutcome) -> Operation {
        outcome.written.push(document.id.fingerprint());
        let (id, issue_id) = (document.id.clone(), document.issue_id);
        let source = encode::whole(self.sync.with_readers(document), self.sync.options.pipeline_flags);
        self.ticket.add_one();
        Operation::Index {
            id,
            issue_id,
            ticket: Some(Arc::clone(&self.ticket)),
            with_content: false,
            source,
        }
    }
}
