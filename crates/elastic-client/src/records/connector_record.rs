//! A document of `.elastic-connectors`. Defaults for what is absent are left to the reader of the record, except where a
//! flag can only mean false.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::records::field_reader::FieldReader;
use crate::records::filtering::Filtering;
use crate::records::words::{ConnectorStatus, JobStatus, JobType};

/// A connector record. Members that are absent, null or of the wrong type are `None` or empty; the last are named in
/// `problems`.
#[derive(Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct ConnectorRecord {
    pub api_key_id: Option<String>,
    pub api_key_secret_id: Option<String>,
    pub configuration: Map<String, Value>,
    pub deleted: bool,
    pub description: Option<String>,
    pub error: Option<String>,
    /// `None` when the record has no features at all, as right after its creation.
    pub features: Option<Features>,
    pub filtering: Vec<Filtering>,
    pub index_name: Option<String>,
    pub is_native: bool,
    pub language: Option<String>,
    pub last_access_control_sync_error: Option<String>,
    pub last_access_control_sync_scheduled_at: Option<DateTime<Utc>>,
    pub last_access_control_sync_status: Option<JobStatus>,
    pub last_deleted_document_count: Option<i64>,
    pub last_incremental_sync_scheduled_at: Option<DateTime<Utc>>,
    pub last_indexed_document_count: Option<i64>,
    pub last_seen: Option<DateTime<Utc>>,
    pub last_sync_error: Option<String>,
    /// Of full syncs only, in spite of its name.
    pub last_sync_scheduled_at: Option<DateTime<Utc>>,
    /// Of content syncs, full and incremental.
    pub last_sync_status: Option<JobStatus>,
    pub last_synced: Option<DateTime<Utc>>,
    pub name: Option<String>,
    /// `None` when the record has no pipeline, as right after its creation.
    pub pipeline: Option<PipelineSettings>,
    pub scheduling: Scheduling,
    pub service_type: Option<String>,
    pub status: Option<ConnectorStatus>,
    pub sync_cursor: Option<Value>,
    /// The whole document.
    pub raw: Map<String, Value>,
    /// Members that were there but could not be read, with what was expected.
    pub problems: Vec<String>,
}

/// `features`. `None` means absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct Features {
    pub document_level_security: Option<bool>,
    pub incremental_sync: Option<bool>,
    pub native_connector_api_keys: Option<bool>,
    pub sync_rules_basic: Option<bool>,
    pub sync_rules_advanced: Option<bool>,
    /// Written before 8.8; counts for basic rules when the newer key is absent.
    pub legacy_filtering_rules: Option<bool>,
    /// Written before 8.8; counts for advanced rules when the newer key is absent.
    pub legacy_filtering_advanced_config: Option<bool>,
}

/// `pipeline`, with what the stack does when a member is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct PipelineSettings {
    pub name: Option<String>,
    pub extract_binary_content: bool,
    pub reduce_whitespace: bool,
    pub run_ml_inference: bool,
}

/// `scheduling`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct Scheduling {
    pub full: Option<ScheduleEntry>,
    pub incremental: Option<ScheduleEntry>,
    pub access_control: Option<ScheduleEntry>,
}

/// One schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleEntry {
    /// Whether it counts.
    pub enabled: bool,
    /// A Quartz cron expression in UTC.
    pub interval: String,
}

// `configuration` and `raw` hold passwords of the data source; only names of fields are shown.
impl fmt::Debug for ConnectorRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConnectorRecord")
            .field("service_type", &self.service_type)
            .field("index_name", &self.index_name)
            .field("status", &self.status)
            .field("last_sync_status", &self.last_sync_status)
            .field("last_access_control_sync_status", &self.last_access_control_sync_status)
            .field("last_seen", &self.last_seen)
            .field("configuration", &self.configuration.keys().collect::<Vec<_>>())
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl ConnectorRecord {
    /// Reads a document.
    #[must_use]
    pub fn read(raw: Map<String, Value>) -> Self {
        let mut problems = Vec::new();
        let mut reader = FieldReader::new(&raw, &mut problems);
        let record = Self {
            api_key_id: reader.text("api_key_id"),
            api_key_secret_id: reader.text("api_key_secret_id"),
            configuration: reader.object("configuration").cloned().unwrap_or_default(),
            deleted: reader.flag("deleted").unwrap_or(false),
            description: reader.text("description"),
            error: reader.text("error"),
            features: reader.nested("features").map(Features::read),
            filtering: read_filtering(&mut reader),
            index_name: reader.text("index_name"),
            is_native: reader.flag("is_native").unwrap_or(false),
            language: reader.text("language"),
            last_access_control_sync_error: reader.text("last_access_control_sync_error"),
            last_access_control_sync_scheduled_at: reader.time("last_access_control_sync_scheduled_at"),
            last_access_control_sync_status: reader.word("last_access_control_sync_status"),
            last_deleted_document_count: reader.count("last_deleted_document_count"),
            last_incremental_sync_scheduled_at: reader.time("last_incremental_sync_scheduled_at"),
            last_indexed_document_count: reader.count("last_indexed_document_count"),
            last_seen: reader.time("last_seen"),
            last_sync_error: reader.text("last_sync_error"),
            last_sync_scheduled_at: reader.time("last_sync_scheduled_at"),
            last_sync_status: reader.word("last_sync_status"),
            last_synced: reader.time("last_synced"),
            name: reader.text("name"),
            pipeline: reader.nested("pipeline").map(PipelineSettings::read),
            scheduling: reader.nested("scheduling").map(Scheduling::read).unwrap_or_default(),
            service_type: reader.text("service_type"),
            status: reader.word("status"),
            sync_cursor: reader.any("sync_cursor").cloned(),
            raw: Map::new(),
            problems: Vec::new(),
        };
        Self {
            raw,
            problems,
            ..record
        }
    }

    /// The schedule of one kind of job.
    #[must_use]
    pub fn schedule(&self, job_type: &JobType) -> Option<&ScheduleEntry> {
        match job_type {
            JobType::Full => self.scheduling.full.as_ref(),
            JobType::Incremental => self.scheduling.incremental.as_ref(),
            JobType::AccessControl => self.scheduling.access_control.as_ref(),
            JobType::Unknown(_) => None,
        }
    }
}

fn read_filtering(reader: &mut FieldReader<'_>) -> Vec<Filtering> {
    let entries = reader.array("filtering").map_or(&[][..], Vec::as_slice);
    let objects = entries
        .iter()
        .enumerate()
        .filter_map(|(position, entry)| Some((position, entry.as_object()?)));
    objects
        .map(|(position, entry)| Filtering::read(reader.element("filtering", position, entry)))
        .collect()
}

impl Features {
    fn read(mut reader: FieldReader<'_>) -> Self {
        let enabled = |reader: Option<FieldReader<'_>>| reader.and_then(|mut feature| feature.flag("enabled"));
        let (mut sync_rules_basic, mut sync_rules_advanced) = (None, None);
        if let Some(mut rules) = reader.nested("sync_rules") {
            sync_rules_basic = enabled(rules.nested("basic"));
            sync_rules_advanced = enabled(rules.nested("advanced"));
        }
        Self {
            document_level_security: enabled(reader.nested("document_level_security")),
            incremental_sync: enabled(reader.nested("incremental_sync")),
            native_connector_api_keys: enabled(reader.nested("native_connector_api_keys")),
            sync_rules_basic,
            sync_rules_advanced,
            legacy_filtering_rules: reader.flag("filtering_rules"),
            legacy_filtering_advanced_config: reader.flag("filtering_advanced_config"),
        }
    }
}

impl PipelineSettings {
    pub(crate) fn read(mut reader: FieldReader<'_>) -> Self {
        Self {
            name: reader.text("name"),
            extract_binary_content: reader.flag("extract_binary_content").unwrap_or(true),
            reduce_whitespace: reader.flag("reduce_whitespace").unwrap_or(true),
            run_ml_inference: reader.flag("run_ml_inference").unwrap_or(true),
        }
    }
}

impl Scheduling {
    fn read(mut reader: FieldReader<'_>) -> Self {
        let entry = |mut reader: FieldReader<'_>| ScheduleEntry {
            enabled: reader.flag("enabled").unwrap_or(false),
            interval: reader.text("interval").unwrap_or_default(),
        };
        Self {
            full: reader.nested("full").map(entry),
            incremental: reader.nested("incremental").map(entry),
            access_control: reader.nested("access_control").map(entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;
    use crate::records::words::ValidationState;

    fn read(value: &Value) -> ConnectorRecord {
        ConnectorRecord::read(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_fresh_record_has_neither_pipeline_nor_features_and_no_problems() {
        let record = read(&json!({
            "configuration": {}, "custom_scheduling": {}, "deleted": false, "is_native": false, "name": "",
            "index_name": "jira", "service_type": "jira", "status": "created", "language": null,
            "scheduling": { "full": { "enabled": false, "interval": "0 0 0 * * ?" } },
            "filtering": [{ "domain": "DEFAULT", "active": { "advanced_snippet": { "value": {} }, "rules": [{}],
                            "validation": { "state": "valid", "errors": [] } } }],
        }));
        assert_eq!(record.problems, Vec::<String>::new());
        assert_eq!(
            (record.pipeline.clone(), record.features, record.language.clone()),
            (None, None, None)
        );
        assert_eq!(record.status, Some(ConnectorStatus::Created));
        assert_eq!(record.schedule(&JobType::Full).unwrap().interval, "0 0 0 * * ?");
        let active = &record.filtering[0].active;
        assert_eq!(active.validation_state, Some(ValidationState::Valid));
        assert_eq!((active.rules.len(), active.has_advanced()), (1, None));
    }

    #[test]
    fn everything_is_found_where_the_protocol_puts_it() {
        let record = read(&json!({
            "features": { "sync_rules": { "basic": { "enabled": true }, "advanced": { "enabled": false } },
                          "document_level_security": { "enabled": true }, "filtering_rules": true },
            "pipeline": { "name": "p", "extract_binary_content": false },
            "last_sync_status": "in_progress", "last_access_control_sync_status": "odd_new_word",
            "last_indexed_document_count": 7.0, "last_seen": "2026-08-01T10:00:00.123456+00:00",
            "sync_cursor": { "at": 1 },
        }));
        let features = record.features.unwrap();
        assert_eq!(
            (features.sync_rules_basic, features.sync_rules_advanced),
            (Some(true), Some(false))
        );
        assert_eq!(
            (features.document_level_security, features.incremental_sync),
            (Some(true), None)
        );
        assert_eq!(features.legacy_filtering_rules, Some(true));
        let pipeline = record.pipeline.unwrap();
        assert_eq!(
            (pipeline.extract_binary_content, pipeline.reduce_whitespace),
            (false, true)
        );
        assert_eq!(record.last_sync_status, Some(JobStatus::InProgress));
        assert_eq!(record.last_access_control_sync_status.unwrap().as_str(), "odd_new_word");
        assert_eq!(record.last_indexed_document_count, Some(7));
        assert_eq!(record.last_seen.unwrap().timestamp_micros(), 1_785_578_400_123_456);
        assert_eq!(record.sync_cursor, Some(json!({ "at": 1 })));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_stops_nothing() {
        let record = read(&json!({
            "name": 5, "last_seen": "yesterday", "index_name": "jira",
            "filtering": [{ "draft": { "rules": "none" } }], "scheduling": { "full": { "enabled": "yes" } },
        }));
        assert_eq!(record.index_name.as_deref(), Some("jira"));
        assert_eq!(
            record.problems,
            [
                "filtering[0].draft.rules: an array was expected",
                "last_seen: an ISO 8601 timestamp was expected",
                "name: a string was expected",
                "scheduling.full.enabled: true or false was expected",
            ]
        );
    }
}
