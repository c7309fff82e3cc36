//! Keeps a running job's record alive: counters and `last_seen` go out, a request to cancel comes in.
//!
//! It never depends on the data path: a sync that waits for Jira is still reported as alive.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use elastic_client::{ElasticClient, JobMetadata, JobStatus, JobType, Refresh, SyncJobRecord};
use serde_json::{Value, json};
use sync_engine::sync::{Carried, Checkpoint, Progress};
use tokio::time::Instant;
use tracing::warn;

use super::job_lease::JobLease;
use crate::coordination::lease::LeaseError;
use crate::coordination::stop::{JobStop, StopReason};

/// The first reports come sooner, so that short syncs show progress too.
const FIRST_REPORT: Duration = Duration::from_secs(1);
/// A request to cancel is seen within this time.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// The interval at which a report may become due because much was done.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// A report goes out after so many documents, so that no more than about these are repeated after a crash.
const REPORT_EVERY_DOCUMENTS: u64 = 2_000;
/// The unit of a job's volume, in bytes.
const MIB: u64 = 1024 * 1024;

type CheckpointNow = Box<dyn Fn() -> Checkpoint + Send + Sync>;

/// Reports one job.
pub struct JobReport {
    progress: Arc<Progress>,
    began: Instant,
    documents_before: u64,
    requests_before: u64,
    skipped_before: u64,
    interval: Duration,
    checkpoint: OnceLock<CheckpointNow>,
    /// Where the run began, when the job lost a worker before.
    recovered_at: Option<Option<DateTime<Utc>>>,
    /// Whether users are counted and not issues.
    access_control: bool,
}

impl JobReport {
    /// Reports on `progress` at this interval at the latest, so that nobody takes the job for abandoned. The counters of a job that goes on begin where it was interrupted.
    pub fn new(job: &SyncJobRecord, progress: Arc<Progress>, interval: Duration) -> Self {
        if saved_checkpoint(job).is_some() {
            progress.carry_over(carried(job));
        }
        let before = progress.snapshot();
        Self {
            progress,
            began: Instant::now(),
            documents_before: before.indexed + before.deleted,
            requests_before: before.requests,
            skipped_before: before.skipped,
            interval,
            checkpoint: OnceLock::new(),
            recovered_at: recovered_at(job),
            access_control: job.job_type == Some(JobType::AccessControl),
        }
    }

    /// The counters.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Items that earlier runs of the job skipped.
    pub fn skipped_before(&self) -> u64 {
        self.skipped_before
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

    /// Counts per second of this run, with one decimal place.
    fn rate(&self, now: u64, before: u64) -> f64 {
        let seconds = self.began.elapsed().as_secs_f64().max(0.1);
        (now.saturating_sub(before) as f64 / seconds * 10.0).round() / 10.0
    }

    /// The counters as they stand on a job, with `last_seen` renewed.
    pub fn stats(&self) -> Value {
        // Before the counters: what they count is then at least what the checkpoint promises.
        let checkpoint = self.checkpoint.get().map(|now| now());
        let got_on = matches!((&checkpoint, &self.recovered_at), (Some(now), Some(then)) if now.created_before > *then);
        let counts = self.progress.snapshot();
        let both = JobMetadata {
            // A job that gets on from worker to worker is not given up.
            recoveries: got_on.then_some(0),
            phase: Some(counts.phase.as_str().to_owned()),
            listing_ended: Some(counts.listing_ended),
            rejected_documents: Some(counts.rejected),
            skipped_items: Some(counts.skipped),
            skipped: Some(counts.skipped_items),
            denied_documents: Some(counts.denied),
            jira_requests: Some(counts.requests),
            documents_per_second: Some(self.rate(counts.indexed + counts.deleted, self.documents_before)),
            jira_requests_per_second: Some(self.rate(counts.requests, self.requests_before)),
            ..JobMetadata::default()
        };
        let metadata = if self.access_control {
            JobMetadata {
                users_listed: Some(counts.listed_issues),
                users_processed: Some(counts.processed_issues),
                ..both
            }
        } else {
            JobMetadata {
                issues_listed: Some(counts.listed_issues),
                issues_processed: Some(counts.processed_issues),
                attachments_downloaded: Some(counts.attachments_downloaded),
                attachments_unchanged: Some(counts.attachments_unchanged),
                attachments_without_content: Some(counts.attachments_without_content),
                fields_left_out: Some(counts.fields_left_out),
                documents_left_out_by_rules: Some(counts.left_out),
                // While a resumed job has none of its own yet, the one that it resumed from stays.
                progress: checkpoint.map(|checkpoint| checkpoint.to_saved()),
                ..both
            }
        };
        json!({
            "last_seen": Utc::now().to_rfc3339(),
            "indexed_document_count": counts.indexed,
            "deleted_document_count": counts.deleted,
            "indexed_document_volume": counts.bytes / MIB,
            "metadata": metadata.to_update(),
        })
    }
}

/// Counts of earlier runs of this job, from its record.
fn carried(job: &SyncJobRecord) -> Carried {
    let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
    Carried {
        indexed: count(job.indexed_document_count),
        deleted: count(job.deleted_document_count),
        bytes: count(job.indexed_document_volume) * MIB,
        rejected: job.metadata.rejected_documents.unwrap_or(0),
        skipped: job.metadata.skipped_items.unwrap_or(0),
        denied: job.metadata.denied_documents.unwrap_or(0),
        requests: job.metadata.jira_requests.unwrap_or(0),
        skipped_items: job.metadata.skipped.clone().unwrap_or_default(),
    }
}

/// The checkpoint of an earlier run of this job.
pub fn saved_checkpoint(job: &SyncJobRecord) -> Option<Checkpoint> {
    Checkpoint::read(job.metadata.progress.as_deref()?)
}

/// Up to when issues were done as the job lost its worker, if it did.
fn recovered_at(job: &SyncJobRecord) -> Option<Option<DateTime<Utc>>> {
    let has_lost = job.metadata.recoveries.is_some_and(|recoveries| recoveries > 0);
    has_lost.then(|| saved_checkpoint(job).and_then(|checkpoint| checkpoint.created_before))
}

/// The connector whose deletion ends its running job.
pub struct WatchedConnector<'a> {
    /// Reads its record.
    pub client: &'a ElasticClient,
    /// Its id.
    pub id: &'a str,
}

async fn watch(lease: &JobLease, connector: &WatchedConnector<'_>, stop: &JobStop) -> Result<(), LeaseError> {
    if lease.state().await? == JobStatus::Canceling {
        stop.stop(StopReason::Canceled);
    } else if connector.client.connectors().get(connector.id).await?.is_none() {
        let gone = "the connector was deleted while its sync ran; what was indexed so far stays";
        stop.stop(StopReason::Failed(gone.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupted() -> SyncJobRecord {
        let mut job = SyncJobRecord {
            indexed_document_count: Some(40),
            deleted_document_count: Some(2),
            indexed_document_volume: Some(3),
            ..SyncJobRecord::default()
        };
        job.metadata = JobMetadata {
            skipped_items: Some(1),
            skipped: Some(vec!["FIX-7: gone".to_owned()]),
            rejected_documents: Some(2),
            jira_requests: Some(90),
            ..JobMetadata::default()
        };
        job
    }

    #[test]
    fn a_job_that_goes_on_counts_what_was_done_before() {
        let progress = Progress::default();
        progress.carry_over(carried(&interrupted()));
        progress.indexed(7);
        progress.requests(5);
        let counts = progress.snapshot();
        assert_eq!((counts.indexed, counts.deleted, counts.bytes), (41, 2, 3 * MIB + 7));
        assert_eq!((counts.skipped, counts.rejected, counts.requests), (1, 2, 95));
        assert_eq!(counts.skipped_items, ["FIX-7: gone"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_killed_again_before_its_first_checkpoint_still_has_the_one_it_resumed_from() {
        let report = JobReport::new(&interrupted(), Arc::new(Progress::default()), Duration::from_secs(10));
        assert_eq!(
            report.stats()["metadata"].get("progress"),
            None,
            "a null would erase it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_gets_on_from_worker_to_worker_is_not_given_up() {
        let done_until = |seconds| Checkpoint {
            form: String::new(),
            started: DateTime::UNIX_EPOCH,
            created_before: DateTime::from_timestamp(seconds, 0),
            covered: sync_engine::sync::Coverage::default(),
            failed: Vec::new(),
        };
        let mut job = interrupted();
        job.metadata.recoveries = Some(3);
        job.metadata.progress = Some(done_until(100).to_saved());
        for (now, expected) in [(100, None), (101, Some(0))] {
            let report = JobReport::new(&job, Arc::new(Progress::default()), Duration::from_secs(10));
            report.save_checkpoints(move || done_until(now));
            let recoveries = report.stats()["metadata"].get("recoveries").and_then(Value::as_u64);
            assert_eq!(recoveries, expected, "done until {now}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rates_are_those_of_this_run() {
        let progress = Arc::new(Progress::default());
        progress.carry_over(carried(&interrupted()));
        let report = JobReport::new(
            &SyncJobRecord::default(),
            Arc::clone(&progress),
            Duration::from_secs(10),
        );
        (0..50).for_each(|_| progress.indexed(1));
        progress.requests(10);
        tokio::time::advance(Duration::from_secs(4)).await;
        let metadata = &report.stats()["metadata"];
        assert_eq!(metadata["documents_per_second"], 12.5);
        assert_eq!(metadata["jira_requests_per_second"], 2.5);
    }
}
