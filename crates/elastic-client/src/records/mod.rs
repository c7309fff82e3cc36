//! Connector records and sync jobs as typed values. Reading them is forgiving: a member of the wrong type is left out
//! and noted in `problems`, so that one odd record cannot stop a service. Writing is left to partial updates.

mod words;

mod timestamp;

mod field_reader;

mod filtering;

mod connector_record;

mod job_metadata;
mod sync_job_record;

pub use connector_record::{ConnectorRecord, Features, PipelineSettings, ScheduleEntry, Scheduling};
pub use filtering::{Filtering, FilteringRules};
pub use job_metadata::JobMetadata;
pub use sync_job_record::{JobConnector, SyncJobRecord};
pub use words::{ConnectorStatus, JobStatus, JobType, TriggerMethod, ValidationState};
