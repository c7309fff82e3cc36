//! `jira-connector sync start`: asks the service for a sync.

use anyhow::{Context as _, anyhow};
use elastic_client::{ElasticClient, Refresh, TriggerMethod};
use serde_json::json;

use super::context;
use super::exit::CommandError;
use super::output::Output;
use super::sync_arguments::{SyncStart, SyncType};
use super::sync_watch;
use crate::config::Config;

pub(super) async fn start(config: &Config, options: SyncStart, output: &Output) -> Result<(), CommandError> {
    let connector = context::pick_connector(config, options.connector_id)?.connector_id;
    let client = context::connect(config).await?;
    let job_id = create_job(&client, &connector, options.sync_type, options.allow_deletions).await?;
    if !options.watch {
        let text = format!("Created job {job_id}; a running `jira-connector run` takes it up at its next poll.");
        output.result(&json!({ "job_id": job_id, "status": "pending" }), &text);
        return Ok(());
    }
    let interrupted = context::cancelled_by_signals();
    let job = sync_watch::watch(&client, &job_id, output, &interrupted).await?;
    sync_watch::report(&job_id, &job, output)
}

/// Creates an on-demand job. What it may delete is written to it before any worker can take it for ready: the
/// update is conditional, so a job that was claimed in between is not changed behind its worker's back.
pub(super) async fn create_job(
    client: &ElasticClient,
    connector_id: &str,
    sync_type: SyncType,
    allow_deletions: Option<u64>,
) -> Result<String, CommandError> {
    let job_type = sync_type.job_type();
    let jobs = client.sync_jobs();
    let job_id = jobs
        .create(connector_id, &job_type, &TriggerMethod::OnDemand)
        .await
        .with_context(|| format!("cannot create a job for connector {connector_id}"))?;
    if let Some(documents) = allow_deletions {
        let job = jobs.get(&job_id).await.context("cannot read the new job")?;
        let job = job.ok_or_else(|| anyhow!("the new job {job_id} was deleted"))?;
        let doc = json!({ "metadata": { "allow_deletions": documents } });
        jobs.update_if_unchanged(&job, &doc, Refresh::None)
            .await
            .with_context(|| {
                format!("job {job_id} started before --allow-deletions could be noted; cancel it and try again")
            })?;
    }
    Ok(job_id)
}
