//! Follows a job in Elasticsearch until it ends, and says how it ended.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use elastic_client::{JobStatus, JobType};
use tokio_util::sync::CancellationToken;

use super::error::CommandError;
use super::output::Output;
use super::progress_display::{ProgressDisplay, View};
use crate::operations::Installation;
use crate::operations::syncs::{self, JobOutcome, JobView};

const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// A waiting job is remarked upon after this time, twice the framework's poll interval.
const HINT_AFTER: Duration = Duration::from_secs(60);

/// Watches until the job is over. The job goes on when the watching is interrupted.
pub(super) async fn watch(
    installation: &Installation<'_>,
    job_id: &str,
    output: &Output,
    interrupted: &CancellationToken,
) -> Result<JobView, CommandError> {
    let mut display = ProgressDisplay::new(*output);
    let began = Instant::now();
    let mut hinted = false;
    loop {
        let job = syncs::show(installation, job_id).await?;
        let status = job.summary.status.clone().unwrap_or(JobStatus::Pending);
        if status.is_terminal() {
            display.finish();
            return Ok(job);
        }
        if status == JobStatus::Pending && !hinted && began.elapsed() > HINT_AFTER {
            hinted = true;
            display.note("no worker has taken the job yet; is `jira-connector run` running with this connector?");
        }
        display.update(&view(&job, &status));
        tokio::select! {
            () = interrupted.cancelled() => {
                display.finish();
                output.note(&format!("stopped watching; job {job_id} goes on"));
                return Err(CommandError::Interrupted);
            }
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

fn view(job: &JobView, status: &JobStatus) -> View {
    let metadata = &job.metadata;
    let either = |issues: Option<u64>, users: Option<u64>| issues.unwrap_or(0).max(users.unwrap_or(0));
    let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
    let phase = match status {
        JobStatus::InProgress => metadata.phase.clone().unwrap_or_else(|| "starting".to_owned()),
        other => other.as_str().to_owned(),
    };
    View {
        phase,
        indexed: count(job.summary.indexed_document_count),
        deleted: count(job.summary.deleted_document_count),
        issues_processed: either(metadata.issues_processed, metadata.users_processed),
        issues_listed: either(metadata.issues_listed, metadata.users_listed),
        listing_ended: metadata.listing_ended == Some(true),
    }
}

/// Prints how a job ended; an error unless it completed.
pub(super) fn report(job: JobView, output: &Output) -> Result<(), CommandError> {
    let job = JobOutcome::from(job);
    let (seconds, indexed, deleted) = (job.seconds, job.indexed_document_count, job.deleted_document_count);
    let rate = if seconds > 0.0 {
        format!(" ({:.0} documents/s)", indexed as f64 / seconds)
    } else {
        String::new()
    };
    let mut text = format!(
        "Job {} {}: {indexed} indexed, {deleted} deleted in {seconds:.1} s{rate}",
        job.job_id, job.status
    );
    if let Some(total) = job.total_document_count {
        let what = match job.job_type {
            Some(JobType::AccessControl) => "identities",
            _ => "documents",
        };
        text += &format!(", {total} {what} in the index");
    }
    let metadata = &job.metadata;
    let denied = metadata.denied_documents.unwrap_or(0);
    if denied > 0 {
        text += &format!("\n{denied} documents are found by nobody, for lack of information about their readers");
    }
    for (count, what) in [
        (metadata.skipped_items, "skipped items"),
        (metadata.rejected_documents, "rejected documents"),
    ] {
        if let Some(count) = count.filter(|count| *count > 0) {
            text += &format!("\n{count} {what}; the first of them:");
        }
    }
    for item in metadata.skipped.iter().flatten().take(5) {
        text += &format!("\n  {item}");
    }
    output.result(&job, &text);
    match job.failure() {
        None => Ok(()),
        Some(reason) => Err(CommandError::Failed(anyhow!(reason))),
    }
}
