//! Tells those who watch that a job began and ended.

use std::time::Duration;

use elastic_client::{JobType, SyncJobRecord};

use super::job_end::JobEnd;
use super::job_report::JobReport;
use crate::telemetry::{JobEnded, JobStarted};

pub(super) fn started(job: &SyncJobRecord) {
    JobStarted {
        job_type: job.job_type.as_ref().map_or("unknown", JobType::as_str),
        index: job.connector.index_name.as_deref().unwrap_or_default(),
    }
    .emit();
}

pub(super) fn ended(job: &SyncJobRecord, end: &JobEnd, took: Duration, report: &JobReport) {
    let counts = report.progress().snapshot();
    let (outcome, reason) = match end {
        JobEnd::Completed => ("completed", None),
        JobEnd::Failed(reason) | JobEnd::FailedForNow(reason) => ("error", Some(reason.as_str())),
        JobEnd::Canceled => ("canceled", None),
        JobEnd::Suspended => ("suspended", None),
        JobEnd::Lost(reason) | JobEnd::NotStarted(reason) => ("lost", Some(reason.as_str())),
    };
    JobEnded {
        job_type: job.job_type.as_ref().map_or("unknown", JobType::as_str),
        index: job.connector.index_name.as_deref().unwrap_or_default(),
        outcome,
        reason,
        took,
        indexed: counts.indexed,
        deleted: counts.deleted,
        skipped: counts.skipped,
        skipped_now: counts.skipped.saturating_sub(report.skipped_before()),
    }
    .emit();
}
