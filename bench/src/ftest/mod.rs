//! `jira-connector-ftest`: one connector from its creation to its last sync, as a user of the framework goes through it.
//!
//! `scenario` is the order of a run. Single behaviours, and what happens when something fails, are for tests/functional.

mod command;
mod options;

mod scenario;

mod changes;
mod kibana;
mod report;
mod values;

pub use command::main;
