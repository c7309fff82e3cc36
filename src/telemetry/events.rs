//! Things that happen and are both logged and counted: one struct for each, so that log and metrics cannot disagree.
//!
//! When they happen is known by `service` and `sink`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::{counter, gauge, histogram};
use tracing::{error, info, warn};

/// The outcome of an operation on a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentOutcome {
    /// Elasticsearch did it.
    Applied,
    /// Elasticsearch refused it for good.
    Rejected,
    /// The ingest pipeline dropped it.
    Dropped,
}

/// An operation on a document has its outcome. Counted only: documents are too many for the log.
#[derive(Debug)]
pub struct DocumentSettled {
    /// `index`, `update` or `delete`.
    pub operation: &'static str,
    /// Its outcome.
    pub outcome: DocumentOutcome,
    /// Its size.
    pub bytes: u64,
}

impl DocumentSettled {
    /// Counts it.
    pub fn emit(self) {
        let outcome = match self.outcome {
            DocumentOutcome::Applied => {
                counter!("jira_connector_document_bytes_total").increment(self.bytes);
                "applied"
            }
            DocumentOutcome::Rejected => "rejected",
            DocumentOutcome::Dropped => "dropped",
        };
        counter!("jira_connector_documents_total", "operation" => self.operation, "outcome" => outcome).increment(1);
    }
}

/// This process claimed a job and runs it.
#[derive(Debug)]
pub struct JobStarted<'a> {
    /// `full`, `incremental` or `access_control`.
    pub job_type: &'a str,
    /// The index of its documents.
    pub index: &'a str,
}

impl JobStarted<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        gauge!("jira_connector_jobs_running", "job_type" => self.job_type.to_owned()).increment(1.0);
        info!(index.name = self.index, job_type = self.job_type, "claimed the job");
    }
}

/// A job that this process claimed is over for it.
#[derive(Debug)]
pub struct JobEnded<'a> {
    /// As it began.
    pub job_type: &'a str,
    /// The index of its documents.
    pub index: &'a str,
    /// `completed`, `error`, `canceled`, `suspended` or `lost`.
    pub outcome: &'static str,
    /// Why, unless it completed.
    pub reason: Option<&'a str>,
    /// The time that this process ran it.
    pub took: Duration,
    /// Documents indexed, over all runs of the job.
    pub indexed: u64,
    /// Documents deleted, likewise.
    pub deleted: u64,
    /// Items of Jira that were skipped, over all runs of the job.
    pub skipped: u64,
    /// Those that this run skipped.
    pub skipped_now: u64,
}

impl JobEnded<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        let Self {
            job_type,
            outcome,
            indexed,
            deleted,
            skipped,
            ..
        } = self;
        gauge!("jira_connector_jobs_running", "job_type" => job_type.to_owned()).decrement(1.0);
        counter!("jira_connector_jobs_total", "job_type" => job_type.to_owned(), "outcome" => outcome).increment(1);
        histogram!("jira_connector_job_duration_seconds", "job_type" => job_type.to_owned()).record(self.took);
        counter!("jira_connector_skipped_items_total").increment(self.skipped_now);
        let duration_ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let index = self.index;
        match (outcome, self.reason) {
            ("error", reason) => error!(
                index.name = index,
                job_type,
                error = reason,
                indexed,
                deleted,
                skipped,
                duration_ms,
                "the job failed"
            ),
            ("lost", reason) => warn!(
                index.name = index,
                job_type, reason, duration_ms, "the job is not ours any more; its record is left alone"
            ),
            (_, reason) => info!(
                index.name = index,
                job_type, reason, indexed, deleted, skipped, duration_ms, "the job ended: {outcome}"
            ),
        }
    }
}

/// A look at connectors or jobs failed. What failed is logged by whoever looked.
pub fn pass_failed() {
    counter!("jira_connector_failed_passes_total").increment(1);
}

/// The connectors that this process serves, as their records say.
pub fn connectors_served(count: usize) {
    gauge!("jira_connector_connectors").set(count as f64);
}

/// Facts about the last completed content sync, from a connector's record.
pub fn last_synced(connector_id: &str, at: DateTime<Utc>) {
    let seconds = at.timestamp_millis() as f64 / 1_000.0;
    gauge!("jira_connector_last_synced_timestamp_seconds", "connector_id" => connector_id.to_owned()).set(seconds);
}
