//! Jira as a data source: the connector's configuration fields, listings, documents and attachments.
//!
//! Jira's wire format is known to `jira-client` only; what a sync does with the documents is decided in `sync`.

pub mod documents;
pub mod field_definitions;
pub mod settings;

mod boards;
mod capabilities;
mod children;
mod confirmation;
mod connection;
mod custom_fields;
mod engine_terms;
mod extra_capabilities;
mod extras;
mod file_content;
mod jira_source;
mod jql_quote;
mod jql_time;
mod login;
mod login_error;
pub mod permissions;
mod ranges;
mod rule_check;
mod scope;
mod site_address;
mod touched_projects;

pub use capabilities::{Capability, capabilities};
pub use custom_fields::CustomFieldNames;
pub use file_content::FileExtraction;
pub use jira_source::JiraSource;
pub use login::Login;
pub use login_error::LoginError;
pub use rule_check::{AdvancedCheck, check_advanced, field_types};
pub use settings::{InvalidSettings, JiraSettings};
