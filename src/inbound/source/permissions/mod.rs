//! Jira's permissions, read and put into the terms of `access_control`: schemes, levels, roles, groups, users, and what
//! the fields of an issue say about its readers.
//!
//! `access_control` decides who may see what; `jira-client` knows the wire format.

mod denial;
mod document_access;
mod facts;
mod holders;
mod identities;
mod issue_readers;
mod levels;
mod logins;
mod role_names;
mod schemes;

pub use document_access::{AccessOfIssue, DocumentAccess};
pub use identities::{IdentityReader, cannot_list_users};
