//! Runs a job in this process, with the same records as the service keeps.

use std::sync::Arc;

use sync_engine::sync::Progress;
use tokio_util::sync::CancellationToken;

use super::show::{JobView, show};
use crate::inbound::jobs::job_end::JobEnd;
use crate::inbound::jobs::job_runner::JobRunner;
use crate::operations::error::OperationError;
use crate::operations::installation::Installation;

/// Its outcome.
#[derive(Debug)]
pub enum HereEnd {
    /// The job is over.
    Over(Box<JobView>),
    /// It was stopped; a running service or the next sync goes on with it.
    Suspended,
    /// Somebody else runs it, or the connector is busy.
    NotStarted(String),
    /// Somebody else took it over, or its record is gone.
    Lost(String),
}

/// Runs it until its end, or until `stop` is cancelled.
pub async fn run_here(
    installation: &Installation<'_>,
    connector_id: &str,
    job_id: &str,
    worker: String,
    progress: &Arc<Progress>,
    stop: &CancellationToken,
) -> Result<HereEnd, OperationError> {
    let config = installation.config;
    let runner = JobRunner {
        client: installation.client.clone(),
        connector: installation.entry(connector_id),
        bulk: config.elasticsearch.bulk.clone(),
        jira: config.jira.clone(),
        max_file_size: config.service.max_file_download_size,
        extraction_service: config.extraction_service.clone(),
        idle_job_timeout: config.service.idle_job_timeout,
        worker,
    };
    let end = runner.run(job_id, progress, stop).await;
    Ok(
        match end.map_err(|error| OperationError::failed("cannot run the sync", error))? {
            JobEnd::Completed | JobEnd::Failed(_) | JobEnd::FailedForNow(_) | JobEnd::Canceled => {
                HereEnd::Over(Box::new(show(installation, job_id).await?))
            }
            JobEnd::Suspended => HereEnd::Suspended,
            JobEnd::NotStarted(reason) => HereEnd::NotStarted(reason),
            JobEnd::Lost(reason) => HereEnd::Lost(reason),
        },
    )
}
