//! Tells Jira's answers from the pages of whatever stands before it.

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::error::{JiraError, RequestLine};

use super::body::{content_type, read_some};
use super::refusal::words;

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).contains("json")
}

/// Changes are answered with JSON or with nothing at all.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let content_type = content_type(headers);
    !content_type.is_empty() && !content_type.contains("json")
}

/// Jira's own errors have `errorMessages`; those of gateways, proxies and unknown routes do not.
pub(super) fn is_jira_envelope(headers: &HeaderMap, body: &[u8]) -> bool {
    let parsed = serde_json::from_slice::<Value>(body).unwrap_or_default();
    is_json(headers) && parsed.get("errorMessages").is_some_and(|messages| !messages.is_null())
}

/// A 2xx that is no JSON: mostly a login form or a proxy's page.
pub(super) async fn not_json(response: &mut Response, line: &RequestLine) -> JiraError {
    let content_type = content_type(response.headers());
    let start = words(&read_some(response, 4096).await);
    if content_type.contains("html") || content_type.is_empty() && start.contains('<') {
        return JiraError::LoginPage {
            request: line.clone(),
            detail: format!("{content_type}: {start}"),
        };
    }
    let named = if content_type.is_empty() {
        "no content type".to_owned()
    } else {
        content_type
    };
    JiraError::BadAnswer {
        request: line.clone(),
        path: ".".to_owned(),
        reason: format!("{named} instead of JSON"),
    }
}
