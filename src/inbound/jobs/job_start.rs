//! Claims a job and locks its connector, or gives the job back. Which job, and what it then does, is left to the callers.

use elastic_client::{ElasticError, SyncJobRecord, Versioned};

use super::connector_lock::{self, Lock, LockKind};
use super::job_lease::{self, Claim};
use crate::coordination::lease::{Lease, LeaseError};
use crate::inbound::records::{JobRecords, SyncRecords};

/// How a job can start. Records are as they were before the claim.
#[derive(Debug)]
pub(super) enum Start<J: JobRecords> {
    /// The job is ours, and its connector.
    Locked(Box<Lease<J>>, Box<SyncJobRecord>),
    /// The job is ours, and ends in error at once.
    Unlocked(Box<Lease<J>>, Box<SyncJobRecord>, String),
    /// Somebody else has it, or the connector is busy.
    NotStarted(String),
}

/// Takes the job, and then the connector.
pub(super) async fn start<S: SyncRecords>(
    records: &S,
    connector_id: &str,
    job: &Versioned<SyncJobRecord>,
    worker: &str,
) -> Result<Start<S::Jobs>, ElasticError> {
    let kind = LockKind::of(job.value.job_type.as_ref());
    if let Some(other) = connector_lock::busy_with(records, connector_id, &job.id, kind).await? {
        return Ok(Start::NotStarted(busy(&other)));
    }
    let (lease, before) = match job_lease::claim(records, &job.id, worker).await? {
        Claim::Claimed(lease, before) => (lease, before),
        Claim::NotClaimable(reason) => return Ok(Start::NotStarted(reason)),
    };
    Ok(match connector_lock::take(records, connector_id, &job.id, kind).await {
        Ok(Lock::Taken) => Start::Locked(lease, before),
        Ok(Lock::Busy(other)) => match job_lease::give_back(&lease, &before).await {
            Ok(()) | Err(LeaseError::Lost(_)) => Start::NotStarted(busy(&other)),
            Err(LeaseError::Elasticsearch(error)) => return Err(error),
        },
        Ok(Lock::Missing) => {
            let gone = "the connector of this job does not exist any more";
            Start::Unlocked(lease, before, gone.to_owned())
        }
        Err(error) => Start::Unlocked(lease, before, error.to_string()),
    })
}

fn busy(other: &str) -> String {
    format!("job {other} of the same connector is running")
}
