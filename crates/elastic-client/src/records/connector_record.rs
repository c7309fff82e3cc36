//! A document of `.elastic-connectors`. Defaults for what is absent are left to the reader of the record, except where a
//! flag can only mean false.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::records::field_reader::FieldReader;
use crate::records::filtering::Filtering;
use crate::records::words::{ConnectorStatus, JobStatus, JobType};

/// A connector record. Members that are absent, null or of the wrong type are `None` or empty; the last are named in
/// `problems`.
#[derive(Clone, Debug, Default, PartialEq)]
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

impl ConnectorRecord {
    pub(crate) fn read(raw: Map<String, Value>) -> Self {
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
