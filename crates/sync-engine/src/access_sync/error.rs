//! Names the reasons why an access control sync did not complete. Whoever starts it looks at licence and settings.

use thiserror::Error;

use crate::sync::{SinkError, SourceError, WriteRefused};

/// The reason why an access control sync failed.
#[derive(Debug, Error)]
pub enum AccessSyncError {
    /// Jira does not show its users.
    #[error("{0}")]
    UsersHidden(String),
    /// More identities would go than the guard allows.
    #[error(
        "no identity was removed: {vanishing} of {stored} users are gone or inactive in Jira, more than \
         max_deletion_percent = {max_percent} allows. They find nothing until Jira shows them again. If they really left, allow it once with `jira-connector sync \
         start --type access_control --allow-deletions {vanishing}`. The identities of all others are up to date"
    )]
    TooManyGone {
        /// Users.
        vanishing: u64,
        /// Identities.
        stored: u64,
        /// The guard's share.
        max_percent: u64,
    },
    /// Permissions that Jira should have told could not be read. Everything else was done.
    #[error(
        "identities were written, but {0} could not be read, so users who see something through them alone are denied it \
         until a sync reads them: look at the job's notes for the reasons, and run the sync again"
    )]
    Unresolved(String),
    /// An identity that Elasticsearch refuses could not even be emptied.
    #[error(
        "Elasticsearch refuses {0} identities, and refused to empty them too, so these users may see what they should not \
         any more: look at the log for the reasons, or delete the index of identities and run the sync again"
    )]
    NotEmptied(u64),
    /// Jira failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Writing failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The job may be somebody else's by now.
    #[error(transparent)]
    Refused(#[from] WriteRefused),
}
