//! Writes the end of the last sync to the connector's record and frees its lock. Taking the lock is in
//! `connector_lock`.

use chrono::{DateTime, Utc};
use elastic_client::{
    ConnectorRecord, ConnectorStatus, ElasticClient, ElasticError, JobStatus, Refresh, SyncJobRecord, Versioned,
};
use serde_json::{Value, json};

use super::connector_lock::{self, LockKind};
use super::job_state::is_running;
use crate::coordination::modify::{Change, Decision, modify_by};
use crate::coordination::records::Records as _;
use crate::inbound::records::SyncRecords;

/// When a content sync was last completed. `last_synced` also moves with failed ones and with access control syncs.
const CONTENT_COMPLETED: &str = "last_content_sync_completed_at";

/// When a content sync was last completed; a guess while only Elastic's service has run any.
pub(crate) fn content_completed_at(record: &ConnectorRecord) -> Option<DateTime<Utc>> {
    let noted = record.raw.get(CONTENT_COMPLETED).and_then(Value::as_str);
    match noted.and_then(|noted| DateTime::parse_from_rfc3339(noted).ok()) {
        Some(noted) => Some(noted.to_utc()),
        None if record.last_sync_status == Some(JobStatus::Completed) => record.last_synced,
        None => None,
    }
}

/// The end of a sync, for the connector's record.
#[derive(Debug)]
pub(crate) struct LastSync<'a> {
    pub(crate) job_id: &'a str,
    pub(crate) kind: LockKind,
    pub(crate) status: JobStatus,
    pub(crate) error: Option<&'a str>,
    /// Documents indexed and deleted; none when nobody knows.
    pub(crate) counts: Option<(u64, u64)>,
    /// The new cursor; none leaves the old one.
    pub(crate) cursor: Option<Value>,
    /// When that was written to the job.
    pub(crate) ended_at: DateTime<Utc>,
}

/// Frees the connector and records how the sync ended. A connector that was deleted meanwhile needs nothing. Between the
/// end of the job and this any time may pass, and others go on: what they wrote since stays.
pub(crate) async fn record(
    records: &impl SyncRecords,
    connector_id: &str,
    ended: &LastSync<'_>,
) -> Result<(), ElasticError> {
    let connectors = records.connector_records();
    let recorded = modify_by(&connectors, connector_id, Refresh::None, Record { records, ended });
    recorded.await?.settled(connector_id).map(drop)
}

struct Record<'a, S> {
    records: &'a S,
    ended: &'a LastSync<'a>,
}

impl<S: SyncRecords> Change<ConnectorRecord> for Record<'_, S> {
    type Result = ();

    async fn decide(&mut self, connector: &Versioned<ConnectorRecord>) -> Result<Decision<()>, ElasticError> {
        // Read after the connector: whoever claims the job later than this changes the connector before it works.
        if !self.ended.status.is_terminal() && is_claimed_again(self.records, self.ended.job_id).await? {
            return Ok(Decision::Leave(()));
        }
        Ok(match self.ended.to_doc(&connector.value) {
            Some(doc) => Decision::Write(doc, ()),
            None => Decision::Leave(()),
        })
    }
}

async fn is_claimed_again(records: &impl SyncRecords, job_id: &str) -> Result<bool, ElasticError> {
    let job = records.job_records().get(job_id).await?;
    Ok(job.is_some_and(|job| is_running(job.value.status.as_ref())))
}

/// Frees a lock whose job does not run, and says how that job ended. Returns whether it did.
pub(crate) async fn free_abandoned(
    records: &impl SyncRecords,
    connector_id: &str,
    kind: LockKind,
) -> Result<bool, ElasticError> {
    let connectors = records.connector_records();
    let freed = modify_by(
        &connectors,
        connector_id,
        Refresh::None,
        FreeAbandoned { records, kind },
    );
    Ok(freed.await?.settled(connector_id)?.unwrap_or(false))
}

struct FreeAbandoned<'a, S> {
    records: &'a S,
    kind: LockKind,
}

impl<S: SyncRecords> Change<ConnectorRecord> for FreeAbandoned<'_, S> {
    type Result = bool;

    async fn decide(&mut self, connector: &Versioned<ConnectorRecord>) -> Result<Decision<bool>, ElasticError> {
        Ok(match end_of_abandoned(self.records, connector, self.kind).await? {
            Some(doc) => Decision::Write(doc, true),
            None => Decision::Leave(false),
        })
    }
}

/// What to write to a connector whose lock has no running job behind it; none when it is not locked, or rightly so.
async fn end_of_abandoned(
    records: &impl SyncRecords,
    connector: &Versioned<ConnectorRecord>,
    kind: LockKind,
) -> Result<Option<Value>, ElasticError> {
    if !kind.is_locked(&connector.value)
        || connector_lock::running_holder(records, connector, kind, None)
            .await?
            .is_some()
    {
        return Ok(None);
    }
    let holder = kind.noted_holder(&connector.value).unwrap_or_default();
    let job = if holder.is_empty() {
        None
    } else {
        records.job_records().get(holder).await?
    };
    let (status, error) = match job.as_ref().map(|job| (&job.value.status, &job.value.error)) {
        // Claimed since the look above.
        Some((status, _)) if is_running(status.as_ref()) => return Ok(None),
        Some((Some(status), error)) if *status != JobStatus::Pending => (status.clone(), error.as_deref()),
        Some(_) => (JobStatus::Suspended, None),
        None => (
            JobStatus::Error,
            Some("the record of the job was deleted while it ran; start the sync again"),
        ),
    };
    let ended = LastSync {
        job_id: holder,
        kind,
        // A job that was canceled as an orphan has a text, and its sync no error.
        error: error.filter(|_| status == JobStatus::Error),
        status,
        counts: job.as_ref().map(|job| counts_of(&job.value)),
        cursor: None,
        ended_at: Utc::now(),
    };
    Ok(ended.to_doc(&connector.value))
}

/// Forgets the cursor of a connector, before documents of another form are written than it speaks of.
pub(crate) async fn forget_cursor(client: &ElasticClient, connector_id: &str) -> Result<(), ElasticError> {
    let doc = json!({ "sync_cursor": null });
    let connectors = client.connectors();
    connectors
        .update_unconditionally(connector_id, &doc, Refresh::None)
        .await?;
    Ok(())
}

/// Documents that a job has indexed and deleted, by its record.
pub(crate) fn counts_of(job: &SyncJobRecord) -> (u64, u64) {
    let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
    (count(job.indexed_document_count), count(job.deleted_document_count))
}

impl LastSync<'_> {
    /// What to write; none when a later sync has ended since. The clocks of two machines may put that wrong, which shows
    /// an older sync as the last one until the next ends; the lock does not depend on them.
    fn to_doc(&self, connector: &ConnectorRecord) -> Option<Value> {
        let is_locked = self.kind.is_locked(connector);
        if !is_locked && connector.last_synced.is_some_and(|last| last > self.ended_at) {
            return None;
        }
        let mut doc = json!({ "last_synced": Utc::now().to_rfc3339() });
        if let Some(cursor) = &self.cursor {
            doc["sync_cursor"] = cursor.clone();
        }
        if self.kind == LockKind::Content && self.status == JobStatus::Completed {
            doc[CONTENT_COMPLETED] = self.ended_at.to_rfc3339().into();
        }
        if let Some((indexed, deleted)) = self.counts.filter(|_| self.status.is_terminal()) {
            doc["last_indexed_document_count"] = indexed.into();
            doc["last_deleted_document_count"] = deleted.into();
        }
        let holder = self.kind.noted_holder(connector);
        if is_locked && holder.is_some_and(|holder| holder != self.job_id) {
            return Some(doc);
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
        Some(doc)
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
            counts: Some((7, 1)),
            cursor: Some(json!({ "cursor": "x" })),
            ended_at: Utc::now(),
        }
    }

    #[test]
    fn the_end_of_a_sync_frees_its_lock() {
        for record in [connector("in_progress", Some("ours")), connector("in_progress", None)] {
            let doc = ended().to_doc(&record).unwrap();
            assert_eq!(doc["last_sync_status"], "completed");
            assert_eq!(doc["running_sync_job_id"], Value::Null);
            assert_eq!(doc["last_indexed_document_count"], 7);
        }
    }

    #[test]
    fn the_lock_of_the_next_job_survives_the_late_end_of_the_one_before() {
        let doc = ended().to_doc(&connector("in_progress", Some("next"))).unwrap();
        assert_eq!(doc.get("last_sync_status"), None);
        assert_eq!(doc.get("running_sync_job_id"), None);
        assert_eq!(doc["sync_cursor"], json!({ "cursor": "x" }));
    }

    #[test]
    fn only_a_completed_content_sync_makes_the_index_younger() {
        let before = "2026-01-02T03:04:05+00:00";
        let mut record = connector("completed", None);
        record.last_synced = Some(Utc::now());
        assert_eq!(content_completed_at(&record), record.last_synced);
        record.raw.insert(CONTENT_COMPLETED.into(), before.into());
        assert_eq!(content_completed_at(&record).unwrap().to_rfc3339(), before);

        let completed = ended();
        let doc = completed.to_doc(&connector("in_progress", Some("ours"))).unwrap();
        assert_eq!(doc[CONTENT_COMPLETED], completed.ended_at.to_rfc3339());
        let failed = LastSync {
            status: JobStatus::Error,
            ..ended()
        };
        let identities = LastSync {
            kind: LockKind::AccessControl,
            ..ended()
        };
        for other in [failed, identities] {
            let doc = other.to_doc(&connector("completed", None)).unwrap();
            assert_eq!(doc.get(CONTENT_COMPLETED), None);
        }
    }

    #[test]
    fn the_late_end_of_a_sync_leaves_what_a_later_one_recorded() {
        let ended = ended();
        let mut record = connector("error", None);
        record.last_synced = Some(ended.ended_at + chrono::TimeDelta::seconds(1));
        assert_eq!(ended.to_doc(&record), None);
        record.last_synced = Some(ended.ended_at - chrono::TimeDelta::seconds(1));
        assert_eq!(ended.to_doc(&record).unwrap()["last_sync_status"], "completed");
    }
}
