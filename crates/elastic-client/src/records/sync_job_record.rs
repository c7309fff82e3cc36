//! A document of `.elastic-connectors-sync-jobs`. Which job may be claimed, and what its states mean, is left to the
//! service.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::records::connector_record::PipelineSettings;
use crate::records::field_reader::FieldReader;
use crate::records::filtering::FilteringRules;
use crate::records::job_metadata::JobMetadata;
use crate::records::words::{JobStatus, JobType, TriggerMethod};

/// A sync job. Members that are absent, null or of the wrong type are `None` or empty; the last are named in `problems`.
#[derive(Clone, Default, PartialEq)]
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
    pub metadata: JobMetadata,
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
#[derive(Clone, Default, PartialEq)]
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

// `connector.configuration` and `raw` hold passwords of the data source; only names of fields are shown.
impl fmt::Debug for SyncJobRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SyncJobRecord")
            .field("job_type", &self.job_type)
            .field("status", &self.status)
            .field("trigger_method", &self.trigger_method)
            .field("created_at", &self.created_at)
            .field("last_seen", &self.last_seen)
            .field("worker_hostname", &self.worker_hostname)
            .field("connector", &self.connector)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for JobConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JobConnector")
            .field("id", &self.id)
            .field("index_name", &self.index_name)
            .field("configuration", &self.configuration.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl SyncJobRecord {
    /// Reads a document.
    #[must_use]
    pub fn read(raw: Map<String, Value>) -> Self {
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
            metadata: reader.object("metadata").map(JobMetadata::read).unwrap_or_default(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_snapshot_of_the_connector_is_read_with_the_job() {
        let raw = json!({
            "status": "suspended", "job_type": "access_control", "trigger_method": "on_demand",
            "indexed_document_volume": 3, "metadata": { "progress": ["a"] },
            "created_at": "2026-08-01T10:00:00Z", "worker_hostname": "w",
            "connector": { "id": "c", "index_name": ".search-acl-filter-jira", "configuration": { "x": {} },
                           "filtering": { "advanced_snippet": { "value": [{ "query": "project = A" }] } } },
        });
        let job = SyncJobRecord::read(raw.as_object().unwrap().clone());
        assert!(job.problems.is_empty());
        assert_eq!(
            (job.status, job.job_type),
            (Some(JobStatus::Suspended), Some(JobType::AccessControl))
        );
        assert_eq!(job.indexed_document_volume, Some(3));
        assert_eq!(job.connector.index_name.as_deref(), Some(".search-acl-filter-jira"));
        assert!(job.connector.filtering.has_advanced().is_some());
        assert_eq!(job.raw["metadata"], json!({ "progress": ["a"] }));
    }

    #[test]
    fn a_job_without_its_connector_is_still_a_job() {
        let job = SyncJobRecord::read(json!({ "connector": "gone" }).as_object().unwrap().clone());
        assert_eq!(job.connector, JobConnector::default());
        assert_eq!(job.problems, ["connector: an object was expected"]);
    }
}
