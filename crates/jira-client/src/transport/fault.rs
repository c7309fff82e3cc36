//! Turns faults of the connection into errors that name host, port and cure, and says of every failure what it means for
//! another try.
//!
//! Answers that arrived whole but refuse are read in `refusal`.

use std::time::Duration;

use http_kit::{ConnectionFault, Fault, FaultKind, PauseScope, Proxies, TlsCause, Verification, reasons};
use url::Url;

use crate::config::JiraConfig;
use crate::error::{ErrorKind, JiraError, RequestLine};

use super::request::EndpointClass;

/// A try that failed, and what it slows down.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: JiraError,
    pub(crate) slows: Option<PauseScope<EndpointClass>>,
    /// Nothing of the request left this machine.
    pub(crate) unsent: bool,
}

impl From<JiraError> for Failure {
    fn from(error: JiraError) -> Self {
        Self {
            error,
            slows: None,
            unsent: false,
        }
    }
}

impl Failure {
    /// Judges whether another try makes sense. `splits` says that the caller asks for less instead of asking again when
    /// a body is broken.
    pub(crate) fn judged(&self, splits: bool) -> Fault {
        let error = &self.error;
        let kind = match (error.kind(), error.status()) {
            _ if splits && error.is_broken_body() => FaultKind::Final,
            (ErrorKind::RateLimited, _) => FaultKind::Limited,
            // A web page in place of data mostly stays, though a proxy shows one now and then while it restarts.
            (ErrorKind::LoginPage, _) | (_, Some(500)) => FaultKind::Lasting,
            (ErrorKind::Connect, _) | (_, Some(502..=504)) => FaultKind::Outage,
            _ if error.is_retryable() => FaultKind::Passing,
            _ => FaultKind::Final,
        };
        Fault {
            kind,
            // A 503 may come from a proxy that had passed the request on.
            may_have_acted: !self.unsent && error.kind() != ErrorKind::RateLimited,
            named_wait: error.retry_after(),
        }
    }
}

/// The way that a request took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) url: &'a Url,
    pub(crate) proxies: &'a Proxies,
    pub(crate) config: &'a JiraConfig,
}

/// The request could not be sent, or no headers came back.
pub(crate) fn sending_failed(error: reqwest::Error, way: Way<'_>, request: &RequestLine) -> Failure {
    let Way { url, proxies, config } = way;
    let proxy = proxies.before(url);
    let host = url.host_str().unwrap_or_default().to_owned();
    let fault = ConnectionFault::of(error);
    let by_way = |reason: String| match &proxy {
        Some(proxy) => format!("{reason}, by way of the proxy {proxy} that the environment names"),
        None => reason,
    };
    let unsent = !fault.may_have_acted();
    let error = match fault {
        ConnectionFault::ConnectTimeout { .. } if proxy.is_some() => {
            let phase = "to connect by way of the proxy that the environment names";
            timed_out(request, phase, config.connect_timeout)
        }
        ConnectionFault::ConnectTimeout { .. } => timed_out(request, "to connect", config.connect_timeout),
        ConnectionFault::AnswerTimeout => timed_out(request, "to answer", config.read_timeout),
        ConnectionFault::Tls { cause, reason } => JiraError::Tls {
            host,
            reason: by_way(reason),
            cure: tls_cure(cause, config),
        },
        ConnectionFault::Connect { reason }
        | ConnectionFault::Unsendable { reason }
        | ConnectionFault::Interrupted { reason } => JiraError::Connect {
            host,
            port: url.port_or_known_default().unwrap_or_default(),
            reason: by_way(reason),
        },
    };
    Failure {
        unsent,
        ..Failure::from(error)
    }
}

/// Advises on a handshake that failed; never what was done already.
fn tls_cure(cause: TlsCause, config: &JiraConfig) -> &'static str {
    let is_given = config.tls.ca_pem.is_some();
    match cause {
        TlsCause::Untrusted if is_given => {
            "ssl_ca holds neither the server's own certificate nor that of the authority which signed it: paste the one \
             that the server sends (openssl s_client -showcerts shows it), or have the server send the whole chain"
        }
        TlsCause::Untrusted => "give the authority's certificate, or the server's own, in ssl_ca (with ssl_enabled)",
        TlsCause::WrongName => {
            "put a name that the certificate holds into jira_url, paste the server's own certificate into ssl_ca (with \
             ssl_enabled), or set ssl_verification to certificate"
        }
        TlsCause::OutOfDate => "have the certificate renewed, and check the clock of this machine",
        TlsCause::NotTls => "the port may speak http without TLS: check the beginning and the port of jira_url",
        TlsCause::Other if config.tls.verification == Verification::None => "check the port in jira_url",
        TlsCause::Other => "check the port in jira_url, and which versions of TLS the server speaks",
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
        reason: reasons(&error.without_url()),
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
