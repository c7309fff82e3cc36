//! `jira-connector sync show` and `sync cancel`: single jobs, by their ids.

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use elastic_client::{ElasticClient, ElasticError, JobStatus, JobType, SyncJobRecord};
use serde_json::{Value, json};

use super::context;
use super::exit::CommandError;
use super::output::{Output, or_dash};
use super::sync_list;
use super::sync_watch;
use crate::config::Config;

/// Names of lines are padded to this, as in `connector show`.
const NAMES: usize = 24;

pub(super) async fn show(config: &Config, job_id: &str, watch: bool, output: &Output) -> Result<(), CommandError> {
    let client = context::connect(config).await?;
    if watch {
        let interrupted = context::cancelled_by_signals();
        let job = sync_watch::watch(&client, job_id, output, &interrupted).await?;
        return sync_watch::report(job_id, &job, output);
    }
    let job = read(&client, job_id).await?;
    let mut json = sync_list::summary(job_id, &job);
    json["metadata"] = Value::Object(job.metadata.clone());
    output.result(&json, &describe(job_id, &job).join("\n"));
    Ok(())
}

async fn read(client: &ElasticClient, job_id: &str) -> Result<SyncJobRecord, CommandError> {
    let found = client.sync_jobs().get(job_id).await.context("cannot read the job")?;
    let job = found.ok_or_else(|| anyhow!("there is no job {job_id}; `sync list` shows those there are"))?;
    Ok(job.value)
}

fn describe(job_id: &str, job: &SyncJobRecord) -> Vec<String> {
    let count = |count: Option<i64>| or_dash(count.map(|count| count.to_string()).as_deref());
    let time =
        |at: Option<DateTime<Utc>>| or_dash(at.map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string()).as_deref());
    let mut lines: Vec<String> = [
        ("job", job_id.to_owned()),
        ("connector", or_dash(job.connector.id.as_deref())),
        ("index", or_dash(job.connector.index_name.as_deref())),
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
    let shown = job
        .metadata
        .iter()
        .filter(|(name, value)| *name != "progress" && !value.is_null() && !value.is_object() && !value.is_array());
    lines.extend(shown.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        line(&name.replace('_', " "), &text)
    }));
    let skipped = job.metadata.get("skipped").and_then(Value::as_array);
    if let Some(skipped) = skipped.filter(|skipped| !skipped.is_empty()) {
        lines.push("skipped".to_owned());
        lines.extend(
            skipped
                .iter()
                .map(|item| format!("  {}", item.as_str().unwrap_or_default())),
        );
    }
    lines
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<NAMES$}{value}").trim_end().to_owned()
}

/// Each job by itself: one that is over already does not keep the others running.
pub(super) async fn cancel(config: &Config, job_ids: &[String], output: &Output) -> Result<(), CommandError> {
    let client = context::connect(config).await?;
    let mut lines = Vec::new();
    let mut json = Vec::new();
    let mut all_done = true;
    for job_id in job_ids {
        let (line, status) = match cancel_one(&client, job_id).await {
            Ok(JobStatus::Canceled) => (format!("Job {job_id} is canceled."), Some(JobStatus::Canceled)),
            Ok(status) => (
                format!("Job {job_id} is {status}; its worker stops it within some seconds."),
                Some(status),
            ),
            Err(error) => {
                all_done = false;
                (format!("Job {job_id} could not be canceled: {error}"), None)
            }
        };
        json.push(json!({
            "job_id": job_id,
            "status": status.as_ref().map(JobStatus::as_str),
            "error": status.is_none().then_some(&line),
        }));
        lines.push(line);
    }
    output.result(&Value::Array(json), &lines.join("\n"));
    if all_done { Ok(()) } else { Err(CommandError::Reported) }
}

async fn cancel_one(client: &ElasticClient, job_id: &str) -> Result<JobStatus, CommandError> {
    let before = read(client, job_id).await?;
    if let Some(status) = before.status.as_ref().filter(|status| status.is_terminal()) {
        return Err(anyhow!("it is over already ({status})").into());
    }
    match client.sync_jobs().cancel(job_id).await {
        // It ended in between: what it became is said below.
        Ok(()) | Err(ElasticError::BadRequest { .. }) => {}
        Err(error) => return Err(anyhow::Error::from(error).into()),
    }
    let after = read(client, job_id).await?.status.unwrap_or(JobStatus::Canceling);
    match after {
        JobStatus::Canceled | JobStatus::Canceling => Ok(after),
        other => Err(anyhow!("it is {other}").into()),
    }
}
