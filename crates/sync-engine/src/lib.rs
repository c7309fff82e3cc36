//! Decides in a sync: what is listed, fetched, written and removed, who may see it, which documents are wanted.
//!
//! It knows its source and its sink by traits only; neither Jira, Elasticsearch nor HTTP appears here.

pub mod sync;
pub mod sync_rules;

pub mod access_control;
pub mod access_sync;

#[cfg(test)]
mod memory;
