//! The command line: what the commands are called, what they take, what they print. The only code that prints.
//!
//! Work is done by `operations`; this module asks for what it needs and shows what came of it.

mod access_arguments;
mod arguments;
mod connector_arguments;
mod sync_arguments;

mod error;
mod output;
mod prompt;

mod dispatch;
mod entry;

mod access;
mod actions;
mod check;
mod config_file;
mod connector_configure;
mod connector_create;
mod connector_delete;
mod connector_schedule;
mod connector_show;
mod context;
mod dry_run;
mod elastic_ingest;
mod field_values;
mod framework_connectors;
mod interview;
mod progress_display;
mod rules;
mod rules_arguments;
mod rules_file;
mod rules_report;
mod service;
mod sync_list;
mod sync_now;
mod sync_show;
mod sync_start;
mod sync_watch;
mod verify;

pub use arguments::Arguments;
pub use entry::main;
