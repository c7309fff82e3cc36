//! Keeps a running job's record alive: counters and `last_seen` go out, a request to cancel comes in.
//!
//! It never depends on the data path: a sync that waits for Jira is still reported as alive.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::Utc;
use elastic_client::{ElasticClient, JobStatus, JobType, Refresh, SyncJobRecord};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::warn;

use super::job_lease::{JobLease, LeaseError};
use super::stop::{JobStop, StopReason};
use crate::sync::{Checkpoint, Progress};

/// The first reports come sooner, so that short syncs show progress too.
const FIRST_REPORT: Duration = Duration::from_secs(1);
/// How old a request to cancel may get before it is seen.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// How often is looked whether a report is due because much was done.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A report goes out after so many documents, so that no more than about these are repeated after a crash.
const REPORT_EVERY_DOCUMENTS: u64 = 2_000;
/// Where the checkpoint is kept in a job's `metadata`: one string, because updates merge objects deeply.
const CHECKPOINT: &str = "progress";

type CheckpointNow = Box<dyn Fn() -> Checkpoint + Send + Sync>;

/// What is reported about one job.
pub struct JobReport {
    progress: Arc<Progress>,
    interval: Duration,
    checkpoint: OnceLock<CheckpointNow>,
    /// Whether users are counted and not issues.
    access_control: bool,
}

impl JobReport {
    /// Reports on `progress` at this interval at the latest, so that nobody takes the job for abandoned. The counters of a job that goes on begin where it was interrupted.
    pub fn new(job: &SyncJobRecord, progress: Arc<Progress>, interval: Duration) -> Self {
        if saved_checkpoint(job).is_some() {
            let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
            progress.carry_over(count(job.indexed_document_count), count(job.deleted_document_count));
        }
        Self {
            progress,
            interval,
            checkpoint: OnceLock::new(),
            access_control: job.job_type == Some(JobType::AccessControl),
        }
    }

    /// The counters.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// From now on the job can go on from what this returns. Only the first call counts.
    pub fn save_checkpoints(&self, now: impl Fn() -> Checkpoint + Send + Sync + 'static) {
        self.checkpoint.get_or_init(|| Box::new(now));
    }

    /// Reports until the future is dropped or the job is lost. Faults of Elasticsearch are outlived, however long they
    /// last: the job's fence holds its writes back meanwhile.
    pub async fn keep_alive(&self, lease: &JobLease, connector: &WatchedConnector<'_>, stop: &JobStop) {
        let started = Instant::now();
        let mut interval = FIRST_REPORT.min(self.interval);
        let mut next_report = started + interval;
        let mut next_watch = started + FIRST_REPORT;
        let mut documents_reported = 0;
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let (now, documents) = (Instant::now(), self.progress.indexed_so_far());
            // First: with a short interval a report is due at every look, and a request to cancel must not wait for ever.
            let result = if now >= next_watch {
                next_watch = now + WATCH_INTERVAL;
                watch(lease, connector, stop).await
            } else if now >= next_report || documents - documents_reported >= REPORT_EVERY_DOCUMENTS {
                interval = (interval * 2).min(self.interval);
                next_report = now + interval;
                documents_reported = documents;
                lease.write(&self.stats(), Refresh::None).await
            } else {
                continue;
            };
            match result {
                Ok(()) => {}
                Err(LeaseError::Lost(reason)) => return stop.stop(StopReason::Lost(reason)),
                Err(LeaseError::Elasticsearch(error)) => {
                    warn!(sync_job.id = lease.id(), error = %error, "could not renew the job's record; trying again");
                }
            }
        }
    }

    /// The counters as they stand on a job, with `last_seen` renewed.
    pub fn stats(&self) -> Value {
        const MIB: u64 = 1024 * 1024;
        // Before the counters: what they count is then at least what the checkpoint promises.
        let checkpoint = self.checkpoint.get().map(|now| now().to_saved());
        let counts = self.progress.snapshot();
        let mut metadata = json!({
            "phase": counts.phase.as_str(),
            "listing_ended": counts.listing_ended,
            "rejected_documents": counts.rejected,
            "skipped_items": counts.skipped,
            // A list is replaced as a whole; an object would grow with every update.
            "skipped": counts.skipped_items,
            "denied_documents": counts.denied,
            "jira_requests": counts.requests,
        });
        let more = if self.access_control {
            json!({ "users_listed": counts.listed_issues, "users_processed": counts.processed_issues })
        } else {
            json!({
                "issues_listed": counts.listed_issues,
                "issues_processed": counts.processed_issues,
                "attachments_downloaded": counts.attachments_downloaded,
                "attachments_unchanged": counts.attachments_unchanged,
                "attachments_without_content": counts.attachments_without_content,
                "fields_left_out": counts.fields_left_out,
                "documents_left_out_by_rules": counts.left_out,
                CHECKPOINT: checkpoint,
            })
        };
        if let (Value::Object(metadata), Value::Object(more)) = (&mut metadata, more) {
            metadata.extend(more);
        }
        json!({
            "last_seen": Utc::now().to_rfc3339(),
            "indexed_document_count": counts.indexed,
            "deleted_document_count": counts.deleted,
            "indexed_document_volume": counts.bytes / MIB,
            "metadata": metadata,
        })
    }
}

/// Where an earlier run of this job stopped.
pub fn saved_checkpoint(job: &SyncJobRecord) -> Option<Checkpoint> {
    Checkpoint::read(job.metadata.get(CHECKPOINT)?.as_str()?)
}

/// The connector whose deletion ends its running job.
pub struct WatchedConnector<'a> {
    /// Reads its record.
    pub client: &'a ElasticClient,
    /// Its id.
    pub id: &'a str,
}

async fn watch(lease: &JobLease, connector: &WatchedConnector<'_>, stop: &JobStop) -> Result<(), LeaseError> {
    if lease.status().await? == JobStatus::Canceling {
        stop.stop(StopReason::Canceled);
    } else if connector.client.connectors().get(connector.id).await?.is_none() {
        let gone = "the connector was deleted while its sync ran; what was indexed so far stays";
        stop.stop(StopReason::Failed(gone.to_owned()));
    }
    Ok(())
}
