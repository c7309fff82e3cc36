//! Judges redirects by hand: where they lead, whether that is a login form, whether credentials may come along.
//!
//! Following them is left to the download; requests to the API never follow any.

use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use crate::error::{JiraError, RequestLine};

/// The target of a redirect, resolved against the address that gave it.
pub(crate) fn target(from: &Url, headers: &HeaderMap, request: &RequestLine) -> Result<Url, JiraError> {
    let location = headers
        .get(LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    location
        .as_deref()
        .and_then(|location| from.join(location).ok())
        .ok_or_else(|| JiraError::UnsafeRedirect {
            request: request.clone(),
            target: "nowhere".to_owned(),
            reason: "it names no address that can be read".to_owned(),
        })
}

/// Scheme, host and path: the query may hold a signature.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

/// Scheme, host and port alike: credentials may go there.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether the path is one of a login form, as Jira, single sign-on plug-ins and proxies name them.
pub(crate) fn leads_to_login(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    [
        "login",
        "signin",
        "sign-in",
        "saml",
        "oauth2/authorize",
        "/sso",
        "/adfs/",
    ]
    .iter()
    .any(|mark| path.contains(mark))
}

/// A redirect of the API is never followed; it says what is wrong with the address or the login.
pub(crate) fn api_redirect(from: &Url, headers: &HeaderMap, request: &RequestLine) -> JiraError {
    let to = match target(from, headers, request) {
        Ok(to) => to,
        Err(error) => return error,
    };
    if leads_to_login(&to) {
        return JiraError::LoginPage {
            request: request.clone(),
            detail: format!("redirected to {}", shown(&to)),
        };
    }
    JiraError::UnsafeRedirect {
        request: request.clone(),
        target: shown(&to),
        reason: "set jira_url to the address that answers without a redirect".to_owned(),
    }
}
