//! One content sync: what full and incremental syncs have in common. Their steps are in `full` and `incremental`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::checkpoint::{Checkpoint, CheckpointTracker};
use super::cursor::{MAX_RETRY_LIST, Retry, SyncCursor};
use super::deletion::DeletionGuard;
use super::document::{Document, DocumentKind};
use super::encode::PipelineFlags;
use super::error::SyncError;
use super::id_set::IdSet;
use super::kept_access::deny_without_readers;
use super::pipeline_text::HandedOver;
use super::progress::{Progress, Snapshot};
use super::sink::{IndexScan, IndexSelection, IndexedPage, Sink};
use super::source::{ItemFailure, Source};
use crate::sync_rules::RuleSet;

/// Settings of a sync, from the connector's record and the service's configuration.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The switches for the ingest pipeline.
    pub pipeline_flags: PipelineFlags,
    /// Names the settings that file content is extracted with; none when content is not wanted.
    pub extraction: Option<String>,
    /// Whether content that is indexed stays although none can be extracted now.
    pub keeps_content: bool,
    /// The basic sync rules in force.
    pub rules: Arc<RuleSet>,
    /// Names all sync rules in force, advanced ones too; none when there are none.
    pub rules_fingerprint: Option<String>,
    /// The deletion guard.
    pub guard: DeletionGuard,
    /// The interval at which an incremental sync also looks for deletions.
    pub sweep_interval: TimeDelta,
    /// Most batches of issues in flight.
    pub concurrent_fetches: usize,
    /// Most downloads in flight.
    pub concurrent_downloads: usize,
    /// Most bytes of attachments held at once.
    pub download_budget_bytes: usize,
}

/// The result of a sync that completed.
#[derive(Debug, Clone)]
pub struct SyncSummary {
    /// The counters at the end.
    pub counts: Snapshot,
    /// Documents that stay because nobody could say whether they are gone.
    pub kept_without_proof: u64,
    /// Facts for the next sync.
    pub cursor: SyncCursor,
}

/// One content sync. All parts of it share these.
#[derive(Debug)]
pub struct ContentSync<S, K> {
    pub(super) source: Arc<S>,
    pub(super) sink: Arc<K>,
    pub(super) progress: Arc<Progress>,
    pub(super) options: SyncOptions,
    pub(super) tracker: Arc<CheckpointTracker>,
    pub(super) handed_over: HandedOver,
    failures: Mutex<Vec<Retry>>,
}

impl<S: Source, K: Sink> ContentSync<S, K> {
    /// Puts a sync together.
    pub fn new(source: Arc<S>, sink: Arc<K>, progress: Arc<Progress>, options: SyncOptions) -> Self {
        let (tracker, failures) = (Arc::default(), Mutex::default());
        let handed_over = HandedOver::default();
        Self {
            source,
            sink,
            progress,
            options,
            tracker,
            handed_over,
            failures,
        }
    }

    /// Runs a full sync until everything is done, something fails, or `stop` is cancelled. Whatever the reason to end
    /// early, nothing is deleted then. `resume` is where an earlier run of the same job stopped.
    pub async fn full(self: &Arc<Self>, resume: Option<Checkpoint>, stop: &CancellationToken) -> SyncResult {
        self.note_unavailable();
        stop.run_until_cancelled(self.run_full(resume))
            .await
            .unwrap_or(Err(SyncError::Stopped))
    }

    /// Runs an incremental sync from `cursor`. Without a cursor that can be trusted it is a full sync.
    pub async fn incremental(self: &Arc<Self>, cursor: Option<SyncCursor>, stop: &CancellationToken) -> SyncResult {
        self.note_unavailable();
        stop.run_until_cancelled(self.run_incremental(cursor))
            .await
            .unwrap_or(Err(SyncError::Stopped))
    }

    /// Something that is wanted and cannot be had is on record, and the rest is synced.
    fn note_unavailable(&self) {
        if let Some(reason) = self.source.unavailable() {
            warn!("{reason}");
            self.progress.skipped("service management", reason);
        }
    }

    /// The last look at a document before it is encoded: with document level security every document has readers, and
    /// one whose readers nobody determined has none.
    pub(super) fn with_readers(&self, mut document: Document) -> Document {
        if self.source.access_form().is_some() && deny_without_readers(&mut document) {
            self.progress.denied(1);
        }
        document
    }

    /// The point where a full sync could go on if it ended now. Only acknowledged documents count.
    pub fn checkpoint(&self, resumed_from: Option<&Checkpoint>) -> Checkpoint {
        let started = resumed_from.map_or_else(|| self.source.opened_at(), |earlier| earlier.started);
        let earlier = resumed_from.and_then(|earlier| earlier.created_before);
        Checkpoint {
            started,
            created_before: self.tracker.created_before().max(earlier),
            failed: self.failed(),
        }
    }

    /// Remembers an issue that has to be fetched again by the next sync.
    pub(super) fn failed_item(&self, failure: &ItemFailure) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if !failures.iter().any(|known| known.issue_id == failure.issue_id) {
            failures.push(Retry {
                issue_id: failure.issue_id,
                reason: failure.reason.clone(),
                attempts: 1,
            });
        }
    }

    /// The retry list of this sync: what failed now, with the number of attempts carried on from `earlier`.
    pub(super) fn retry_list(&self, earlier: &[Retry]) -> Result<Vec<Retry>, SyncError> {
        let mut list = self.failed();
        for retry in &mut list {
            if let Some(before) = earlier.iter().find(|before| before.issue_id == retry.issue_id) {
                retry.attempts = before.attempts.saturating_add(1);
            }
        }
        if list.len() > MAX_RETRY_LIST {
            return Err(SyncError::TooManyFailures(list.len()));
        }
        Ok(list)
    }

    /// The ids of all issues that have a document.
    pub(super) async fn indexed_issues(&self) -> Result<IdSet, SyncError> {
        let mut indexed = IdSet::default();
        let mut scan = self.sink.scan(IndexSelection::Everything).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            let issues = documents
                .into_iter()
                .filter(|document| document.kind == DocumentKind::Issue);
            indexed.extend(issues.filter_map(|document| document.jira_id));
        }
        Ok(indexed)
    }

    fn failed(&self) -> Vec<Retry> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The result of a sync.
pub type SyncResult = Result<SyncSummary, SyncError>;
