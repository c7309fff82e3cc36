//! Describes the end of a job to whoever waited for it.

use elastic_client::{JobMetadata, JobStatus, JobType};
use serde::Serialize;

use super::show::JobView;

/// A job that is over.
#[derive(Debug, Clone, Serialize)]
pub struct JobOutcome {
    /// The job.
    pub job_id: String,
    /// Its outcome.
    pub status: String,
    /// The reason of its failure.
    pub error: Option<String>,
    /// Documents written.
    pub indexed_document_count: i64,
    /// Documents deleted.
    pub deleted_document_count: i64,
    /// Documents in the index.
    pub total_document_count: Option<i64>,
    /// From its start to its end.
    pub seconds: f64,
    /// The notes of its worker.
    pub metadata: JobMetadata,
    /// The kind of sync.
    #[serde(skip)]
    pub job_type: Option<JobType>,
}

impl From<JobView> for JobOutcome {
    fn from(job: JobView) -> Self {
        let summary = job.summary;
        let seconds = match (summary.started_at, summary.completed_at) {
            (Some(from), Some(to)) => (to - from).num_milliseconds() as f64 / 1000.0,
            _ => 0.0,
        };
        Self {
            job_id: summary.job_id,
            status: summary.status.as_ref().map_or("unknown", JobStatus::as_str).to_owned(),
            error: summary.error,
            indexed_document_count: summary.indexed_document_count.unwrap_or(0),
            deleted_document_count: summary.deleted_document_count.unwrap_or(0),
            total_document_count: summary.total_document_count,
            seconds,
            metadata: job.metadata,
            job_type: summary.job_type,
        }
    }
}

impl JobOutcome {
    /// The reason why it did not complete; none when it did.
    pub fn failure(&self) -> Option<String> {
        let completed = self.status == JobStatus::Completed.as_str();
        let said = self.error.clone();
        (!completed).then(|| said.unwrap_or_else(|| format!("the job ended as {}", self.status)))
    }
}
