//! One content sync: what full and incremental syncs have in common. Their steps are in `full` and `incremental`.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::checkpoint::{Checkpoint, CheckpointTracker};
use super::cursor::{Retry, SyncCursor};
use super::deletion::DeletionGuard;
use super::document::Document;
use super::encode::PipelineFlags;
use super::error::SyncError;
use super::failures::Failures;
use super::handed_over::HandedOver;
use super::listing::IssueId;
use super::no_readers::deny_without_readers;
use super::progress::{Progress, Snapshot};
use super::sink::Sink;
use super::source::{ItemFailure, Source};
use crate::sync_rules::RuleSet;

/// Why an incremental sync reads everything.
const OTHER_RULES: &str = "the sync rules changed since the last sync, so this one was run as a full sync";
const OTHER_ACCESS: &str = "who may see the documents depends on other things than at the last sync (document level \
                            security was switched on or off, or permissions look at other fields): this is a full sync";
const OTHER_CONTENT: &str = "other things than at the last sync are read besides issues (sync_changelog, sync_agile, \
                             sync_jsm): this is a full sync";

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
    /// The scope that the index was made under, as the last cursor has it; none when nobody knows.
    pub earlier_scope: Option<String>,
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
    failures: Mutex<Failures>,
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

    /// Whether this sync writes documents of another form than those that the cursor speaks of. The cursor has to be
    /// forgotten before: a sync that fails leaves some of each, and going back to the form of before would not show it.
    pub fn outdates(&self, cursor: &SyncCursor) -> bool {
        self.other_form(cursor).is_some()
    }

    /// Why documents of now are others than those that the cursor speaks of.
    pub(super) fn other_form(&self, cursor: &SyncCursor) -> Option<&'static str> {
        if cursor.rules != self.options.rules_fingerprint {
            Some(OTHER_RULES)
        } else if cursor.access != self.source.access_form() {
            Some(OTHER_ACCESS)
        } else if cursor.content != self.source.content_form() {
            Some(OTHER_CONTENT)
        } else {
            None
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

    /// Names everything besides Jira's data that shapes documents and says which there are. Documents of another form have
    /// to be written again, whatever became of them.
    pub(super) fn document_form(&self) -> String {
        let parts = (
            self.source.access_form(),
            self.source.content_form(),
            self.source.scope_form(),
            &self.options.rules_fingerprint,
        );
        serde_json::to_string(&parts).expect("texts always serialise")
    }

    /// The point where a full sync could go on if it ended now. Only acknowledged documents count.
    pub fn checkpoint(&self, resumed_from: Option<&Checkpoint>) -> Checkpoint {
        let (created_before, covered) = self.tracker.done();
        let mut failed = self.failures().ids();
        match resumed_from {
            // Until this run has come as far as the one before it, that one's word counts.
            Some(earlier) if created_before < earlier.created_before => {
                failed.extend(&earlier.failed);
                failed.sort_unstable();
                failed.dedup();
                Checkpoint {
                    failed,
                    ..earlier.clone()
                }
            }
            _ => Checkpoint {
                started: resumed_from.map_or_else(|| self.source.opened_at(), |earlier| earlier.started),
                created_before,
                covered,
                failed,
                form: self.document_form(),
            },
        }
    }

    /// Remembers an issue that has to be fetched again by the next sync.
    pub(super) fn failed_issue(&self, failure: &ItemFailure) {
        self.failures().issue(failure.issue_id, &failure.reason);
    }

    /// Remembers an issue that has to be fetched again for a part of it.
    pub(super) fn failed_part(&self, issue_id: IssueId, reason: &str) {
        self.failures().part(issue_id, reason);
    }

    /// Writes what is left and tells what the next sync has to read again.
    pub(super) async fn retry_list(&self, earlier: &[Retry]) -> Result<Vec<Retry>, SyncError> {
        let flushed = self.sink.flush().await?;
        let list = self.failures().retry_list(earlier, &flushed.rejected_issues);
        list.map_err(SyncError::TooManyFailures)
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock()
    }
}

/// The result of a sync.
pub type SyncResult = Result<SyncSummary, SyncError>;
