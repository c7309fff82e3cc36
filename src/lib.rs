//! jira-connector: keeps everything in Jira searchable in Elasticsearch.
//!
//! Modules in reading order. The program starts in `main.rs`, which hands over to `cli`.

pub mod config;
pub mod sync;
pub mod source;
pub mod sink;
pub mod telemetry;
