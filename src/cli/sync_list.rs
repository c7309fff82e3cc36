//! `jira-connector sync list`: the jobs of a connector, the newest first.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use elastic_client::{JobFilter, JobStatus, JobType, SyncJobRecord, Versioned};
use serde_json::{Value, json};

use super::context;
use super::exit::CommandError;
use super::output::{Output, or_dash, table};
use super::sync_arguments::SyncList;
use crate::config::Config;

pub(super) async fn list(config: &Config, options: SyncList, output: &Output) -> Result<(), CommandError> {
    let connector = if options.all {
        None
    } else {
        Some(context::pick_connector(config, options.connector_id)?.connector_id)
    };
    let some = |number: usize| (number > 0).then_some(());
    let filter = JobFilter {
        connector_ids: connector.clone().map(|id| vec![id]),
        statuses: some(options.status.len()).map(|()| options.status.iter().map(|status| status.status()).collect()),
        job_types: some(options.sync_type.len())
            .map(|()| options.sync_type.iter().map(|kind| kind.job_type()).collect()),
        size: options.limit.into(),
        newest_first: true,
        ..JobFilter::default()
    };
    let client = context::connect(config).await?;
    let jobs = client.sync_jobs().list(&filter).await.context("cannot list the jobs")?;
    let json: Vec<Value> = jobs.iter().map(|job| summary(&job.id, &job.value)).collect();
    let now = Utc::now();
    let rows: Vec<Vec<String>> = jobs.iter().map(|job| row(job, now)).collect();
    let text = if rows.is_empty() {
        "There are no such jobs.".to_owned()
    } else {
        table(
            &[
                "JOB",
                "TYPE",
                "STATUS",
                "CREATED, UTC",
                "TOOK",
                "INDEXED",
                "DELETED",
                "INDEX",
            ],
            &rows,
        )
    };
    output.result(&Value::Array(json), &text);
    Ok(())
}

fn row(job: &Versioned<SyncJobRecord>, now: DateTime<Utc>) -> Vec<String> {
    let record = &job.value;
    let count = |count: Option<i64>| or_dash(count.map(|count| count.to_string()).as_deref());
    let created = record.created_at.map(|at| at.format("%m-%d %H:%M:%S").to_string());
    vec![
        job.id.clone(),
        or_dash(record.job_type.as_ref().map(JobType::as_str)),
        or_dash(record.status.as_ref().map(JobStatus::as_str)),
        or_dash(created.as_deref()),
        or_dash(took(record, now).map(duration).as_deref()),
        count(record.indexed_document_count),
        count(record.deleted_document_count),
        or_dash(record.connector.index_name.as_deref()),
    ]
}

/// Seconds from its start to its end, or to now while it runs.
fn took(job: &SyncJobRecord, now: DateTime<Utc>) -> Option<i64> {
    let runs = matches!(job.status, Some(JobStatus::InProgress | JobStatus::Canceling));
    let end = job.completed_at.or_else(|| runs.then_some(now))?;
    Some((end - job.started_at?).num_seconds().max(0))
}

fn duration(seconds: i64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

/// A job without what it knows about single items.
pub(super) fn summary(id: &str, job: &SyncJobRecord) -> Value {
    json!({
        "job_id": id,
        "connector_id": job.connector.id,
        "index_name": job.connector.index_name,
        "job_type": job.job_type.as_ref().map(JobType::as_str),
        "trigger_method": job.trigger_method.as_ref().map(|method| method.as_str()),
        "status": job.status.as_ref().map(JobStatus::as_str),
        "error": job.error,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "last_seen": job.last_seen,
        "worker_hostname": job.worker_hostname,
        "indexed_document_count": job.indexed_document_count,
        "indexed_document_volume_mib": job.indexed_document_volume,
        "deleted_document_count": job.deleted_document_count,
        "total_document_count": job.total_document_count,
    })
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(7, "7s")]
    #[test_case(67, "1m07s")]
    #[test_case(3_600, "1h00m")]
    #[test_case(90_061, "25h01m")]
    fn times_are_short(seconds: i64, expected: &str) {
        assert_eq!(duration(seconds), expected);
    }

    #[test]
    fn a_job_that_nobody_works_on_took_no_time() {
        let now = Utc::now();
        let started = SyncJobRecord {
            started_at: Some(now - chrono::Duration::seconds(60)),
            ..SyncJobRecord::default()
        };
        let with = |status| SyncJobRecord {
            status: Some(status),
            ..started.clone()
        };
        assert_eq!(took(&with(JobStatus::InProgress), now), Some(60));
        assert_eq!(took(&with(JobStatus::Suspended), now), None);
    }
}
