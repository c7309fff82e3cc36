//! jira-connector: keeps everything in Jira searchable in Elasticsearch.
//!
//! Modules in reading order. The program starts in `main.rs`, which hands over to `cli`.

pub mod cli;
pub mod config;
pub mod service;
pub mod sync;
pub mod sync_rules;

pub mod access_control;

pub mod sink;
pub mod source;
pub mod text_extraction;

pub mod telemetry;
