//! Sends requests and returns complete answers: credentials, compression, retry, error mapping. It leaves the meaning of
//! an answer to the modules that asked.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_kit::pasted_token;
use metrics::{counter, histogram};
use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::answer::Answer;
use crate::bulk::PieceBody;
use crate::config::{Credentials, ElasticConfig, without_user_info};
use crate::error::ElasticError;
use crate::error_mapping::{ErrorAnswer, Refusal, reading_fault, sending_fault};
use crate::http_client;
use crate::request::{Body, Request};
use crate::retry::RetryPolicy;

/// Below this, in bytes, compressing costs more than it saves.
const SMALLEST_COMPRESSED: usize = 1024;
/// Above this, in bytes, compressing would hold up a worker thread of the runtime for milliseconds.
const LARGEST_COMPRESSED_INLINE: usize = 64 * 1024;

/// A connection pool and one set of credentials. Clones share both.
#[derive(Clone)]
pub(crate) struct Transport {
    shared: Arc<Shared>,
    authorization: Option<HeaderValue>,
    /// Whether Elasticsearch has accepted these credentials.
    accepted: Arc<AtomicBool>,
}

struct Shared {
    client: Client,
    base: Url,
    host: String,
    request_timeout: Duration,
    retry: RetryPolicy,
    compress: bool,
    has_authorities: bool,
    connectors_api: AtomicBool,
}

/// A body as it goes over the wire.
struct Encoded {
    pieces: Vec<Bytes>,
    content_type: Option<&'static str>,
    is_gzip: bool,
}

impl Encoded {
    fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    fn for_attempt(&self) -> reqwest::Body {
        match self.pieces.as_slice() {
            [] => reqwest::Body::default(),
            [whole] => whole.clone().into(),
            pieces => reqwest::Body::wrap(PieceBody::new(pieces.iter().cloned())),
        }
    }
}

impl Transport {
    pub(crate) fn new(config: &ElasticConfig) -> Result<Self, ElasticError> {
        if !matches!(config.host.scheme(), "http" | "https") {
            return Err(ElasticError::Configuration {
                setting: "elasticsearch.host",
                reason: "it must begin with http:// or https://".to_owned(),
            });
        }
        let client = http_client::build(config)?;
        let base = without_user_info(&config.host);
        let credentials = match (&config.credentials, config.host.password()) {
            (Credentials::None, Some(password)) => Credentials::Basic {
                username: percent_decoded(config.host.username()),
                password: SecretString::from(percent_decoded(password)),
            },
            (given, _) => given.clone(),
        };
        let has_own_header = config
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        Ok(Self {
            authorization: if has_own_header {
                None
            } else {
                authorization(&credentials)?
            },
            accepted: Arc::default(),
            shared: Arc::new(Shared {
                client,
                host: base.origin().ascii_serialization(),
                base,
                request_timeout: config.request_timeout,
                retry: RetryPolicy {
                    max_attempts: config.max_retries,
                    interval: config.retry_interval,
                    on_timeout: config.retry_on_timeout,
                },
                compress: config.compress,
                has_authorities: config.ca_certs.is_some(),
                connectors_api: AtomicBool::new(true),
            }),
        })
    }

    /// The same pool with other credentials; these also win over an `Authorization` among the configured headers.
    pub(crate) fn with_credentials(&self, credentials: &Credentials) -> Result<Self, ElasticError> {
        Ok(Self {
            shared: Arc::clone(&self.shared),
            authorization: authorization(credentials)?,
            accepted: Arc::default(),
        })
    }

    /// Whether the `_connector` API is to be used.
    pub(crate) fn has_connectors_api(&self) -> bool {
        self.shared.connectors_api.load(Relaxed)
    }

    /// From now on, for all clones too, the indices are used in place of the `_connector` API.
    pub(crate) fn forgo_connectors_api(&self) {
        self.shared.connectors_api.store(false, Relaxed);
    }

    /// Scheme, host and port, for messages.
    pub(crate) fn host(&self) -> &str {
        &self.shared.host
    }

    /// Sends `request` as often as its [`Repeat`](http_kit::Repeat) allows and returns the first success.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, ElasticError> {
        let url = request.url(&self.shared.base)?;
        let encoded = self.encode(&request).await?;
        self.shared
            .retry
            .run(request.repeat, || self.attempt(&request, &url, &encoded))
            .await
    }

    async fn attempt(&self, request: &Request, url: &Url, body: &Encoded) -> Result<Answer, ElasticError> {
        let limit = request.timeout.unwrap_or(self.shared.request_timeout);
        let label = request.label();
        let mut builder = self
            .shared
            .client
            .request(request.method.clone(), url.clone())
            .timeout(limit);
        if let Some(authorization) = &self.authorization {
            builder = builder.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(content_type) = body.content_type {
            builder = builder.header(CONTENT_TYPE, content_type).body(body.for_attempt());
            if body.is_gzip {
                builder = builder.header(CONTENT_ENCODING, "gzip");
            }
        }
        let began = Instant::now();
        let sent = builder.send().await;
        let status = sent.as_ref().ok().map(|response| response.status().as_u16());
        count(request, status, began.elapsed(), body.len());
        let response =
            sent.map_err(|error| sending_fault(error, &label, &self.shared.host, limit, self.shared.has_authorities))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let reading = response.bytes().await;
        let answer_body = reading.map_err(|error| reading_fault(error, &label, limit))?;

        let is_success = (200..300).contains(&status);
        if is_success {
            self.accepted.store(true, Relaxed);
        }
        if is_success || (status == 404 && request.not_found_is_answer) {
            if is_success && request.method != Method::HEAD {
                self.must_be_json(&label, &headers)?;
            }
            return Ok(Answer {
                request: label,
                status,
                body: answer_body,
            });
        }
        Err(ErrorAnswer {
            request: label,
            host: &self.shared.host,
            status,
            retry_after: retry_after(&headers),
            refusal: Refusal::read(&answer_body, content_type(&headers)),
            sent_bytes: body.len() as u64,
            accepted_before: self.accepted.load(Relaxed),
        }
        .into_error())
    }

    /// A login page, or the placeholder of a load balancer, comes as a success too.
    fn must_be_json(&self, request: &str, headers: &HeaderMap) -> Result<(), ElasticError> {
        let content_type = content_type(headers);
        if content_type.starts_with("text/html") {
            return Err(ElasticError::NotElasticsearch {
                host: self.shared.host.clone(),
                reason: format!("{request} was answered with a web page"),
            });
        }
        Ok(())
    }

    async fn encode(&self, request: &Request) -> Result<Encoded, ElasticError> {
        let (pieces, content_type) = match &request.body {
            Body::Empty => (Vec::new(), None),
            Body::Json(pieces) => (pieces.clone(), Some("application/json")),
            Body::Ndjson(text) => (text.pieces().cloned().collect(), Some("application/x-ndjson")),
        };
        let plain = Encoded {
            pieces,
            content_type,
            is_gzip: false,
        };
        if !self.shared.compress || plain.len() < SMALLEST_COMPRESSED {
            return Ok(plain);
        }
        let cannot = |reason: String| ElasticError::InvalidRequest {
            request: request.label(),
            reason,
        };
        let compressed = if plain.len() <= LARGEST_COMPRESSED_INLINE {
            gzip(&plain.pieces)
        } else {
            tokio::task::spawn_blocking(move || gzip(&plain.pieces))
                .await
                .map_err(|error| cannot(error.to_string()))?
        };
        let bytes = Bytes::from(compressed.map_err(|error| cannot(error.to_string()))?);
        Ok(Encoded {
            pieces: vec![bytes],
            content_type,
            is_gzip: true,
        })
    }
}

/// For whoever watches the process, through the `metrics` facade. Times end with the head of the answer.
fn count(request: &Request, status: Option<u16>, took: Duration, sent_bytes: usize) {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    let operation = if request.is_bulk() { "bulk" } else { "other" };
    counter!("jira_connector_elasticsearch_requests_total", "operation" => operation, "status" => status).increment(1);
    histogram!("jira_connector_elasticsearch_request_duration_seconds", "operation" => operation).record(took);
    counter!("jira_connector_elasticsearch_sent_bytes_total", "operation" => operation).increment(sent_bytes as u64);
}

/// Level 1: bulk bodies shrink to a fifth already, and higher levels cost more time than the network gives back.
fn gzip(pieces: &[Bytes]) -> std::io::Result<Vec<u8>> {
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let mut encoder = GzEncoder::new(Vec::with_capacity(length / 4), Compression::fast());
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    encoder.finish()
}

fn authorization(credentials: &Credentials) -> Result<Option<HeaderValue>, ElasticError> {
    let (text, setting) = match credentials {
        Credentials::None => return Ok(None),
        Credentials::ApiKey(encoded) => (
            SecretString::from(format!("ApiKey {}", pasted_token(encoded.expose_secret()))),
            "elasticsearch.api_key",
        ),
        Credentials::Basic { username, password } => {
            let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
            let encoded = BASE64.encode(pair.expose_secret());
            (SecretString::from(format!("Basic {encoded}")), "elasticsearch.password")
        }
        Credentials::Verbatim(header) => (header.clone(), "the Authorization header"),
    };
    let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| ElasticError::Configuration {
        setting,
        reason: "it holds characters that a header cannot carry, a line break for instance".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("no content type")
}

/// Only the form in seconds: Elasticsearch and the proxies of Elastic Cloud send no dates.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
