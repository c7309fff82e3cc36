//! Says what an answer, or the lack of one, means for the request. Whether it is sent again is decided in `client`.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::SystemTime;

use http_kit::ConnectionFault;
use http_kit::FaultKind;
use http_kit::NotDone;
use http_kit::named_wait;
use http_kit::redacted;
use reqwest::Response;
use reqwest::StatusCode;
use serde_json::Value;

/// Largest answer. Every question names its columns, so pages are small.
const LIMIT: usize = 16 * 1024 * 1024;
/// As much of the server's words as is shown.
const WORDS: usize = 500;
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Taken when a refusal for the rate names no wait.
const USUAL_WAIT: Duration = Duration::from_secs(60);

/// A try that came to nothing.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) kind: FaultKind,
    pub(crate) unauthorized: bool,
    pub(crate) named_wait: Option<Duration>,
    pub(crate) not_done: NotDone,
}

impl Failed {
    pub(crate) fn new(kind: FaultKind, not_done: NotDone) -> Self {
        Self {
            kind,
            unauthorized: false,
            named_wait: None,
            not_done,
        }
    }

    /// False only when the instance surely did not act.
    pub(crate) fn may_have_acted(&self) -> bool {
        matches!(self.not_done, NotDone::Unknown(_))
    }
}

/// A request that reads changes nothing, so that nothing about it is unknown.
pub(crate) fn lost(words: String, writes: bool) -> NotDone {
    if writes {
        NotDone::Unknown(words)
    } else {
        NotDone::NotSent(words)
    }
}

pub(crate) fn not_reached(error: reqwest::Error, writes: bool) -> NotDone {
    let fault = ConnectionFault::of(error);
    let writes = writes && fault.may_have_acted();
    let words = match fault {
        ConnectionFault::ConnectTimeout { reason } | ConnectionFault::Connect { reason } => {
            format!("ServiceNow cannot be reached, check `apiUrl`: {reason}")
        }
        ConnectionFault::Tls { reason, .. } => format!("the certificate of ServiceNow is not trusted: {reason}"),
        ConnectionFault::Unsendable { reason } => format!("the request cannot be sent: {reason}"),
        ConnectionFault::AnswerTimeout => "ServiceNow did not answer in time".to_owned(),
        ConnectionFault::Interrupted { reason } => format!("the connection to ServiceNow broke: {reason}"),
    };
    lost(words, writes)
}

/// The JSON of a 2xx answer.
pub(crate) async fn read(mut response: Response, writes: bool, secrets: &[String]) -> Result<Value, Failed> {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    let whole = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LIMIT => body.extend_from_slice(&chunk),
            Ok(None) => break true,
            Ok(Some(_)) | Err(_) => break false,
        }
    };
    if status.is_success() {
        if !whole {
            return Err(Failed::new(
                FaultKind::Passing,
                lost("the answer of ServiceNow broke off".to_owned(), writes),
            ));
        }
        return serde_json::from_slice(&body).map_err(|_| no_json(&body, writes));
    }
    let message = format!("{}{}", words(&body, status, secrets), cure(status));
    let named = named_wait(&headers, SystemTime::now(), LONGEST_WAIT);
    let (kind, not_done) = match status {
        StatusCode::TOO_MANY_REQUESTS => (
            FaultKind::Limited,
            NotDone::Throttled {
                wait: named.unwrap_or(USUAL_WAIT),
                message,
            },
        ),
        StatusCode::REQUEST_TIMEOUT => (FaultKind::Passing, lost(message, writes)),
        _ if status.is_server_error() => (FaultKind::Passing, lost(message, writes)),
        _ => (
            FaultKind::Final,
            NotDone::Refused {
                status: status.as_u16(),
                message,
                fields: BTreeMap::new(),
            },
        ),
    };
    Err(Failed {
        unauthorized: status == StatusCode::UNAUTHORIZED,
        named_wait: named,
        ..Failed::new(kind, not_done)
    })
}

/// An instance that sleeps answers every request with a page and status 200, and does nothing.
fn no_json(body: &[u8], writes: bool) -> Failed {
    if String::from_utf8_lossy(body).to_lowercase().contains("hibernat") {
        let words = "the ServiceNow instance is hibernating: wake it up in the developer portal";
        return Failed::new(FaultKind::Final, NotDone::NotSent(words.to_owned()));
    }
    let words = "ServiceNow answered with a page instead of JSON: check that `apiUrl` is the address of the instance and that it is awake";
    Failed::new(FaultKind::Lasting, lost(words.to_owned(), writes))
}

/// The server's words. Its pages are not repeated.
fn words(body: &[u8], status: StatusCode, secrets: &[String]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |pointer: &str| {
        answer
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
            .trim()
            .to_owned()
    };
    let parts = [
        text("/error/message"),
        text("/error/detail"),
        text("/error"),
        text("/error_description"),
    ];
    let said: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let said = redacted(said.join(": "), secrets.iter().map(String::as_str));
    let said: String = said.chars().take(WORDS).collect();
    format!(
        "ServiceNow answered {}{}{said}",
        status.as_u16(),
        if said.is_empty() { "" } else { ": " }
    )
}

fn cure(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => {
            " (check the user and its password, or the OAuth client; the user may be locked out)"
        }
        StatusCode::FORBIDDEN => " (the user lacks a role, or a rule of the table refuses the values)",
        _ if status.is_redirection() => " (it redirects: check `apiUrl`)",
        _ => "",
    }
}
