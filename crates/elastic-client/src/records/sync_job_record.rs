//! A document of `.elastic-connectors-sync-jobs`. Which job may be claimed, and what its states mean, is left to the
//! service.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::records::connector_record::PipelineSettings;
use crate::records::field_reader::FieldReader;
use crate::records::filtering::FilteringRules;
use crate::records::words::{JobStatus, JobType, TriggerMethod};

/// A sync job. Members that are absent, null or of the wrong type are `None` or empty; the last are named in `problems`.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct SyncJobRecord {
    pub cancelation_requested_at: Option<DateTime<Utc>>,
    pub canceled_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    /// The connector as it was when the job was created.
    pub connector: JobConnector,
    pub created_at: Option<DateTime<Utc>>,
    pub deleted_document_count: Option<i64>,
    pub error: Option<String>,
    pub indexed_document_count: Option<i64>,
    /// In MiB.
    pub indexed_document_volume: Option<i64>,
    pub job_type: Option<JobType>,
    pub last_seen: Option<DateTime<Utc>>,
    pub metadata: Map<String, Value>,
    pub started_at: Option<DateTime<Utc>>,
    pub status: Option<JobStatus>,
    pub total_document_count: Option<i64>,
    pub trigger_method: Option<TriggerMethod>,
    pub worker_hostname: Option<String>,
    /// The whole document.
    pub raw: Map<String, Value>,
    /// Members that were there but could not be read, with what was expected.
    pub problems: Vec<String>,
}

/// `connector` of a sync job.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct JobConnector {
    pub id: Option<String>,
    pub configuration: Map<String, Value>,
    /// The active rules of the first domain.
    pub filtering: FilteringRules,
    /// The index this job writes to; for access control jobs it has the prefix already.
    pub index_name: Option<String>,
    pub language: Option<String>,
    pub pipeline: Option<PipelineSettings>,
    pub service_type: Option<String>,
    pub sync_cursor: Option<Value>,
}

impl SyncJobRecord {
    pub(crate) fn read(raw: Map<String, Value>) -> Self {
        let mut problems = Vec::new();
        let mut reader = FieldReader::new(&raw, &mut problems);
        let record = Self {
            cancelation_requested_at: reader.time("cancelation_requested_at"),
            canceled_at: reader.time("canceled_at"),
            completed_at: reader.time("completed_at"),
            connector: reader.nested("connector").map(JobConnector::read).unwrap_or_default(),
            created_at: reader.time("created_at"),
            deleted_document_count: reader.count("deleted_document_count"),
            error: reader.text("error"),
            indexed_document_count: reader.count("indexed_document_count"),
            indexed_document_volume: reader.count("indexed_document_volume"),
            job_type: reader.word("job_type"),
            last_seen: reader.time("last_seen"),
            metadata: reader.object("metadata").cloned().unwrap_or_default(),
            started_at: reader.time("started_at"),
            status: reader.word("status"),
            total_document_count: reader.count("total_document_count"),
            trigger_method: reader.word("trigger_method"),
            worker_hostname: reader.text("worker_hostname"),
            raw: Map::new(),
            problems: Vec::new(),
        };
        Self {
            raw,
            problems,
            ..record
        }
    }
}

impl JobConnector {
    fn read(mut reader: FieldReader<'_>) -> Self {
        Self {
            id: reader.text("id"),
            configuration: reader.object("configuration").cloned().unwrap_or_default(),
            filtering: reader.nested("filtering").map(FilteringRules::read).unwrap_or_default(),
            index_name: reader.text("index_name"),
            language: reader.text("language"),
            pipeline: reader.nested("pipeline").map(PipelineSettings::read),
            service_type: reader.text("service_type"),
            sync_cursor: reader.any("sync_cursor").cloned(),
        }
    }
}
