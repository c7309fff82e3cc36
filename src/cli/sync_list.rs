//! `jira-connector sync list`: the jobs of a connector, the newest first.

use chrono::{DateTime, Utc};
use elastic_client::{JobStatus, JobType};

use super::context;
use super::error::CommandError;
use super::output::{Output, or_dash, table};
use super::sync_arguments::SyncList;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::syncs::{self, JobQuery, JobSummary};

pub(super) async fn list(config: &Config, options: SyncList, output: &Output) -> Result<(), CommandError> {
    let query = JobQuery {
        connector_id: match options.all {
            true => None,
            false => Some(context::pick_connector(config, options.connector_id)?),
        },
        statuses: options.status.iter().map(|status| status.status()).collect(),
        job_types: options.sync_type.iter().map(|kind| kind.job_type()).collect(),
        limit: options.limit,
    };
    let installation = Installation::connect(config).await?;
    let jobs = syncs::list(&installation, query).await?;
    let now = Utc::now();
    let rows: Vec<Vec<String>> = jobs.iter().map(|job| row(job, now)).collect();
    let text = if rows.is_empty() {
        "There are no such jobs.".to_owned()
    } else {
        let header = [
            "JOB",
            "TYPE",
            "STATUS",
            "CREATED, UTC",
            "TOOK",
            "INDEXED",
            "DELETED",
            "INDEX",
        ];
        table(&header, &rows)
    };
    output.result(&jobs, &text);
    Ok(())
}

fn row(job: &JobSummary, now: DateTime<Utc>) -> Vec<String> {
    let count = |count: Option<i64>| or_dash(count.map(|count| count.to_string()).as_deref());
    let created = job.created_at.map(|at| at.format("%m-%d %H:%M:%S").to_string());
    vec![
        job.job_id.clone(),
        or_dash(job.job_type.as_ref().map(JobType::as_str)),
        or_dash(job.status.as_ref().map(JobStatus::as_str)),
        or_dash(created.as_deref()),
        or_dash(job.took(now).map(duration).as_deref()),
        count(job.indexed_document_count),
        count(job.deleted_document_count),
        or_dash(job.index_name.as_deref()),
    ]
}

fn duration(seconds: i64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
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
}
