//! Reads what Jira says when it refuses: status, headers, and the four forms of error bodies, HTML included.
//!
//! Others decide what to do about it (retry, split, give up).

use std::collections::BTreeMap;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::config::{Auth, Edition, JiraConfig};
use crate::error::{Answer, JiraError};

/// Longest text taken over from an answer, in characters.
const LONGEST_WORDS: usize = 200;

/// The settings a user has to look at when the credential is refused.
pub(crate) fn credential_cure(config: &JiraConfig) -> &'static str {
    match (config.edition, &config.auth) {
        (Edition::Cloud, Auth::Basic { .. }) => {
            "check account_email and api_token, and that jira_url is the site the token belongs to; the token may \
             have expired, and one with scopes needs cloud_auth_method scoped_token"
        }
        (Edition::Cloud, Auth::ClientCredentials { .. }) => {
            "check that the service account has access to Jira on the site of jira_url"
        }
        (Edition::Cloud, _) => "check the access token; it may have expired",
        (Edition::Server, _) => "check username and password",
        (Edition::DataCenter, Auth::Basic { .. }) => {
            "check data_center_username and data_center_password; version 11 has basic authentication off unless an \
             administrator allows it"
        }
        (Edition::DataCenter, _) => {
            "check data_center_personal_access_token; it may have expired, and versions before 8.14 know none"
        }
    }
}

/// The headers of a refusal, beside the words of its body.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    /// Jira wants a CAPTCHA solved before it takes this login again.
    pub(crate) login_denied: bool,
    /// The token lacks a scope.
    lacks_scope: bool,
    /// The limit that a 429 names, as `RateLimit-Reason` does.
    limit: Option<String>,
    /// The limit of this account is nothing at all.
    blocked: bool,
}

impl Signs {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let limit = headers.get("ratelimit-reason").and_then(|reason| reason.to_str().ok());
        Self {
            login_denied: header_has(headers, "x-seraph-loginreason", "AUTHENTICATION_DENIED")
                || headers.contains_key("x-authentication-denied-reason"),
            lacks_scope: header_has(headers, "www-authenticate", "insufficient_scope"),
            limit: limit.map(shorten).filter(|limit| !limit.is_empty()),
            blocked: headers.get("x-ratelimit-limit").is_some_and(|limit| limit == "0"),
        }
    }
}

pub(crate) fn header_has(headers: &HeaderMap, name: &str, text: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
}

/// The error for a 4xx or 5xx answer.
pub(crate) fn refusal(mut answer: Answer, signs: &Signs, credential_cure: &'static str) -> JiraError {
    let status = answer.status;
    let lacks_scope = signs.lacks_scope || names_missing_scope(&answer.words);
    answer.cure = cure(&answer, signs, lacks_scope, credential_cure);
    let answer = Box::new(answer);
    match status {
        400 => JiraError::BadRequest(answer),
        401 | 403 if lacks_scope => JiraError::MissingScope(answer),
        401 => JiraError::Unauthorized(answer),
        403 => JiraError::Forbidden(answer),
        404 => JiraError::NotFound(answer),
        410 => JiraError::Gone(answer),
        429 => JiraError::RateLimited(answer),
        500.. => JiraError::ServerError(answer),
        _ => JiraError::Refused(answer),
    }
}

fn cure(answer: &Answer, signs: &Signs, lacks_scope: bool, credential_cure: &str) -> String {
    if signs.login_denied {
        return "too many failed logins: correct the password in the connector first, then log in once with a browser \
                and solve the CAPTCHA"
            .to_owned();
    }
    match answer.status {
        401 | 403 if lacks_scope => {
            "create the token with the scopes read:jira-work and read:jira-user, and manage:jira-configuration for \
             document level security"
                .to_owned()
        }
        401 => credential_cure.to_owned(),
        403 if answer.words.contains("Connect Session Auth Token") => {
            "a Cloud site answers, and takes no token by itself: set data_source to jira_cloud, with account_email \
             and api_token"
                .to_owned()
        }
        403 if names_basic_authentication(&answer.words) => {
            "this Jira takes no passwords: set data_center_auth_method to personal_access_token, or have an \
             administrator allow basic authentication"
                .to_owned()
        }
        403 if names_address(&answer.words) => {
            "the site's IP allowlist does not let this machine in: an administrator has to add its address".to_owned()
        }
        403 => "the account needs the permission, or the address of this machine must be allowed in".to_owned(),
        407 => "the proxy that the environment names wants a login: put it into HTTP_PROXY or HTTPS_PROXY".to_owned(),
        410 => "check that data_source is the edition that answers at jira_url".to_owned(),
        429 if signs.blocked => {
            "this account is allowed no requests at all: an administrator has to exempt it from rate limiting, or give \
             it a limit"
                .to_owned()
        }
        429 => match &signs.limit {
            Some(limit) => format!("the limit {limit} is used up; sync less often, or have it raised"),
            None => "a limit of requests is used up; sync less often, or have it raised".to_owned(),
        },
        _ => String::new(),
    }
}

/// The gateway for scoped tokens says so in English whatever the account's language.
fn names_missing_scope(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["scope does not match", "insufficient_scope", "insufficient scope"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// Atlassian's edge speaks English, too.
fn names_address(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["ip address", "ip allowlist", "ip-allowlist", "ip allow list"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// Data Center says so in its own English, whatever the account's language.
fn names_basic_authentication(words: &str) -> bool {
    words.to_ascii_lowercase().contains("basic authentication")
}

/// Jira's own words: the messages of a JSON body, else the visible text.
pub(crate) fn words(body: &[u8]) -> String {
    let spoken = match serde_json::from_slice::<Value>(body) {
        Ok(json) => json_words(&json).join("; "),
        Err(_) => visible_text(&String::from_utf8_lossy(body)),
    };
    shorten(&spoken)
}

/// What a JSON body says of single fields.
pub(crate) fn fields(body: &[u8]) -> BTreeMap<String, String> {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let errors = json.get("errors").and_then(Value::as_object).into_iter().flatten();
    errors
        .filter_map(|(name, text)| Some((name.clone(), shorten(text.as_str()?))))
        .collect()
}

fn json_words(json: &Value) -> Vec<String> {
    let mut words = Vec::new();
    match json {
        Value::String(text) => words.push(text.clone()),
        Value::Object(members) => {
            for name in [
                "errorMessages",
                "warningMessages",
                "errors",
                "message",
                "detail",
                "error",
                "error_description",
            ] {
                if let Some(value) = members.get(name) {
                    collect(value, &mut words);
                }
            }
            if words.is_empty()
                && let Some(title) = members.get("title")
            {
                collect(title, &mut words);
            }
        }
        _ => {}
    }
    words
}

fn collect(value: &Value, words: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => words.push(text.trim().to_owned()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) => words.push(format!("{name}: {text}")),
                    other => collect(other, words),
                }
            }
        }
        _ => {}
    }
}

/// Text between tags, without scripts and styles.
fn visible_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(' ');
        rest = &rest[open..];
        let hidden = ["script", "style", "!--"].into_iter().find(|name| {
            rest.get(1..1 + name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        });
        let end = match hidden {
            Some("!--") => rest.find("-->").map(|at| at + 3),
            Some(name) => {
                let closing = format!("</{name}");
                rest.to_ascii_lowercase().find(&closing).map(|at| at + closing.len())
            }
            None => rest.find('>').map(|at| at + 1),
        };
        let Some(end) = end else { return text };
        rest = &rest[end..];
        if hidden.is_some_and(|name| name != "!--") {
            rest = rest.find('>').map_or("", |at| &rest[at + 1..]);
        }
    }
    text.push_str(rest);
    text
}

fn shorten(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(LONGEST_WORDS) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// Whether a status may come with a wait that the server names.
pub(crate) fn may_name_wait(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::words;

    #[test_case("<p>One</p><!-- <b>hidden</b> --><p>two" => "One two"; "comment")]
    #[test_case("<SCRIPT>if (a<b) {}</SCRIPT >Text" => "Text"; "script in capitals")]
    #[test_case("<style>p{}" => ""; "style without end")]
    #[test_case("a < b" => "a"; "a bare sign")]
    #[test_case("\u{1F980}<b>ä" => "\u{1F980} ä"; "non-ASCII")]
    #[test_case("  two \n\t words " => "two words"; "blanks")]
    #[test_case(r#"{"errorMessages":[],"errors":{"a":{"b":"deep"}},"message":null}"# => "b: deep"; "nested errors")]
    #[test_case(r#"["list"]"# => ""; "no envelope")]
    #[test_case("" => ""; "nothing")]
    fn text_for_people(body: &str) -> String {
        words(body.as_bytes())
    }

    proptest! {
        #[test]
        fn any_body_gives_short_words(body in any::<Vec<u8>>(), html in "(<|>|/|!|-|script|style|ä| ){0,60}") {
            prop_assert!(words(&body).chars().count() <= 201);
            prop_assert!(words(html.as_bytes()).chars().count() <= 201);
        }
    }
}
