//! Treats a failure to read one permission like a refusal: whatever depends on it is denied.
//!
//! Failures of the whole Jira, of its network or of the login are left to the job, which ends with them and changes
//! nobody's access.

use jira_client::{ErrorKind, JiraError, Permitted};

/// Counts the failure of one resource as a refusal.
pub(super) fn or_denied<T>(answer: Result<Permitted<T>, JiraError>) -> Result<Permitted<T>, JiraError> {
    match answer {
        Err(error) if concerns_one_resource(error.kind()) => Ok(Permitted::Refused(error.to_string())),
        other => other,
    }
}

fn concerns_one_resource(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Forbidden
        | ErrorKind::MissingScope
        | ErrorKind::NotFound
        | ErrorKind::BadRequest
        | ErrorKind::Gone
        | ErrorKind::Refused
        | ErrorKind::ServerError
        | ErrorKind::LoginPage
        | ErrorKind::BadAnswer
        | ErrorKind::Truncated
        | ErrorKind::TooLarge
        | ErrorKind::Timeout => true,
        ErrorKind::Config
        | ErrorKind::Unauthorized
        | ErrorKind::NotAuthenticated
        | ErrorKind::RateLimited
        | ErrorKind::RepeatedToken
        | ErrorKind::AccountChanged
        | ErrorKind::Tls
        | ErrorKind::Connect
        | ErrorKind::UnsafeRedirect
        | ErrorKind::TooManyIds
        | ErrorKind::BrokenListing
        | ErrorKind::OutcomeUnknown => false,
    }
}
