//! Turns faults of the connection into errors that name host, port and reason.
//!
//! Answers that arrived whole but refuse are read in `refusal`.

use std::error::Error;
use std::io;
use std::time::Duration;

use url::Url;

use crate::error::{JiraError, RequestLine};

use super::gate::PauseScope;
use super::proxies::Proxies;

/// A try that failed, and what it slows down.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: JiraError,
    pub(crate) slows: Option<PauseScope>,
}

impl From<JiraError> for Failure {
    fn from(error: JiraError) -> Self {
        Self { error, slows: None }
    }
}

/// Limits that a timeout names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) read: Duration,
}

/// The way that a request took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) url: &'a Url,
    pub(crate) proxies: &'a Proxies,
    pub(crate) limits: Limits,
}

/// The request could not be sent, or no headers came back.
pub(crate) fn sending_failed(error: reqwest::Error, way: Way<'_>, request: &RequestLine) -> JiraError {
    let Way { url, proxies, limits } = way;
    let proxy = proxies.before(url);
    let host = url.host_str().unwrap_or_default().to_owned();
    if error.is_timeout() {
        let (phase, limit) = match (error.is_connect(), &proxy) {
            (true, Some(_)) => (
                "to connect by way of the proxy that the environment names",
                limits.connect,
            ),
            (true, None) => ("to connect", limits.connect),
            (false, _) => ("to answer", limits.read),
        };
        return timed_out(request, phase, limit);
    }
    let is_tls = error.is_connect() && is_handshake_fault(&error);
    let mut reason = chain(&error.without_url());
    if let Some(proxy) = proxy {
        reason += &format!(", by way of the proxy {proxy} that the environment names");
    }
    if is_tls {
        let plain = reason.contains("InvalidContentType");
        let reason = if plain {
            format!("{reason}, the port may speak http without TLS")
        } else {
            reason
        };
        return JiraError::Tls { host, reason };
    }
    JiraError::Connect {
        host,
        port: url.port_or_known_default().unwrap_or_default(),
        reason,
    }
}

/// The body stopped coming.
pub(crate) fn reading_failed(
    error: reqwest::Error,
    request: &RequestLine,
    received: u64,
    read_timeout: Duration,
) -> JiraError {
    if error.is_timeout() {
        return timed_out(request, "without a byte of the answer", read_timeout);
    }
    JiraError::Truncated {
        request: request.clone(),
        received,
        reason: chain(&error.without_url()),
    }
}

pub(crate) fn timed_out(request: &RequestLine, phase: &'static str, limit: Duration) -> JiraError {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    JiraError::Timeout {
        request: request.clone(),
        phase,
        limit_ms,
    }
}

/// The TLS library reports its faults as I/O errors of the kind `InvalidData`; the network never does.
fn is_handshake_fault(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = next {
        let io = current.downcast_ref::<io::Error>();
        if io.is_some_and(|fault| fault.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        // An I/O error names the source of what it wraps as its own and leaves out what it wraps.
        next = match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    false
}

/// The innermost reasons of an error; the outer layers only say that a request failed.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut reasons = vec![error.to_string()];
    let mut next = error.source();
    while let Some(current) = next {
        let text = current.to_string();
        if reasons.last() != Some(&text) {
            reasons.push(text);
        }
        next = current.source();
    }
    // The client's own layers repeat that it was the client and that it was connecting.
    let innermost = reasons.split_off(reasons.len().saturating_sub(2));
    match innermost.as_slice() {
        [layer, reason] if layer.starts_with("client error") => reason.clone(),
        reasons => reasons.join(": "),
    }
}
