//! How the last sync ended, on the connector's record, and freeing the lock that it held. Taking the lock is in
//! `connector_lock`.

use chrono::Utc;
use elastic_client::{ConnectorRecord, ConnectorStatus, ElasticClient, ElasticError, JobStatus, Refresh};
use serde_json::{Value, json};

use super::connector_lock::{self, LockKind};

/// Tries of a conditional write before giving up.
const MAX_CONFLICTS: u32 = 5;

/// How a sync ended, for the connector's record.
#[derive(Debug)]
pub(super) struct LastSync<'a> {
    pub(super) job_id: &'a str,
    pub(super) kind: LockKind,
    pub(super) status: JobStatus,
    pub(super) error: Option<&'a str>,
    pub(super) indexed: u64,
    pub(super) deleted: u64,
    /// The new cursor; none leaves the old one.
    pub(super) cursor: Option<Value>,
}

/// Frees the connector and records how the sync ended. A connector that was deleted meanwhile needs nothing; one that
/// another job has locked since keeps that job's state.
pub(super) async fn record(
    client: &ElasticClient,
    connector_id: &str,
    ended: &LastSync<'_>,
) -> Result<(), ElasticError> {
    let mut last_error = None;
    for _ in 0..MAX_CONFLICTS {
        let Some(connector) = client.connectors().get(connector_id).await? else {
            return Ok(());
        };
        let doc = ended.to_doc(&connector.value);
        match client
            .connectors()
            .update_if_unchanged(&connector, &doc, Refresh::None)
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

/// Frees a lock whose job does not run, and says how that job ended. Returns whether it did.
pub(super) async fn free_abandoned(
    client: &ElasticClient,
    connector_id: &str,
    kind: LockKind,
) -> Result<bool, ElasticError> {
    let Some(connector) = client.connectors().get(connector_id).await? else {
        return Ok(false);
    };
    if !kind.is_locked(&connector.value)
        || connector_lock::running_holder(client, &connector, kind, None)
            .await?
            .is_some()
    {
        return Ok(false);
    }
    let holder = kind.noted_holder(&connector.value).unwrap_or_default();
    let job = if holder.is_empty() {
        None
    } else {
        client.sync_jobs().get(holder).await?
    };
    let (status, error) = match job.map(|job| (job.value.status, job.value.error)) {
        Some((Some(status), error)) if status != JobStatus::Pending => (status, error),
        Some(_) => (JobStatus::Suspended, None),
        None => (
            JobStatus::Error,
            Some("the record of the job was deleted while it ran; start the sync again".to_owned()),
        ),
    };
    let doc = json!({
        kind.status_field(): status.as_str(),
        kind.error_field(): error,
        kind.holder_field(): null,
    });
    match client
        .connectors()
        .update_if_unchanged(&connector, &doc, Refresh::None)
        .await
    {
        Ok(_) => Ok(true),
        Err(ElasticError::VersionConflict { .. } | ElasticError::OutcomeUnknown { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

impl LastSync<'_> {
    fn to_doc(&self, connector: &ConnectorRecord) -> Value {
        let mut doc = json!({ "last_synced": Utc::now().to_rfc3339() });
        if let Some(cursor) = &self.cursor {
            doc["sync_cursor"] = cursor.clone();
        }
        if self.status.is_terminal() {
            doc["last_indexed_document_count"] = self.indexed.into();
            doc["last_deleted_document_count"] = self.deleted.into();
        }
        let holder = self.kind.noted_holder(connector);
        let locked_by_another = self.kind.is_locked(connector) && holder.is_some_and(|holder| holder != self.job_id);
        if locked_by_another {
            return doc;
        }
        let failed = self.status == JobStatus::Error;
        let state = if failed {
            ConnectorStatus::Error
        } else {
            ConnectorStatus::Connected
        };
        doc["status"] = state.as_str().into();
        doc["error"] = if failed { self.error } else { None }.into();
        doc[self.kind.status_field()] = self.status.as_str().into();
        doc[self.kind.error_field()] = self.error.into();
        doc[self.kind.holder_field()] = Value::Null;
        doc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(status: &str, holder: Option<&str>) -> ConnectorRecord {
        let mut record = ConnectorRecord {
            last_sync_status: Some(JobStatus::from(status)),
            ..ConnectorRecord::default()
        };
        if let Some(holder) = holder {
            record.raw.insert("running_sync_job_id".into(), holder.into());
        }
        record
    }

    fn ended() -> LastSync<'static> {
        LastSync {
            job_id: "ours",
            kind: LockKind::Content,
            status: JobStatus::Completed,
            error: None,
            indexed: 7,
            deleted: 1,
            cursor: Some(json!({ "cursor": "x" })),
        }
    }

    #[test]
    fn the_end_of_a_sync_frees_its_lock() {
        for record in [connector("in_progress", Some("ours")), connector("in_progress", None)] {
            let doc = ended().to_doc(&record);
            assert_eq!(doc["last_sync_status"], "completed");
            assert_eq!(doc["running_sync_job_id"], Value::Null);
            assert_eq!(doc["last_indexed_document_count"], 7);
        }
    }

    #[test]
    fn the_lock_of_the_next_job_survives_the_late_end_of_the_one_before() {
        let doc = ended().to_doc(&connector("in_progress", Some("next")));
        assert_eq!(doc.get("last_sync_status"), None);
        assert_eq!(doc.get("running_sync_job_id"), None);
        assert_eq!(doc["sync_cursor"], json!({ "cursor": "x" }));
    }
}
