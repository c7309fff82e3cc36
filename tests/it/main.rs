//! The command line as its users meet it: what it prints, which files it writes, how it fails.
//!
//! Whole syncs and what they leave in the index are in `tests/functional`, whose harness is used here too.

#![expect(clippy::print_stderr, reason = "a failed test shows the log of the program")]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends with a panic; helpers are tests too"
)]

#[path = "../functional/harness/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the functional tests use the rest of the harness"
)]
mod harness;

mod access_licence;
mod access_model;
mod actions;
mod check;
mod configuration_errors;
mod connector_change;
mod connector_create;
mod connector_show;
mod elastic_ingest;
mod elasticsearch_errors;
mod extraction_service;
mod framework_connectors;
mod jira_errors;
mod observability;
mod permission_model;
mod prometheus;
mod readme;
mod shipped_files;
mod sync_jobs;
mod text_extraction;
