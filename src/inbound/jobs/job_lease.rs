//! A claimed job: every write to its record is conditional, so a worker that lost its job notices and stops.
//!
//! When to write and what is left to `job_runner` and `job_report`.

use chrono::Utc;
use elastic_client::{ElasticClient, ElasticError, JobStatus, Refresh, SyncJobRecord, Versioned};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::sync::Mutex;

use super::job_state::{end_of, is_claimable, is_running};
use crate::coordination::boot_clock::since_boot;
use crate::coordination::renewal::Renewal;

/// Conflicts in a row after which something else must be wrong.
const MAX_CONFLICTS: u32 = 5;

/// A job that this worker holds.
#[derive(Debug)]
pub struct JobLease {
    client: ElasticClient,
    /// Written by one holder at a time: a conditional update needs the version of the last one.
    /// Beside it, the status as it was seen last: ours, or `canceling` since a conflict told of it.
    version: Mutex<Versioned<JobStatus>>,
    claimed_by: String,
    id: String,
    renewal: Renewal,
}

/// The outcome of a write to a job that this worker holds.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// The job is not ours any more.
    #[error("{0}")]
    Lost(String),
    /// Elasticsearch did not answer usefully; the job may still be ours.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

/// The outcome of a claim.
#[derive(Debug)]
pub enum Claim {
    /// It is ours now. The record is as it was before the claim.
    Claimed(Box<JobLease>, Box<SyncJobRecord>),
    /// Someone else has it, or it is in no state to be claimed.
    NotClaimable(String),
}

impl JobLease {
    /// Claims a job that waits. A list of jobs may be old, so the record is read again and must not change until it is
    /// ours; a job that was canceled in between is not revived.
    pub async fn claim(client: &ElasticClient, job_id: &str, worker: &str) -> Result<Claim, ElasticError> {
        let Some(job) = client.sync_jobs().get(job_id).await? else {
            return Ok(Claim::NotClaimable("it does not exist any more".into()));
        };
        if !is_claimable(job.value.status.as_ref()) {
            let status = job.value.status.as_ref().map_or("unknown", JobStatus::as_str);
            return Ok(Claim::NotClaimable(format!("its status is {status}")));
        }
        let claimed_by = format!("{worker}/{}", uuid::Uuid::new_v4());
        let asked = since_boot();
        let now = Utc::now().to_rfc3339();
        let claim = json!({
            "status": JobStatus::InProgress.as_str(),
            "worker_hostname": worker,
            "started_at": job.value.started_at.map_or_else(|| now.clone(), |first| first.to_rfc3339()),
            "last_seen": now,
            "error": null,
            "metadata": { "claimed_by": claimed_by },
        });
        // Who else looks for running jobs finds this one at once, and nobody waits a refresh interval for it.
        match client
            .sync_jobs()
            .update_if_unchanged(&job, &claim, Refresh::Immediate)
            .await
        {
            Ok(updated) => {
                let Versioned {
                    id,
                    seq_no,
                    primary_term,
                    value,
                } = job;
                let version = Versioned {
                    id: id.clone(),
                    seq_no,
                    primary_term,
                    value: JobStatus::InProgress,
                }
                .at(updated);
                let lease = Self {
                    client: client.clone(),
                    version: Mutex::new(version),
                    claimed_by,
                    id,
                    renewal: Renewal::new(asked),
                };
                Ok(Claim::Claimed(Box::new(lease), Box::new(value)))
            }
            Err(ElasticError::VersionConflict { .. }) => Ok(Claim::NotClaimable("another worker was faster".into())),
            Err(error) => Err(error),
        }
    }

    /// Id of the job.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the record was last written by us.
    pub(crate) fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Merges `doc` into the record while it is ours. The API and Kibana may write to a running job too (a request to
    /// cancel it, say); such a write is looked at and does not cost us the job.
    pub async fn write(&self, doc: &Value, refresh: Refresh) -> Result<(), LeaseError> {
        self.write_for(|_| doc.clone(), refresh).await.map(drop)
    }

    /// The same for what depends on the status: `doc` is asked with the one that the write replaces, which is returned.
    pub async fn write_for(
        &self,
        doc: impl Fn(&JobStatus) -> Value,
        refresh: Refresh,
    ) -> Result<JobStatus, LeaseError> {
        let mut version = self.version.lock().await;
        for _ in 0..MAX_CONFLICTS {
            let asked = self.renewal.now();
            match self
                .client
                .sync_jobs()
                .update_if_unchanged(&*version, &doc(&version.value), refresh)
                .await
            {
                Ok(updated) => {
                    *version = version.clone().at(updated);
                    self.renewal.renewed(asked);
                    return Ok(version.value.clone());
                }
                Err(ElasticError::VersionConflict { .. } | ElasticError::OutcomeUnknown { .. }) => {
                    let job = self.read_own().await?;
                    *version = job.map(|job| job.status.unwrap_or(JobStatus::InProgress));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(LeaseError::Lost(
            "its record changes faster than it can be written".into(),
        ))
    }

    /// Gives the job back as it was before the claim: the connector is busy with another one. If somebody has asked to
    /// cancel it, it is over.
    pub async fn give_back(&self, before: &SyncJobRecord) -> Result<(), LeaseError> {
        let started = before.started_at.map(|started| started.to_rfc3339());
        let doc = |now: &JobStatus| {
            let status = end_of(now, before.status.clone().unwrap_or(JobStatus::Pending));
            let mut doc = json!({ "status": status.as_str() });
            if status == JobStatus::Canceled {
                let now = Utc::now().to_rfc3339();
                doc["canceled_at"] = now.clone().into();
                doc["completed_at"] = now.into();
            } else {
                doc["started_at"] = started.clone().into();
                doc["worker_hostname"] = Value::Null;
            }
            doc
        };
        self.write_for(doc, Refresh::Immediate).await.map(drop)
    }

    /// The status of the job as it is now.
    pub async fn status(&self) -> Result<JobStatus, LeaseError> {
        let job = self.read_own().await?;
        Ok(job.value.status.unwrap_or(JobStatus::InProgress))
    }

    /// The record, if it is still ours: running or being canceled, with our mark on it.
    async fn read_own(&self) -> Result<Versioned<SyncJobRecord>, LeaseError> {
        let Some(job) = self.client.sync_jobs().get(&self.id).await? else {
            return Err(LeaseError::Lost("the job's record was deleted".into()));
        };
        let mark = job.value.metadata.claimed_by.as_deref();
        if mark != Some(self.claimed_by.as_str()) {
            return Err(LeaseError::Lost("another worker has claimed the job".into()));
        }
        if is_running(job.value.status.as_ref()) {
            return Ok(job);
        }
        let status = job.value.status.as_ref().map_or("unknown", JobStatus::as_str);
        Err(LeaseError::Lost(format!("someone set the job to {status}")))
    }
}
