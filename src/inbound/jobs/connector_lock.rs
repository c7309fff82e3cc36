//! The connector's side of a job: `last_sync_status` and the id of the job behind it keep two syncs of one connector
//! apart. Content and access control syncs have a lock each.
//!
//! The job is claimed first, then the lock is taken; a lock whose job does not run is free. Ends of syncs are recorded
//! in `last_sync`.

use elastic_client::{
    ConnectorRecord, ConnectorStatus, ElasticError, JobFilter, JobStatus, JobType, Refresh, SyncJobRecord, Versioned,
};
use serde_json::{Value, json};

use super::job_state::is_running;
use crate::coordination::modify::{Change, Decision, Modified, modify_by};
use crate::coordination::records::Records as _;
use crate::inbound::records::{JobRecords as _, SyncRecords};

/// Names one of a connector's two locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LockKind {
    /// Full and incremental syncs.
    Content,
    /// Access control syncs.
    AccessControl,
}

/// The outcome of a try to lock a connector.
#[derive(Debug)]
pub(crate) enum Lock {
    /// Locked.
    Taken,
    /// Another sync of this kind is running.
    Busy(String),
    /// There is no such connector.
    Missing,
}

impl LockKind {
    /// The lock that a job needs.
    pub(crate) fn of(job_type: Option<&JobType>) -> Self {
        if job_type == Some(&JobType::AccessControl) {
            Self::AccessControl
        } else {
            Self::Content
        }
    }

    pub(crate) fn job_types(self) -> Vec<JobType> {
        match self {
            Self::Content => vec![JobType::Full, JobType::Incremental],
            Self::AccessControl => vec![JobType::AccessControl],
        }
    }

    pub(crate) fn status_field(self) -> &'static str {
        match self {
            Self::Content => "last_sync_status",
            Self::AccessControl => "last_access_control_sync_status",
        }
    }

    pub(crate) fn error_field(self) -> &'static str {
        match self {
            Self::Content => "last_sync_error",
            Self::AccessControl => "last_access_control_sync_error",
        }
    }

    /// Not part of the protocol: a field of our own, which Elasticsearch keeps and other readers skip.
    pub(crate) fn holder_field(self) -> &'static str {
        match self {
            Self::Content => "running_sync_job_id",
            Self::AccessControl => "running_access_control_sync_job_id",
        }
    }

    pub(crate) fn is_locked(self, connector: &ConnectorRecord) -> bool {
        let status = match self {
            Self::Content => &connector.last_sync_status,
            Self::AccessControl => &connector.last_access_control_sync_status,
        };
        *status == Some(JobStatus::InProgress)
    }

    /// The job that the lock was taken for; none when another program took it.
    pub(crate) fn noted_holder(self, connector: &ConnectorRecord) -> Option<&str> {
        connector.raw.get(self.holder_field()).and_then(Value::as_str)
    }
}

/// Marks the connector as syncing.
pub(crate) async fn take(
    records: &impl SyncRecords,
    connector_id: &str,
    job_id: &str,
    kind: LockKind,
) -> Result<Lock, ElasticError> {
    let connectors = records.connector_records();
    let take = Take { records, job_id, kind };
    Ok(match modify_by(&connectors, connector_id, Refresh::None, take).await? {
        Modified::Done(lock, _) => lock,
        Modified::Missing => Lock::Missing,
        Modified::Contended => Lock::Busy("(its record changes all the time)".into()),
    })
}

struct Take<'a, S> {
    records: &'a S,
    job_id: &'a str,
    kind: LockKind,
}

impl<S: SyncRecords> Change<ConnectorRecord> for Take<'_, S> {
    type Result = Lock;

    async fn decide(&mut self, connector: &Versioned<ConnectorRecord>) -> Result<Decision<Lock>, ElasticError> {
        let kind = self.kind;
        if let Some(other) = running_holder(self.records, connector, kind, Some(self.job_id)).await? {
            return Ok(Decision::Leave(Lock::Busy(other)));
        }
        let doc = json!({
            "status": ConnectorStatus::Connected.as_str(),
            "error": null,
            kind.status_field(): JobStatus::InProgress.as_str(),
            kind.error_field(): null,
            kind.holder_field(): self.job_id,
        });
        Ok(Decision::Write(doc, Lock::Taken))
    }
}

/// The running job behind a lock, other than `own`. Of two jobs that were claimed at once neither is behind the lock
/// until one has taken it, so one of them always gets it.
pub(crate) async fn running_holder(
    records: &impl SyncRecords,
    connector: &Versioned<ConnectorRecord>,
    kind: LockKind,
    own: Option<&str>,
) -> Result<Option<String>, ElasticError> {
    if !kind.is_locked(&connector.value) {
        return Ok(None);
    }
    if let Some(holder) = kind.noted_holder(&connector.value) {
        if own == Some(holder) {
            return Ok(None);
        }
        let job = records.job_records().get(holder).await?;
        if job.is_some_and(|job| is_running(job.value.status.as_ref())) {
            return Ok(Some(holder.to_owned()));
        }
    }
    // Elastic's service notes no holder, and leaves no mark on the jobs that it runs.
    let running = running_jobs(records, &connector.id, kind).await?;
    let foreign = running
        .into_iter()
        .filter(|job| job.value.metadata.claimed_by.is_none());
    Ok(foreign.map(|job| job.id).find(|id| own != Some(id.as_str())))
}

/// The job that a connector is busy with, other than `own`: claiming `own` would be for nothing.
pub(crate) async fn busy_with(
    records: &impl SyncRecords,
    connector_id: &str,
    own: &str,
    kind: LockKind,
) -> Result<Option<String>, ElasticError> {
    match records.connector_records().get(connector_id).await? {
        Some(connector) => running_holder(records, &connector, kind, Some(own)).await,
        None => Ok(None),
    }
}

async fn running_jobs(
    records: &impl SyncRecords,
    connector_id: &str,
    kind: LockKind,
) -> Result<Vec<Versioned<SyncJobRecord>>, ElasticError> {
    let filter = JobFilter {
        connector_ids: Some(vec![connector_id.to_owned()]),
        statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
        job_types: Some(kind.job_types()),
        ..JobFilter::default()
    };
    records.job_records().list(&filter).await
}
