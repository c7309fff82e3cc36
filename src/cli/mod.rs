//! The command line: what the commands are called, what they take, what they print. The only code that prints.
//!
//! Work is done by `service`, `source` and `elastic-client`; this module asks them and shows what came of it.

mod access_arguments;
mod arguments;
mod connector_arguments;
mod sync_arguments;

mod exit;
mod output;
mod prompt;

mod access;
mod access_check;
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
mod interview;
mod progress_display;
mod rules;
mod rules_arguments;
mod rules_file;
mod rules_report;
mod run;
mod sync_list;
mod sync_now;
mod sync_show;
mod sync_start;
mod sync_watch;
mod verify;

pub use arguments::Arguments;
pub use exit::main;
