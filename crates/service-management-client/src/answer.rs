//! What an answer means: accepted, refused and why, throttled and how long, or nobody knows.

use std::collections::BTreeMap;
use std::time::Duration;

use http_kit::NotDone;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value};

/// Waits that the API names are kept up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A throttled caller waits this long when the API does not say.
const USUAL_WAIT: Duration = Duration::from_secs(30);

/// The wait that a throttled caller was told, or the usual one.
pub(crate) fn wait(headers: &HeaderMap) -> Duration {
    let seconds = ["x-ratelimit-period-in-sec", "retry-after"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse::<u64>().ok());
    seconds.map_or(USUAL_WAIT, Duration::from_secs).min(LONGEST_WAIT)
}

/// A refusal in the API's words, with the cure where there is one.
pub(crate) fn refusal(status: u16, body: &[u8], content_type: &str) -> NotDone {
    let parsed: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    let Some(parsed) = parsed else {
        return NotDone::Refused {
            status,
            message: format!(
                "Status code: {status}. This is not the alert API: something else answered ({content_type}), such as a \
                 proxy or a login page; look at apiUrl"
            ),
            fields: BTreeMap::new(),
        };
    };
    let words = parsed
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("no explanation");
    let fields = fields(parsed.get("errors"));
    let mut message = format!("Status code: {status}. Message: {words}");
    if !fields.is_empty() {
        let named: Vec<String> = fields
            .iter()
            .map(|(field, problem)| format!("{field}: {problem}"))
            .collect();
        message += &format!(" ({})", named.join("; "));
    }
    if let Some(cure) = cure(status, words) {
        message += &format!(". {cure}");
    }
    NotDone::Refused {
        status,
        message,
        fields,
    }
}

/// The integration API names fields; the other API of the product gives a list of titles.
fn fields(errors: Option<&Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match errors {
        Some(Value::Object(errors)) => errors
            .iter()
            .map(|(field, problem)| (field.clone(), text(problem)))
            .collect(),
        Some(Value::Array(errors)) => {
            let titled = errors.iter().enumerate();
            titled
                .map(|(number, error)| (number.to_string(), text(error.get("title").unwrap_or(error))))
                .collect()
        }
        _ => BTreeMap::new(),
    }
}

fn cure(status: u16, words: &str) -> Option<&'static str> {
    match status {
        401 => Some(
            "apiKey is the key of an API integration of a team, not an API token of an Atlassian account; the integration \
             may be switched off, and Opsgenie accounts of the EU are at https://api.eu.opsgenie.com",
        ),
        422 if words.contains("authenticate") => {
            Some("apiKey is the key of an API integration of a team, not an API token of an Atlassian account")
        }
        402 => Some("the plan of the account does not allow this"),
        403 => Some("the integration may not do this: give it the right to create and update alerts"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_is_wrong_is_named() {
        let body =
            br#"{"message":"Request body is not processable.","errors":{"message":"must not be empty"},"took":0.1}"#;
        let NotDone::Refused { message, fields, .. } = refusal(422, body, "application/json") else {
            panic!("it is a refusal")
        };
        assert_eq!(fields["message"], "must not be empty");
        assert!(
            message.contains("Status code: 422.") && message.contains("message: must not be empty"),
            "{message}"
        );
    }

    #[test]
    fn a_page_of_a_proxy_is_told_from_the_api() {
        let NotDone::Refused { message, .. } = refusal(200, b"<html>sign in</html>", "text/html") else {
            panic!("it is a refusal")
        };
        assert!(
            message.contains("text/html") && !message.contains("sign in"),
            "{message}"
        );
    }
}
