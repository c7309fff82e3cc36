//! What an error of Jira means for the caller: was anything written, can a repeat help.

use std::collections::BTreeMap;
use std::time::Duration;

use http_kit::NotDone;
use jira_client::{ErrorKind, JiraError};

/// When Jira limits the rate and names no wait.
const UNNAMED_WAIT: Duration = Duration::from_secs(30);

/// Of a request that only reads, or that makes something: whether that was made is part of the error.
pub(super) fn not_done(doing: &str, error: JiraError) -> NotDone {
    said(doing, error, NotDone::NotSent)
}

/// Of a change that may have been carried out although no answer came.
pub(super) fn maybe_done(doing: &str, error: JiraError) -> NotDone {
    said(doing, error, NotDone::Unknown)
}

/// The account or the caller asks for what cannot be.
pub(super) fn refused(message: impl Into<String>) -> NotDone {
    NotDone::Refused {
        status: 400,
        message: message.into(),
        fields: BTreeMap::new(),
    }
}

fn said(doing: &str, error: JiraError, unanswered: fn(String) -> NotDone) -> NotDone {
    let message = format!("[Action][Jira]: Unable to {doing}. {}", words(&error));
    let fields = error.answer().map(|answer| answer.fields.clone()).unwrap_or_default();
    let status = error.status().unwrap_or(400);
    match error.kind() {
        ErrorKind::RateLimited => NotDone::Throttled {
            wait: error.retry_after().unwrap_or(UNNAMED_WAIT),
            message,
        },
        // Somebody else changed the issue at the same moment.
        ErrorKind::Refused if status == 409 => NotDone::NotSent(message),
        ErrorKind::Unauthorized
        | ErrorKind::NotAuthenticated
        | ErrorKind::Forbidden
        | ErrorKind::MissingScope
        | ErrorKind::NotFound
        | ErrorKind::BadRequest
        | ErrorKind::Gone
        | ErrorKind::Refused
        | ErrorKind::Config
        | ErrorKind::AccountChanged
        | ErrorKind::TooManyIds => NotDone::Refused {
            status,
            message,
            fields,
        },
        ErrorKind::OutcomeUnknown => NotDone::Unknown(message),
        _ => unanswered(message),
    }
}

/// The words of the error, with a cure in the names that this connector's settings have.
fn words(error: &JiraError) -> String {
    let cure = match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::NotAuthenticated => {
            "look at email and apiToken, or personalAccessToken; a Cloud token with scopes needs apiUrl \
             https://api.atlassian.com/ex/jira/{cloudId}"
        }
        ErrorKind::MissingScope => {
            "create the token with the scopes read:jira-work, write:jira-work and read:jira-user"
        }
        ErrorKind::Forbidden => "the account needs the permission in the project",
        _ => return error.to_string(),
    };
    match error.answer() {
        Some(answer) if answer.words.is_empty() => format!("{} answered {}: {cure}", answer.request, answer.status),
        Some(answer) => format!(
            "{} answered {}: {} ({cure})",
            answer.request, answer.status, answer.words
        ),
        None => format!("{error} ({cure})"),
    }
}
