//! The client's words in the engine's: errors of single requests, and the end of a listing. What an error means for the
//! sync is left to the engine.

use jira_client::{ErrorKind, JiraError, ListingEnd};
use sync_engine::sync::{EndOfListing, SourceError};

/// The end mark of the client, which only it can make.
pub(super) struct LastPage<'e>(pub(super) &'e ListingEnd);

impl EndOfListing for LastPage<'_> {
    fn rows(&self) -> u64 {
        self.0.rows()
    }
}

/// A failed request, with what it means for everything else: a refused credential concerns more than one item.
pub(super) fn source_error(error: JiraError) -> SourceError {
    let concerns_everything = matches!(
        error.kind(),
        ErrorKind::Unauthorized | ErrorKind::NotAuthenticated | ErrorKind::AccountChanged
    );
    let mut source_error = SourceError::new(error.to_string(), error.is_retryable());
    if error.kind() == ErrorKind::NotFound {
        source_error = source_error.for_good();
    }
    if concerns_everything {
        source_error.fatal()
    } else {
        source_error
    }
}
