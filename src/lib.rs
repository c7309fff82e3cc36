//! jira-connector: keeps everything in Jira searchable in Elasticsearch, and carries alerts and findings the other way.
//!
//! Modules in reading order. The program starts in `main.rs`, which hands over to `cli`. What decides in a sync is the
//! crate `sync-engine`.

pub mod cli;
pub mod http;
pub mod operations;
pub mod worker;

pub mod inbound;
pub mod outbound;

pub mod clients;
pub mod config;
pub mod coordination;
pub mod forms;
pub mod telemetry;
