//! Documents as the framework's Jira connector shapes them, plus what it lacks. Pure: no I/O, no clock.
//!
//! Fields and `_id`s are a contract: an index that the framework made is taken over without re-creating documents.

mod attachment;
mod board;
mod clean;
mod context;
mod entry;
mod file_rules;
mod history;
mod issue;
mod neighbours;
mod project;
mod readers;
mod request;
mod restricted;
#[cfg(test)]
mod samples;
mod side_doors;
mod sprint;

pub use attachment::{Attachments, attachments};
pub use board::{board, sprint};
pub use clean::clean;
pub use context::DocumentContext;
pub use entry::restricted_entry;
pub use file_rules::FileRules;
pub use history::{HistoryTexts, history_entry};
pub use issue::{CUSTOM_FIELDS, issue};
pub use neighbours::neighbours;
pub use project::project;
pub use readers::allow;
pub use request::{REQUEST_FIELD, RequestFields};
pub use restricted::{Restricted, RestrictedEntry, take_restricted};
pub use side_doors::SideDoors;
