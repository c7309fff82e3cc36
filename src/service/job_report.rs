//! Keeps a running job's record alive: counters and `last_seen` go out, a request to cancel comes in.
//!
//! It never depends on the data path: a sync that waits for Jira is still reported as alive.

use std::time::Duration;

use chrono::Utc;
use elastic_client::{JobStatus, Refresh};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::warn;

use super::job_lease::{JobLease, LeaseError};
use super::stop::{JobStop, StopReason};
use crate::sync::{Progress, Snapshot};

/// The framework's interval. The first reports come sooner, so that short syncs show progress too.
const REPORT_INTERVAL: Duration = Duration::from_secs(10);
const FIRST_REPORT: Duration = Duration::from_secs(1);
/// How old a request to cancel may get before it is seen.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);
/// A job whose record could not be renewed for so long may be given to another worker soon.
const MAX_SILENCE: Duration = Duration::from_secs(60);

/// Reports until the future is dropped. Transient faults of Elasticsearch are outlived.
pub async fn keep_alive(lease: &JobLease, progress: &Progress, stop: &JobStop) {
    let mut last_success = Instant::now();
    let mut interval = FIRST_REPORT;
    let mut next_report = Instant::now() + interval;
    let mut next_watch = Instant::now() + WATCH_INTERVAL.min(FIRST_REPORT);
    loop {
        tokio::time::sleep_until(next_report.min(next_watch)).await;
        let due = Instant::now();
        let result = if due >= next_report {
            interval = (interval * 2).min(REPORT_INTERVAL);
            next_report = due + interval;
            let doc = stats(&progress.snapshot());
            lease.write(&doc, Refresh::None).await
        } else {
            next_watch = due + WATCH_INTERVAL;
            watch(lease, stop).await
        };
        match result {
            Ok(()) => last_success = Instant::now(),
            Err(LeaseError::Lost(reason)) => return stop.stop(StopReason::Lost(reason)),
            Err(LeaseError::Elasticsearch(error)) => {
                warn!(sync_job.id = lease.id(), error = %error, "could not renew the job's record; trying again");
                if last_success.elapsed() > MAX_SILENCE {
                    return stop.stop(StopReason::LostContact(error.to_string()));
                }
            }
        }
    }
}

async fn watch(lease: &JobLease, stop: &JobStop) -> Result<(), LeaseError> {
    if lease.status().await? == JobStatus::Canceling {
        stop.stop(StopReason::Canceled);
    }
    Ok(())
}

/// The counters as they stand on a job, with `last_seen` renewed.
pub fn stats(counts: &Snapshot) -> Value {
    const MIB: u64 = 1024 * 1024;
    json!({
        "last_seen": Utc::now().to_rfc3339(),
        "indexed_document_count": counts.indexed,
        "deleted_document_count": counts.deleted,
        "indexed_document_volume": counts.bytes / MIB,
        "metadata": {
            "phase": counts.phase.as_str(),
            "issues_listed": counts.listed_issues,
            "issues_processed": counts.processed_issues,
            "listing_ended": counts.listing_ended,
            "rejected_documents": counts.rejected,
            "attachments_downloaded": counts.attachments_downloaded,
            "attachments_unchanged": counts.attachments_unchanged,
            "skipped_items": counts.skipped,
            // A list is replaced as a whole; an object would grow with every update.
            "skipped": counts.skipped_items,
            "jira_requests": counts.requests,
        },
    })
}
