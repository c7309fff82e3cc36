//! The access control sync: an identity for every user of Jira, and what has to follow when permissions changed.
//!
//! `access_control` decides what a user may see; the sides that are read and written are known by their ports only.

mod error;
mod ports;
mod run;
mod who_is_missing;

#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;

pub use error::AccessSyncError;
pub use ports::{AccessStore, People, PermissionSource, Presence, StoredIdentity, UserKey};
pub use run::{AccessSync, count_denied};
