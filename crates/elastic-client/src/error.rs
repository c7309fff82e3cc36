//! The one error of this crate: what happened, to which request, and what to do. How an HTTP answer becomes one of its
//! variants is in `error_mapping.rs`.

use std::time::Duration;

use thiserror::Error;

/// Why a call to Elasticsearch failed. `request` is always method and path, never the query, headers or body.
#[derive(Debug, Error)]
pub enum ElasticError {
    /// A setting cannot be used, found before anything was sent.
    #[error("{setting} cannot be used: {reason}")]
    Configuration {
        /// The key in `config.yml`.
        setting: &'static str,
        /// What is wrong with it, without its value when that is a secret.
        reason: String,
    },
    /// What the caller handed over cannot be sent; the server was not asked.
    #[error("{request} cannot be sent: {reason}")]
    InvalidRequest {
        /// Method and path, or the operation.
        request: String,
        /// What is wrong.
        reason: String,
    },
    /// No connection: refused, unknown host, network unreachable, broken proxy. Nothing was sent.
    #[error("no connection to Elasticsearch at {host}: {reason}; check elasticsearch.host and that the cluster is up")]
    Connect {
        /// Scheme, host and port.
        host: String,
        /// The operating system's words.
        reason: String,
    },
    /// The TLS handshake failed. Nothing was sent.
    #[error("no secure connection to Elasticsearch at {host}: {reason}; {cure}")]
    Tls {
        /// Scheme, host and port.
        host: String,
        /// What was wrong with the certificate or the handshake.
        reason: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// No complete answer within the time for one attempt.
    #[error("{request} was not answered within {} s; see elasticsearch.request_timeout", after.as_secs_f64())]
    Timeout {
        /// Method and path.
        request: String,
        /// The limit that ran out.
        after: Duration,
    },
    /// The connection broke after the request had begun to go out.
    #[error("{request} was cut off: {reason}")]
    Interrupted {
        /// Method and path.
        request: String,
        /// The operating system's words.
        reason: String,
    },
    /// 401.
    #[error(
        "{request}: Elasticsearch did not accept the credentials: {reason}; check elasticsearch.api_key, or \
         elasticsearch.username and elasticsearch.password, or the api_key of this entry of connectors"
    )]
    Unauthorized {
        /// Method and path.
        request: String,
        /// Elasticsearch's words.
        reason: String,
        /// The same credentials were accepted before. A node that starts again refuses everybody until it has its
        /// security index back, so this one may pass.
        accepted_before: bool,
    },
    /// 403 without a block: the account may not do this.
    #[error("{request}: not permitted: {reason}; grant the privilege to the account or API key in use")]
    Forbidden {
        /// Method and path.
        request: String,
        /// The action that is not permitted, as Elasticsearch names it, when it does.
        action: Option<String>,
        /// Elasticsearch's words.
        reason: String,
    },
    /// 404: no such index, document, connector or job.
    #[error("{request}: not found: {reason}")]
    NotFound {
        /// Method and path.
        request: String,
        /// Elasticsearch's error type, empty when it gave none.
        kind: String,
        /// Elasticsearch's words.
        reason: String,
    },
    /// 409: the document changed since it was read. Nothing was written.
    #[error("{request}: changed by someone else since it was read: {reason}")]
    VersionConflict {
        /// Method and path.
        request: String,
        /// Elasticsearch's words.
        reason: String,
    },
    /// What was to be created exists.
    #[error("{request}: exists already: {reason}")]
    AlreadyExists {
        /// Method and path.
        request: String,
        /// Elasticsearch's words, or ours.
        reason: String,
    },
    /// 429: the cluster is busy.
    #[error("{request}: Elasticsearch is busy (429): {reason}")]
    TooManyRequests {
        /// Method and path.
        request: String,
        /// Elasticsearch's words.
        reason: String,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// 413: larger than `http.max_content_length` of the cluster, or than a proxy passes. Send less at once.
    #[error(
        "{request}: {size_bytes} bytes are too many for one request (413); lower elasticsearch.bulk.chunk_max_mem_size"
    )]
    TooLarge {
        /// Method and path.
        request: String,
        /// What was sent, after compression.
        size_bytes: u64,
    },
    /// Any other 4xx.
    #[error("{request}: refused ({status} {kind}): {reason}")]
    BadRequest {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// Elasticsearch's error type, empty when it gave none.
        kind: String,
        /// Elasticsearch's words.
        reason: String,
    },
    /// The index, or the whole cluster, is read-only. With `read-only-allow-delete` the disk is full.
    #[error(
        "{request}: Elasticsearch blocks writing: {reason}; a read-only-allow-delete block means that a disk is past \
         the flood-stage watermark: free space or add nodes, Elasticsearch then lifts the block itself"
    )]
    ClusterBlock {
        /// Method and path.
        request: String,
        /// HTTP status: 403, or 429 for the disk watermark.
        status: u16,
        /// Elasticsearch's words.
        reason: String,
    },
    /// 5xx.
    #[error("{request}: Elasticsearch failed ({status} {kind}): {reason}")]
    Server {
        /// Method and path.
        request: String,
        /// HTTP status.
        status: u16,
        /// Elasticsearch's error type, empty when it gave none.
        kind: String,
        /// Elasticsearch's words.
        reason: String,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// Some shards did not answer, or the search ran out of time: what arrived is not the whole truth.
    #[error("{request}: incomplete answer: {reason}")]
    PartialAnswer {
        /// Method and path.
        request: String,
        /// What is missing.
        reason: String,
    },
    /// The answer was understood as Elasticsearch's but is not what its API promises.
    #[error("{request}: unexpected answer at {path}: {reason}")]
    BadAnswer {
        /// Method and path.
        request: String,
        /// Where in the JSON.
        path: String,
        /// What was expected, without the content.
        reason: String,
    },
    /// Something else answers at this address.
    #[error("{host} does not answer like Elasticsearch: {reason}; check elasticsearch.host")]
    NotElasticsearch {
        /// Scheme, host and port.
        host: String,
        /// What was seen.
        reason: String,
    },
    /// The answer to a write that must not be repeated got lost: it may or may not have been carried out. Read the
    /// document again before going on.
    #[error("{request}: the outcome is unknown: {reason}; read the document again before going on")]
    OutcomeUnknown {
        /// Method and path.
        request: String,
        /// What happened instead of an answer.
        reason: String,
    },
}

impl ElasticError {
    /// Whether the same request may succeed later without anybody changing anything. [`Self::OutcomeUnknown`] is not:
    /// the caller has to look first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Interrupted { .. }
            | Self::TooManyRequests { .. }
            | Self::PartialAnswer { .. } => true,
            Self::Unauthorized { accepted_before, .. } => *accepted_before,
            Self::Server { status, .. } | Self::ClusterBlock { status, .. } => {
                matches!(status, 429 | 500 | 502 | 503 | 504)
            }
            _ => false,
        }
    }

    /// Whether the cluster could not be reached or is not up yet, as opposed to having said no.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Interrupted { .. } | Self::TooManyRequests { .. } => {
                true
            }
            Self::Server { status, .. } => matches!(status, 502..=504),
            _ => false,
        }
    }

    /// How long the server asked to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { retry_after, .. } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The HTTP status, when the fault is one that came as an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { .. } => Some(401),
            Self::Forbidden { .. } => Some(403),
            Self::NotFound { .. } => Some(404),
            Self::VersionConflict { .. } => Some(409),
            Self::TooLarge { .. } => Some(413),
            Self::TooManyRequests { .. } => Some(429),
            Self::BadRequest { status, .. } | Self::ClusterBlock { status, .. } | Self::Server { status, .. } => {
                Some(*status)
            }
            _ => None,
        }
    }
}
