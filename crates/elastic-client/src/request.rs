//! One request, described before it is sent: method, path, query, body and how often it may go out. It leaves headers,
//! credentials and sending to the transport.

use std::time::Duration;

use bytes::Bytes;
use http_kit::Repeat;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::bulk::BulkText;
use crate::error::ElasticError;

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Body {
    Empty,
    /// Pieces of one JSON text.
    Json(Vec<Bytes>),
    /// Newline-delimited JSON, for bulk requests.
    Ndjson(BulkText),
}

/// A request to be sent by the transport.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    pub(crate) repeat: Repeat,
    /// A limit for one attempt other than the configured one.
    pub(crate) timeout: Option<Duration>,
    /// Whether 404 is an answer that the caller reads, rather than an error.
    pub(crate) not_found_is_answer: bool,
}

impl Request {
    fn new(method: Method, segments: &[&str]) -> Self {
        Self {
            method,
            segments: segments.iter().map(|segment| (*segment).to_owned()).collect(),
            query: Vec::new(),
            body: Body::Empty,
            repeat: Repeat::Idempotent,
            timeout: None,
            not_found_is_answer: false,
        }
    }

    pub(crate) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    pub(crate) fn head(segments: &[&str]) -> Self {
        Self::new(Method::HEAD, segments)
    }

    pub(crate) fn post(segments: &[&str]) -> Self {
        Self::new(Method::POST, segments)
    }

    pub(crate) fn put(segments: &[&str]) -> Self {
        Self::new(Method::PUT, segments)
    }

    pub(crate) fn delete(segments: &[&str]) -> Self {
        Self::new(Method::DELETE, segments)
    }

    pub(crate) fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Body::Json(vec![Bytes::from(body.to_string())]);
        self
    }

    pub(crate) fn encoded_json(mut self, pieces: Vec<Bytes>) -> Self {
        self.body = Body::Json(pieces);
        self
    }

    pub(crate) fn ndjson(mut self, body: BulkText) -> Self {
        self.body = Body::Ndjson(body);
        self
    }

    /// How often the request may be sent.
    pub(crate) fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    pub(crate) fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn not_found_is_answer(mut self) -> Self {
        self.not_found_is_answer = true;
        self
    }

    /// Whether it carries documents rather than a question.
    pub(crate) fn is_bulk(&self) -> bool {
        matches!(self.body, Body::Ndjson(_))
    }

    /// Method and path for messages; the query stays out.
    pub(crate) fn label(&self) -> String {
        format!("{} /{}", self.method, self.segments.join("/"))
    }

    /// The full address below `base`, which may have a path of its own.
    pub(crate) fn url(&self, base: &Url) -> Result<Url, ElasticError> {
        let invalid = |reason: &str| ElasticError::InvalidRequest {
            request: self.label(),
            reason: reason.to_owned(),
        };
        let mut url = base.clone();
        // An empty name or a dot segment would silently address something else, such as all indices.
        if self
            .segments
            .iter()
            .any(|segment| matches!(segment.as_str(), "" | "." | ".."))
        {
            return Err(invalid("an empty name or a dot segment in the path"));
        }
        url.path_segments_mut()
            .map_err(|()| invalid("elasticsearch.host cannot have a path"))?
            .pop_if_empty()
            .extend(&self.segments);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}
