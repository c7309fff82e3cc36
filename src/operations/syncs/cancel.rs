//! Cancels jobs, each by itself: one that is over already does not keep the others running.

use elastic_client::{ElasticError, JobStatus};
use serde::Serialize;

use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// The outcome for one job.
#[derive(Debug, Clone, Serialize)]
pub struct Cancellation {
    /// The job.
    pub job_id: String,
    /// `canceled`, or `canceling` until its worker has stopped it; none when it could not be canceled.
    pub status: Option<JobStatus>,
    /// The reason why it could not be canceled.
    pub error: Option<String>,
}

/// Cancels them; waiting ones at once, running ones within some seconds. What is indexed stays.
pub async fn cancel(installation: &Installation<'_>, job_ids: &[String]) -> Vec<Cancellation> {
    let mut all = Vec::new();
    for job_id in job_ids {
        let (status, error) = match cancel_one(installation, job_id).await {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(format!("Job {job_id} could not be canceled: {error}"))),
        };
        all.push(Cancellation {
            job_id: job_id.clone(),
            status,
            error,
        });
    }
    all
}

async fn cancel_one(installation: &Installation<'_>, job_id: &str) -> Result<JobStatus, OperationError> {
    let before = installation.job(job_id).await?.value;
    if let Some(status) = before.status.as_ref().filter(|status| status.is_terminal()) {
        return Err(OperationError::Conflict(format!("it is over already ({status})")));
    }
    match installation.client.sync_jobs().cancel(job_id).await {
        // It ended in between: what it became is said below.
        Ok(()) | Err(ElasticError::BadRequest { .. }) => {}
        Err(error) => return Err(error).doing("cannot cancel it"),
    }
    let after = installation.job(job_id).await?.value;
    match after.status.unwrap_or(JobStatus::Canceling) {
        after @ (JobStatus::Canceled | JobStatus::Canceling) => Ok(after),
        other => Err(OperationError::Conflict(format!("it is {other}"))),
    }
}
