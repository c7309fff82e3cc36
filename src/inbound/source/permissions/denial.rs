//! Treats a failure to read one permission like a refusal: whatever depends on it is denied.
//!
//! Failures of the whole Jira, of its network or of the login are left to the job, which ends with them and changes
//! nobody's access.

use jira_client::{ErrorKind, JiraError, Permitted};
use sync_engine::access_control::Known;

/// Tells a refusal and the failure of one resource from failures that concern everything.
pub(super) fn known<T>(answer: Result<Permitted<T>, JiraError>) -> Result<Known<T>, JiraError> {
    match answer {
        Ok(Permitted::Read(value)) => Ok(Known::Read(value)),
        Ok(Permitted::Refused(words)) => Ok(Known::Refused(words)),
        Err(error) if concerns_one_resource(error.kind()) => Ok(Known::Failed(error.to_string())),
        Err(error) => Err(error),
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
