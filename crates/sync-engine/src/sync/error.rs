//! Names the reasons why a sync did not complete. The job turns them into its `error` text.

use thiserror::Error;

use super::sink::SinkError;
use super::source::SourceError;
use super::write_fence::WriteRefused;

/// The reason why a sync stopped. What was acknowledged before stays indexed; nothing was deleted unless the
/// variant says so.
#[derive(Debug, Error)]
pub enum SyncError {
    /// Jira could not be read completely.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Elasticsearch did not take what was written, or too much of it was refused.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The listing ended without proof that every page arrived.
    #[error("the listing of issues is not complete: {0}; nothing was deleted, run the sync again")]
    IncompleteListing(String),
    /// More would be deleted than the guard allows.
    #[error("{0}")]
    DeletionRefused(String),
    /// Search does not show issues that can still be read: deleting by its word would lose documents.
    #[error(
        "Jira's search left out {lagging} issues that can still be read ({percent:.1} % of those listed); they were \
         indexed and nothing was deleted. The search index is behind: run the sync again later"
    )]
    SearchLags {
        /// Issues that were found by asking for them by id.
        lagging: u64,
        /// Their share of the listing, in percent.
        percent: f64,
    },
    /// Jira lists no issue, and there are some.
    #[error(
        "Jira's search lists no issue at all, and {0} can be read: the search index is being built, or its answers are cut; \
         nothing was deleted. Look at the index in Jira's administration, then run the sync again"
    )]
    NothingListed(String),
    /// Jira lists issues and delivers none of them.
    #[error(
        "Jira's search lists {0} issues, and none of them can be read: look at the permissions of the account that Jira is \
         read with, and at a proxy in between; nothing was deleted"
    )]
    NothingDelivered(usize),
    /// More single items failed than can be carried on to the next sync.
    #[error(
        "{0} issues could not be read, more than the 1000 that the next sync could try again; see the log and the job's \
         metadata for the reasons"
    )]
    TooManyFailures(usize),
    /// The job was lost or stopped before anything could be written.
    #[error(transparent)]
    WriteRefused(#[from] WriteRefused),
    /// Someone asked for it to stop, or the service is going down.
    #[error("the sync was stopped before it finished")]
    Stopped,
    /// A task of the engine ended by panicking: a defect of this program.
    #[error("a task of the sync ended unexpectedly: {0}; please report this with the log of the worker")]
    TaskFailed(String),
}

impl SyncError {
    /// Whether what ended the sync passes by itself, so that a later sync may go on where this one came to.
    pub fn passes(&self) -> bool {
        match self {
            Self::Source(error) => error.is_retryable(),
            Self::Sink(SinkError::Elasticsearch(_) | SinkError::Stuck(_)) => true,
            _ => false,
        }
    }
}
