//! Looks at Elasticsearch and at each connector's Jira, and names what is missing.

mod access;
mod cluster;
mod connector;
mod everything;
mod findings;
mod index_state;
mod privileges;

pub use everything::check;
pub use findings::{Finding, Findings};
