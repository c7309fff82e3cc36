//! Turns a refusal, or the lack of an answer, into an [`ElasticError`]. It keeps out of messages whatever a proxy or a
//! field of a document may have put into the answer.

use std::time::Duration;

use http_kit::{ConnectionFault, TlsCause, reasons};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ElasticError;

/// Reasons are cut here, in characters: some of Elasticsearch's repeat whole documents.
const LONGEST_REASON: usize = 1000;

/// What an error answer says, as far as it is Elasticsearch's envelope.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) kind: String,
    pub(crate) reason: String,
}

#[derive(Deserialize)]
struct Envelope {
    error: Value,
}

impl Refusal {
    /// Reads the error envelope. Anything else, such as a proxy's page, is described rather than repeated.
    pub(crate) fn read(body: &[u8], content_type: &str) -> Self {
        match serde_json::from_slice::<Envelope>(body) {
            Ok(Envelope {
                error: Value::Object(error),
            }) => Self {
                kind: text(error.get("type")),
                reason: reason_with_causes(&Value::Object(error)),
            },
            Ok(Envelope {
                error: Value::String(reason),
            }) => Self {
                kind: String::new(),
                reason: shortened(&reason),
            },
            _ if body.is_empty() => Self {
                kind: String::new(),
                reason: "no further explanation".to_owned(),
            },
            _ => Self {
                kind: String::new(),
                reason: format!(
                    "an answer of {} bytes that is not Elasticsearch's ({content_type})",
                    body.len()
                ),
            },
        }
    }
}

/// `reason` and those of its causes that say something new.
pub(crate) fn reason_with_causes(error: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut add = |error: &Value| {
        let reason = text(error.get("reason")).trim_end_matches('.').to_owned();
        if !reason.is_empty() && !parts.iter().any(|part| part.contains(&reason)) {
            parts.push(reason);
        }
    };
    let mut current = Some(error);
    while let Some(error) = current {
        add(error);
        // The causes of these repeat the value that could not be read, and values of documents stay out of logs.
        let is_about_a_value = matches!(
            error.get("type").and_then(Value::as_str),
            Some("document_parsing_exception" | "mapper_parsing_exception")
        );
        if is_about_a_value {
            let cause = text(error.pointer("/caused_by/reason"));
            if cause.contains("immense term") {
                add(&json!({ "reason": "a term is longer than 32766 bytes" }));
            }
            break;
        }
        // A search that fails on all shards says why in its root cause alone.
        if let Some(root_cause) = error.pointer("/root_cause/0") {
            add(root_cause);
        }
        current = error.get("caused_by");
    }
    if parts.is_empty() {
        parts.push(text(error.get("type")));
    }
    shortened(&without_preview(&parts.join(": ")))
}

/// Elasticsearch repeats the value of a field that it could not read; values of documents stay out of logs.
fn without_preview(reason: &str) -> String {
    const MARK: &str = "Preview of field's value: '";
    match reason.split_once(MARK) {
        None => reason.to_owned(),
        Some((before, after)) => {
            let rest = after.rsplit_once('\'').map_or("", |(_, rest)| rest);
            format!("{}{rest}", before.trim_end())
        }
    }
}

fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(LONGEST_REASON) {
        None => reason.to_owned(),
        Some((end, _)) => format!("{} [cut]", &reason[..end]),
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What is known about an answer that is not a success.
pub(crate) struct ErrorAnswer<'a> {
    pub(crate) request: String,
    pub(crate) host: &'a str,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) refusal: Refusal,
    pub(crate) sent_bytes: u64,
    /// Whether the credentials of this request were accepted earlier.
    pub(crate) accepted_before: bool,
}

impl ErrorAnswer<'_> {
    pub(crate) fn into_error(self) -> ElasticError {
        let Self {
            request,
            host,
            status,
            retry_after,
            refusal: Refusal { kind, reason },
            sent_bytes,
            accepted_before,
        } = self;
        match (status, kind.as_str()) {
            (403 | 429, "cluster_block_exception") => ElasticError::ClusterBlock {
                request,
                status,
                reason,
            },
            (400, "resource_already_exists_exception") => ElasticError::AlreadyExists { request, reason },
            (300..=399, _) => ElasticError::NotElasticsearch {
                host: host.to_owned(),
                reason: format!("{request} was answered with a redirect ({status}), and redirects are not followed"),
            },
            (401, _) => ElasticError::Unauthorized {
                request,
                reason,
                accepted_before,
            },
            (403, _) => ElasticError::Forbidden {
                request,
                action: denied_action(&reason),
                reason,
            },
            (404, _) => ElasticError::NotFound { request, kind, reason },
            (409, _) => ElasticError::VersionConflict { request, reason },
            (413, _) => ElasticError::TooLarge {
                request,
                size_bytes: sent_bytes,
            },
            (429, _) => ElasticError::TooManyRequests {
                request,
                reason,
                retry_after,
            },
            (500.., _) => ElasticError::Server {
                request,
                status,
                kind,
                reason,
                retry_after,
            },
            _ => ElasticError::BadRequest {
                request,
                status,
                kind,
                reason,
            },
        }
    }
}

/// `security_exception` reasons begin with `action [indices:data/write/bulk] is unauthorized for ...`.
fn denied_action(reason: &str) -> Option<String> {
    let (_, rest) = reason.split_once("action [")?;
    // Names of shard level actions end in brackets of their own: `indices:data/write/bulk[s]`.
    let (action, _) = rest.split_once("] is unauthorized").or_else(|| rest.split_once(']'))?;
    Some(action.to_owned())
}

/// What went wrong before the head of an answer was there. `has_authorities` says that `elasticsearch.ca_certs` is set.
pub(crate) fn sending_fault(
    error: reqwest::Error,
    request: &str,
    host: &str,
    limit: Duration,
    has_authorities: bool,
) -> ElasticError {
    let (request, host) = (request.to_owned(), host.to_owned());
    match ConnectionFault::of(error) {
        ConnectionFault::ConnectTimeout { reason } | ConnectionFault::Connect { reason } => {
            ElasticError::Connect { host, reason }
        }
        ConnectionFault::Tls { cause, reason } => ElasticError::Tls {
            host,
            reason,
            cure: tls_cure(cause, has_authorities),
        },
        ConnectionFault::Unsendable { reason } => ElasticError::InvalidRequest { request, reason },
        ConnectionFault::AnswerTimeout => ElasticError::Timeout { request, after: limit },
        ConnectionFault::Interrupted { reason } => ElasticError::Interrupted { request, reason },
    }
}

/// What went wrong while the body arrived.
pub(crate) fn reading_fault(error: reqwest::Error, request: &str, limit: Duration) -> ElasticError {
    let request = request.to_owned();
    if error.is_timeout() {
        return ElasticError::Timeout { request, after: limit };
    }
    ElasticError::Interrupted {
        request,
        reason: reasons(&error.without_url()),
    }
}

/// What to do about a handshake that failed; never what was done already.
fn tls_cure(cause: TlsCause, has_authorities: bool) -> &'static str {
    match cause {
        TlsCause::Untrusted if has_authorities => {
            "elasticsearch.ca_certs holds neither the server's own certificate nor that of the authority which signed it: \
             name the one that the server sends (openssl s_client -showcerts shows it), or http_ca.crt of the cluster"
        }
        TlsCause::Untrusted => {
            "name the signing authority, or the server's own certificate, in elasticsearch.ca_certs, or set \
             elasticsearch.verify_certs to false on a network you trust"
        }
        TlsCause::WrongName => {
            "put a name that the certificate holds into elasticsearch.host, or name the server's own certificate in \
             elasticsearch.ca_certs"
        }
        TlsCause::OutOfDate => "have the certificate renewed, and check the clock of this machine",
        TlsCause::NotTls | TlsCause::Other => "check http or https in elasticsearch.host, and its port",
    }
}
