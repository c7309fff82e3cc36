//! Jira's permissions, read and put into the terms of `access_control`: schemes, levels, roles, groups, users, and what
//! the fields of an issue say about its readers.
//!
//! `access_control` decides who may see what; `jira-client` knows the wire format.

mod denial;
mod document_access;
mod facts;
mod holders;
mod identities;
mod levels;
mod logins;
mod schemes;

pub use document_access::{AccessOfIssue, DocumentAccess};
pub use identities::{IdentityReader, People, Presence, cannot_list_users};
