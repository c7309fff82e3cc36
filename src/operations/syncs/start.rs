//! Asks the service for a sync.

use elastic_client::{JobMetadata, JobStatus, JobType, Refresh, TriggerMethod};
use serde::Serialize;
use serde_json::json;

use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// A sync that is wanted.
#[derive(Debug, Clone)]
pub struct SyncRequest {
    /// Of which connector.
    pub connector_id: String,
    /// The kind of sync.
    pub job_type: JobType,
    /// The number of documents that this one job may delete, whatever the deletion guard says.
    pub allow_deletions: Option<u64>,
}

/// A job that waits for a worker.
#[derive(Debug, Clone, Serialize)]
pub struct StartedJob {
    /// Its id.
    pub job_id: String,
    /// `pending`.
    pub status: JobStatus,
}

/// Creates an on-demand job. What it may delete is written to it before any worker can take it for ready: the
/// update is conditional, so a job that was claimed in between is not changed behind its worker's back.
pub async fn start(installation: &Installation<'_>, wanted: &SyncRequest) -> Result<StartedJob, OperationError> {
    let jobs = installation.client.sync_jobs();
    let connector_id = &wanted.connector_id;
    let created = jobs
        .create(connector_id, &wanted.job_type, &TriggerMethod::OnDemand)
        .await;
    let job_id = created.doing(format!("cannot create a job for connector {connector_id}"))?;
    if let Some(documents) = wanted.allow_deletions {
        let job = installation.job(&job_id).await?;
        let allowed = JobMetadata {
            allow_deletions: Some(documents),
            ..JobMetadata::default()
        };
        let doc = json!({ "metadata": allowed.to_update() });
        let noted = jobs.update_if_unchanged(&job, &doc, Refresh::None).await;
        noted.doing(format!(
            "job {job_id} started before --allow-deletions could be noted; cancel it and try again"
        ))?;
    }
    Ok(StartedJob {
        job_id,
        status: JobStatus::Pending,
    })
}
