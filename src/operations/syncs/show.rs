//! Shows sync jobs.

use chrono::{DateTime, Utc};
use elastic_client::{JobFilter, JobMetadata, JobStatus, JobType, SyncJobRecord, TriggerMethod};
use serde::Serialize;

use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// Selects jobs. An empty list means all.
#[derive(Debug, Clone)]
pub struct JobQuery {
    /// Of which connector; all when there is none.
    pub connector_id: Option<String>,
    /// In which states.
    pub statuses: Vec<JobStatus>,
    /// Of which types.
    pub job_types: Vec<JobType>,
    /// At most so many.
    pub limit: u16,
}

/// A job without what it knows about single items.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct JobSummary {
    pub job_id: String,
    pub connector_id: Option<String>,
    pub index_name: Option<String>,
    pub job_type: Option<JobType>,
    pub trigger_method: Option<TriggerMethod>,
    pub status: Option<JobStatus>,
    pub error: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub last_seen: Option<DateTime<Utc>>,
    pub worker_hostname: Option<String>,
    pub indexed_document_count: Option<i64>,
    #[serde(rename = "indexed_document_volume_mib")]
    pub indexed_document_volume: Option<i64>,
    pub deleted_document_count: Option<i64>,
    pub total_document_count: Option<i64>,
}

/// A job with everything that may be shown.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// Its counts and times.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// The notes of its worker, single items among them.
    pub metadata: JobMetadata,
}

impl JobSummary {
    fn new(id: &str, job: &SyncJobRecord) -> Self {
        let job = job.clone();
        Self {
            job_id: id.to_owned(),
            connector_id: job.connector.id,
            index_name: job.connector.index_name,
            job_type: job.job_type,
            trigger_method: job.trigger_method,
            status: job.status,
            error: job.error,
            created_at: job.created_at,
            started_at: job.started_at,
            completed_at: job.completed_at,
            last_seen: job.last_seen,
            worker_hostname: job.worker_hostname,
            indexed_document_count: job.indexed_document_count,
            indexed_document_volume: job.indexed_document_volume,
            deleted_document_count: job.deleted_document_count,
            total_document_count: job.total_document_count,
        }
    }

    /// Seconds from its start to its end, or to `now` while it runs.
    pub fn took(&self, now: DateTime<Utc>) -> Option<i64> {
        let runs = matches!(self.status, Some(JobStatus::InProgress | JobStatus::Canceling));
        let end = self.completed_at.or_else(|| runs.then_some(now))?;
        Some((end - self.started_at?).num_seconds().max(0))
    }
}

/// Jobs, the newest first.
pub async fn list(installation: &Installation<'_>, query: JobQuery) -> Result<Vec<JobSummary>, OperationError> {
    let filter = JobFilter {
        connector_ids: query.connector_id.map(|id| vec![id]),
        statuses: Some(query.statuses).filter(|statuses| !statuses.is_empty()),
        job_types: Some(query.job_types).filter(|job_types| !job_types.is_empty()),
        size: query.limit.into(),
        newest_first: true,
        ..JobFilter::default()
    };
    let jobs = installation
        .client
        .sync_jobs()
        .list(&filter)
        .await
        .doing("cannot list the jobs")?;
    Ok(jobs.iter().map(|job| JobSummary::new(&job.id, &job.value)).collect())
}

/// One job.
pub async fn show(installation: &Installation<'_>, job_id: &str) -> Result<JobView, OperationError> {
    let job = installation.job(job_id).await?.value;
    Ok(JobView {
        summary: JobSummary::new(job_id, &job),
        metadata: job.metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_nobody_works_on_took_no_time() {
        let now = Utc::now();
        let started = SyncJobRecord {
            started_at: Some(now - chrono::Duration::seconds(60)),
            ..SyncJobRecord::default()
        };
        let with = |status| {
            let job = SyncJobRecord {
                status: Some(status),
                ..started.clone()
            };
            JobSummary::new("one", &job)
        };
        assert_eq!(with(JobStatus::InProgress).took(now), Some(60));
        assert_eq!(with(JobStatus::Suspended).took(now), None);
    }
}
