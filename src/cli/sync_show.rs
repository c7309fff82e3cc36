//! `jira-connector sync show` and `sync cancel`: single jobs, by their ids.

use chrono::{DateTime, Utc};
use elastic_client::{JobStatus, JobType};

use super::context;
use super::error::CommandError;
use super::output::{Output, or_dash};
use super::sync_watch;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::syncs::{self, Cancellation, JobView};

/// Names of lines are padded to this, as in `connector show`.
const NAMES: usize = 24;

pub(super) async fn show(config: &Config, job_id: &str, watch: bool, output: &Output) -> Result<(), CommandError> {
    let installation = Installation::connect(config).await?;
    if watch {
        let interrupted = context::cancelled_by_signals();
        let job = sync_watch::watch(&installation, job_id, output, &interrupted).await?;
        return sync_watch::report(job, output);
    }
    let job = syncs::show(&installation, job_id).await?;
    output.result(&job, &describe(&job).join("\n"));
    Ok(())
}

fn describe(view: &JobView) -> Vec<String> {
    let job = &view.summary;
    let count = |count: Option<i64>| or_dash(count.map(|count| count.to_string()).as_deref());
    let time =
        |at: Option<DateTime<Utc>>| or_dash(at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()).as_deref());
    let mut lines: Vec<String> = [
        ("job", job.job_id.clone()),
        ("connector", or_dash(job.connector_id.as_deref())),
        ("index", or_dash(job.index_name.as_deref())),
        ("type", or_dash(job.job_type.as_ref().map(JobType::as_str))),
        (
            "trigger",
            or_dash(job.trigger_method.as_ref().map(|method| method.as_str())),
        ),
        ("status", or_dash(job.status.as_ref().map(JobStatus::as_str))),
        ("error", or_dash(job.error.as_deref())),
        ("created", time(job.created_at)),
        ("started", time(job.started_at)),
        ("last seen", time(job.last_seen)),
        ("completed", time(job.completed_at)),
        ("worker", or_dash(job.worker_hostname.as_deref())),
        ("documents indexed", count(job.indexed_document_count)),
        ("volume indexed, MiB", count(job.indexed_document_volume)),
        ("documents deleted", count(job.deleted_document_count)),
        ("documents in the index", count(job.total_document_count)),
    ]
    .into_iter()
    .map(|(name, value)| line(name, &value))
    .collect();
    // `progress` and lists are for the service and for programs.
    let metadata = view.metadata.to_update();
    let shown = metadata.as_object().into_iter().flatten();
    let shown = shown.filter(|(name, value)| *name != "progress" && !value.is_object() && !value.is_array());
    lines.extend(shown.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        line(&name.replace('_', " "), &text)
    }));
    let skipped = view.metadata.skipped.as_deref().unwrap_or_default();
    if !skipped.is_empty() {
        lines.push("skipped".to_owned());
        lines.extend(skipped.iter().map(|item| format!("  {item}")));
    }
    lines
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<NAMES$}{value}").trim_end().to_owned()
}

pub(super) async fn cancel(config: &Config, job_ids: &[String], output: &Output) -> Result<(), CommandError> {
    let installation = Installation::connect(config).await?;
    let canceled = syncs::cancel(&installation, job_ids).await;
    let lines: Vec<String> = canceled.iter().map(sentence).collect();
    output.result(&canceled, &lines.join("\n"));
    match canceled.iter().all(|one| one.error.is_none()) {
        true => Ok(()),
        false => Err(CommandError::Reported),
    }
}

fn sentence(one: &Cancellation) -> String {
    let id = &one.job_id;
    match (&one.status, &one.error) {
        (_, Some(error)) => error.clone(),
        (Some(JobStatus::Canceling), None) => {
            format!("Job {id} is canceling; its worker stops it within some seconds.")
        }
        (_, None) => format!("Job {id} is canceled."),
    }
}
