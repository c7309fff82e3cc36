//! Writes the end of a job into both records.

use std::time::Duration;

use chrono::Utc;
use elastic_client::index_names::{content_of, identities_of};
use elastic_client::{JobStatus, JobType, Refresh, SyncJobRecord};
use serde_json::Value;
use sync_engine::sync::SyncCursor;
use tracing::{error, info, warn};

use super::connector_lock::LockKind;
use super::job_end::{JobEnd, RunJobError};
use super::job_lease::JobLease;
use super::job_report::JobReport;
use super::job_runner::JobRunner;
use super::job_state::end_of;
use super::last_sync::{self, LastSync};
use crate::clients::client_for_connector;
use crate::coordination::lease::{Lease, LeaseError};
use crate::inbound::records::SyncRecords;

/// Counting the documents may hold up the end of a job for this long; nobody renews the job meanwhile.
const COUNT_LIMIT: Duration = Duration::from_secs(20);

/// The end of a job, but for its outcome.
pub(super) struct Ending<'a> {
    pub(super) connector_id: &'a str,
    pub(super) kind: LockKind,
    /// The new cursor, should the job end completed.
    pub(super) cursor: Option<Value>,
    /// Documents indexed and deleted.
    pub(super) counts: (u64, u64),
}

impl Ending<'_> {
    /// Writes it into both records, `stats` into that of the job.
    pub(super) async fn write<S: SyncRecords>(
        self,
        records: &S,
        lease: &Lease<S::Jobs>,
        end: JobEnd,
        stats: impl Fn() -> Value + Send + Sync,
    ) -> Result<JobEnd, RunJobError> {
        let (wanted, error) = match &end {
            JobEnd::Completed => (JobStatus::Completed, None),
            JobEnd::Failed(text) | JobEnd::FailedForNow(text) => (JobStatus::Error, Some(text.as_str())),
            JobEnd::Canceled => (JobStatus::Canceled, None),
            JobEnd::Suspended => (JobStatus::Suspended, None),
            JobEnd::Lost(_) | JobEnd::NotStarted(_) => {
                self.free_lock(records).await?;
                return Ok(end);
            }
        };
        let ended_at = Utc::now();
        let doc = |before: &JobStatus| {
            let status = end_of(before, wanted.clone());
            let mut doc = stats();
            doc["status"] = status.as_str().into();
            doc["error"] = error.map_or(Value::Null, Value::from);
            if let JobEnd::FailedForNow(_) = end {
                doc["metadata"]["failure_passes"] = true.into();
            }
            let now = ended_at.to_rfc3339();
            if status.is_terminal() {
                doc["completed_at"] = now.clone().into();
            }
            if status == JobStatus::Canceled {
                doc["canceled_at"] = now.into();
            }
            doc
        };
        let status = match lease.write_for(doc, Refresh::Immediate).await {
            Ok(before) => end_of(&before, wanted.clone()),
            Err(LeaseError::Lost(reason)) => {
                self.free_lock(records).await?;
                return Ok(JobEnd::Lost(reason));
            }
            Err(LeaseError::Elasticsearch(error)) => {
                error!(error = %error, "could not record the end of the job");
                return Err(error.into());
            }
        };
        let is_completed = status == JobStatus::Completed;
        let ended = LastSync {
            job_id: lease.id(),
            kind: self.kind,
            status: status.clone(),
            error,
            counts: Some(self.counts),
            cursor: self.cursor.filter(|_| is_completed),
            ended_at,
        };
        last_sync::record(records, self.connector_id, &ended).await?;
        Ok(if status == JobStatus::Canceled {
            JobEnd::Canceled
        } else {
            end
        })
    }

    /// A job that was deleted or ended by somebody else leaves its connector locked.
    async fn free_lock(&self, records: &impl SyncRecords) -> Result<(), RunJobError> {
        if last_sync::free_abandoned(records, self.connector_id, self.kind).await? {
            info!("freed the connector");
        }
        Ok(())
    }
}

impl JobRunner {
    /// Writes the end into both records. What the job has ended as by then: somebody may have canceled it or taken it
    /// away while it ended.
    pub(super) async fn record_end(
        &self,
        lease: &JobLease,
        job: &SyncJobRecord,
        end: JobEnd,
        cursor: Option<SyncCursor>,
        report: &JobReport,
    ) -> Result<JobEnd, RunJobError> {
        let counts = report.progress().snapshot();
        let total = match end {
            JobEnd::Completed | JobEnd::Failed(_) | JobEnd::FailedForNow(_) | JobEnd::Canceled => {
                self.total_documents(job).await
            }
            // The next run counts, and a service that is told to stop has no time.
            JobEnd::Suspended | JobEnd::Lost(_) | JobEnd::NotStarted(_) => None,
        };
        let stats = || {
            let mut stats = report.stats();
            if let Some(total) = total {
                stats["total_document_count"] = total.into();
            }
            stats
        };
        let ending = Ending {
            connector_id: &self.connector.connector_id,
            kind: LockKind::of(job.job_type.as_ref()),
            cursor: cursor.map(|cursor| cursor.to_stored()),
            counts: (counts.indexed, counts.deleted),
        };
        ending.write(&self.client, lease, end, stats).await
    }

    /// Documents now in the index that the job writes to, identities for access control; none when that cannot be told,
    /// which must not spoil the job.
    async fn total_documents(&self, job: &SyncJobRecord) -> Option<u64> {
        let index = job.connector.index_name.as_deref()?;
        let index = &match job.job_type {
            Some(JobType::AccessControl) => identities_of(index),
            _ => content_of(index).to_owned(),
        };
        let client = client_for_connector(&self.client, &self.connector).ok()?;
        let counted = async {
            client.indices().refresh(index).await?;
            client.indices().count(index, None).await
        };
        match tokio::time::timeout(COUNT_LIMIT, counted).await {
            Ok(Ok(total)) => Some(total),
            Ok(Err(error)) => {
                warn!(error = %error, index.name = index, "could not count the documents of the index");
                None
            }
            Err(_) => {
                let seconds = COUNT_LIMIT.as_secs();
                warn!(
                    index.name = index,
                    seconds, "counting the documents of the index took too long"
                );
                None
            }
        }
    }
}
