//! Sends requests with the credential, again where that helps, and hands back only answers that can be believed.
//!
//! Following redirects of downloads and reading their bodies is left to `download`.

use std::fmt;
use std::time::SystemTime;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::account_proof::AccountProof;
use crate::config::{Auth, JiraConfig};
use crate::error::{Answer, JiraError, RequestLine};

use super::body::{JSON_LIMIT, REFUSAL_LIMIT, content_type, parse_json, read_some, read_whole};
use super::fault::{Failure, Limits, sending_failed, timed_out};
use super::gate::{Admission, Gate, PauseScope};
use super::named_wait::named_wait;
use super::refusal::{credential_cure, may_name_wait, refusal, words};
use super::request::{EndpointClass, Request};
use super::retry::RetryState;
use super::stats::Stats;
use super::{http_client, redirect};

/// A value and the headers it came with.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Transport {
    http: reqwest::Client,
    pub(crate) config: JiraConfig,
    pub(crate) proof: AccountProof,
    pub(crate) stats: Stats,
    gate: Gate,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Transport {
    pub(crate) fn new(config: JiraConfig) -> Result<Self, JiraError> {
        Ok(Self {
            http: http_client::build(&config)?,
            proof: AccountProof::new(config.edition),
            stats: Stats::default(),
            gate: Gate::new(config.max_concurrent_requests),
            config,
        })
    }

    pub(crate) fn line(&self, request: &Request) -> RequestLine {
        request.line(&self.config.base_url)
    }

    /// The JSON value of a 2xx answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, JiraError> {
        self.json_with_headers(request).await.map(|answered| answered.value)
    }

    pub(crate) async fn json_with_headers<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Answered<T>, JiraError> {
        self.with_retries(request, move || async move {
            let (mut response, _admission) = self.answer(request).await?;
            self.within_time(request, self.read_json(request, &mut response)).await
        })
        .await
    }

    /// `None` only on a 404 that was made for the account: an expired token gets 404s for everything.
    pub(crate) async fn json_unless_absent<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Option<T>, JiraError> {
        self.with_retries(request, move || async move {
            let (mut response, _admission) = self.answer(request).await?;
            if response.status() == StatusCode::NOT_FOUND && is_json(response.headers()) {
                self.proof.check(response.headers(), &self.line(request))?;
                return Ok(None);
            }
            self.within_time(request, self.read_json(request, &mut response))
                .await
                .map(|answered| Some(answered.value))
        })
        .await
    }

    /// Runs a try until it succeeds or no further try is allowed.
    pub(crate) async fn with_retries<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        request: &Request,
        attempt: impl Fn() -> F,
    ) -> Result<T, JiraError> {
        let mut state = RetryState::new(self.config.retries, self.config.retry_delay);
        loop {
            let failure = match attempt().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let Some(delay) = state.next_delay(&failure.error, request.splits) else {
                return Err(failure.error);
            };
            tracing::warn!(
                endpoint = request.class.name(),
                delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                error = %failure.error,
                "request to jira failed, trying again"
            );
            self.stats.retried(request.class);
            match failure.slows {
                // The next try waits at the gate like every other request.
                Some(scope) => self.gate.pause(scope, delay),
                None => tokio::time::sleep(delay).await,
            }
        }
    }

    /// Sends a request for JSON and waits for the headers of the answer, whatever they are.
    async fn answer(&self, request: &Request) -> Result<(Response, Admission), Failure> {
        let url = request.url(&self.config.base_url);
        let mut builder = self
            .http
            .request(request.method().clone(), url.clone())
            .header(ACCEPT, "application/json");
        if let Some(body) = request.body() {
            builder = builder.json(body);
        }
        self.send(request.class, self.authorized(builder), &url, &self.line(request))
            .await
    }

    /// Sends a request for an attachment; the credential only goes where the caller says.
    pub(crate) async fn answer_of_download(
        &self,
        url: &Url,
        with_credential: bool,
        line: &RequestLine,
    ) -> Result<Response, Failure> {
        // The length is checked against Jira's figure, so the bytes must come as they are stored.
        let mut builder = self
            .http
            .get(url.clone())
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity");
        if with_credential {
            builder = self.authorized(builder);
        }
        self.send(EndpointClass::Attachment, builder, url, line)
            .await
            .map(|(response, _)| response)
    }

    fn authorized(&self, builder: RequestBuilder) -> RequestBuilder {
        match &self.config.auth {
            Auth::Basic { username, secret } => builder.basic_auth(username, Some(secret.expose_secret())),
            Auth::Bearer(token) => builder.bearer_auth(token.expose_secret().trim()),
        }
    }

    async fn send(
        &self,
        class: EndpointClass,
        builder: RequestBuilder,
        url: &Url,
        line: &RequestLine,
    ) -> Result<(Response, Admission), Failure> {
        let admission = self.gate.admit(class).await;
        self.stats.waited(class, admission.paused);
        self.stats.sent(class);
        let limits = Limits {
            connect: self.config.connect_timeout,
            read: self.config.read_timeout,
        };
        let sent = tokio::time::timeout(self.config.request_timeout, builder.send()).await;
        let response = sent
            .map_err(|_| timed_out(line, "to answer", self.config.request_timeout))?
            .map_err(|error| sending_failed(error, url, line, limits))?;
        tracing::trace!(
            endpoint = class.name(),
            status = response.status().as_u16(),
            "jira answered"
        );
        Ok((response, admission))
    }

    async fn within_time<T>(
        &self,
        request: &Request,
        reading: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = self.config.request_timeout;
        let read = tokio::time::timeout(limit, reading).await;
        read.unwrap_or_else(|_| Err(timed_out(&self.line(request), "to send the whole answer", limit).into()))
    }

    async fn read_json<T: DeserializeOwned>(
        &self,
        request: &Request,
        response: &mut Response,
    ) -> Result<Answered<T>, Failure> {
        let line = self.line(request);
        if response.status().is_redirection() {
            return Err(redirect::api_redirect(response.url(), response.headers(), &line).into());
        }
        if !response.status().is_success() {
            return Err(self.refused(request.class, response, &line).await);
        }
        self.proof.refuse_anonymous(response.headers(), &line)?;
        if !is_json(response.headers()) {
            return Err(not_json(response, &line).await.into());
        }
        self.proof.check(response.headers(), &line)?;
        let body = read_whole(response, &line, JSON_LIMIT, self.config.read_timeout).await?;
        self.stats.received(request.class, body.len());
        let value = parse_json(&body, &line)?;
        Ok(Answered {
            value,
            headers: std::mem::take(response.headers_mut()),
        })
    }

    /// The error for a 4xx or 5xx answer, and what it slows down.
    pub(crate) async fn refused(&self, class: EndpointClass, response: &mut Response, line: &RequestLine) -> Failure {
        let status = response.status();
        let headers = response.headers().clone();
        if let Err(error) = self.proof.refuse_anonymous(&headers, line)
            && status != StatusCode::UNAUTHORIZED
        {
            return error.into();
        }
        let reading = read_some(response, REFUSAL_LIMIT);
        let body = tokio::time::timeout(self.config.read_timeout, reading)
            .await
            .unwrap_or_default();
        let answer = Answer {
            request: line.clone(),
            status: status.as_u16(),
            words: self.without_secret(words(&body)),
            cure: String::new(),
            retry_after: if may_name_wait(status) {
                named_wait(&headers, SystemTime::now())
            } else {
                None
            },
        };
        let denied = contains(&headers, "x-seraph-loginreason", "AUTHENTICATION_DENIED");
        let slows = match status {
            StatusCode::TOO_MANY_REQUESTS if contains(&headers, "ratelimit-reason", "jira-burst-based") => {
                Some(PauseScope::Class(class))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(PauseScope::Everything),
            _ => None,
        };
        Failure {
            error: refusal(answer, denied, credential_cure(&self.config)),
            slows,
        }
    }

    /// Some servers and proxies repeat the request in their error pages.
    fn without_secret(&self, words: String) -> String {
        let secret = match &self.config.auth {
            Auth::Basic { secret, .. } | Auth::Bearer(secret) => secret.expose_secret().trim(),
        };
        if secret.is_empty() {
            words
        } else {
            words.replace(secret, "***")
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).contains("json")
}

fn contains(headers: &HeaderMap, name: &str, text: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
}

/// A 2xx that is no JSON: mostly a login form or a proxy's page.
async fn not_json(response: &mut Response, line: &RequestLine) -> JiraError {
    let content_type = content_type(response.headers());
    let start = words(&read_some(response, 4096).await);
    if content_type.contains("html") || content_type.is_empty() && start.contains('<') {
        return JiraError::LoginPage {
            request: line.clone(),
            detail: format!("{content_type}: {start}"),
        };
    }
    let named = if content_type.is_empty() {
        "no content type".to_owned()
    } else {
        content_type
    };
    JiraError::BadAnswer {
        request: line.clone(),
        path: ".".to_owned(),
        reason: format!("{named} instead of JSON"),
    }
}
