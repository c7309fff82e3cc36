//! From Jira to Elasticsearch: jobs and their schedules, Jira as a source, the content index as a sink. What decides in
//! a sync is left to the crate `sync-engine`.

pub mod records;

pub mod connectors;
pub mod jobs;
pub mod schedules;

pub mod sink;
pub mod source;
pub mod text_extraction;
