//! The connector's side of a job: `last_sync_status` is what keeps two content syncs of one connector apart.
//!
//! The job is claimed first, then the lock is taken; a lock with no running job behind it is free.

use chrono::Utc;
use elastic_client::{ConnectorStatus, ElasticClient, ElasticError, JobFilter, JobStatus, JobType, Refresh};
use serde_json::{Value, json};

/// Tries of a conditional write before giving up.
const MAX_CONFLICTS: u32 = 5;

/// What trying to lock a connector came to.
#[derive(Debug)]
pub(super) enum Lock {
    /// Locked.
    Taken,
    /// Another content sync of this connector is running.
    Busy(String),
    /// There is no such connector.
    Missing,
}

/// Marks the connector as syncing.
pub(super) async fn take(client: &ElasticClient, connector_id: &str, job_id: &str) -> Result<Lock, ElasticError> {
    for _ in 0..MAX_CONFLICTS {
        let Some(connector) = client.connectors().get(connector_id).await? else {
            return Ok(Lock::Missing);
        };
        if connector.value.last_sync_status == Some(JobStatus::InProgress)
            && let Some(other) = other_running_job(client, connector_id, job_id).await?
        {
            return Ok(Lock::Busy(other));
        }
        let doc = json!({
            "status": ConnectorStatus::Connected.as_str(),
            "error": null,
            "last_sync_status": JobStatus::InProgress.as_str(),
            "last_sync_error": null,
        });
        match client
            .connectors()
            .update_if_unchanged(&connector, &doc, Refresh::None)
            .await
        {
            Ok(_) => return Ok(Lock::Taken),
            Err(ElasticError::VersionConflict { .. } | ElasticError::OutcomeUnknown { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Lock::Busy("its record changes all the time".into()))
}

/// Another content job of this connector that runs, by id.
pub(super) async fn other_running_job(
    client: &ElasticClient,
    connector_id: &str,
    job_id: &str,
) -> Result<Option<String>, ElasticError> {
    let filter = JobFilter {
        connector_ids: Some(vec![connector_id.to_owned()]),
        statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
        job_types: Some(vec![JobType::Full, JobType::Incremental]),
        ..JobFilter::default()
    };
    let running = client.sync_jobs().list(&filter).await?;
    Ok(running.into_iter().map(|job| job.id).find(|id| id != job_id))
}

/// How the last sync ended, for the connector's record.
#[derive(Debug)]
pub(super) struct LastSync<'a> {
    /// Access control syncs have status fields of their own.
    pub(super) access_control: bool,
    pub(super) status: JobStatus,
    pub(super) error: Option<&'a str>,
    pub(super) indexed: u64,
    pub(super) deleted: u64,
    /// The new cursor; none leaves the old one.
    pub(super) cursor: Option<Value>,
}

/// Frees the connector and records how the sync ended. A connector that was deleted meanwhile needs nothing.
pub(super) async fn release(
    client: &ElasticClient,
    connector_id: &str,
    ended: &LastSync<'_>,
) -> Result<(), ElasticError> {
    let mut last_error = None;
    for _ in 0..MAX_CONFLICTS {
        let Some(connector) = client.connectors().get(connector_id).await? else {
            return Ok(());
        };
        match client
            .connectors()
            .update_if_unchanged(&connector, &ended.to_doc(), Refresh::None)
            .await
        {
            Ok(_) => return Ok(()),
            Err(error @ (ElasticError::VersionConflict { .. } | ElasticError::OutcomeUnknown { .. })) => {
                last_error = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    last_error.map_or(Ok(()), Err)
}

impl LastSync<'_> {
    fn to_doc(&self) -> Value {
        let failed = self.status == JobStatus::Error;
        let (status, error) = if self.access_control {
            ("last_access_control_sync_status", "last_access_control_sync_error")
        } else {
            ("last_sync_status", "last_sync_error")
        };
        let state = if failed {
            ConnectorStatus::Error
        } else {
            ConnectorStatus::Connected
        };
        let mut doc = json!({
            "last_synced": Utc::now().to_rfc3339(),
            "status": state.as_str(),
            "error": if failed { self.error } else { None },
            status: self.status.as_str(),
            error: self.error,
        });
        if let Some(cursor) = &self.cursor {
            doc["sync_cursor"] = cursor.clone();
        }
        if self.status.is_terminal() {
            doc["last_indexed_document_count"] = self.indexed.into();
            doc["last_deleted_document_count"] = self.deleted.into();
        }
        doc
    }
}
