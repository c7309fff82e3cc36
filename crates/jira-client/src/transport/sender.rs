//! Sends requests with the credential, again where that helps, and hands back only answers that can be believed.
//!
//! Following redirects of downloads and reading their bodies is left to `download`.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use http_kit::{
    Admission, Certificates, Gate, Lane, PauseScope, Protocols, Proxies, Repeat, RetryPlan, Tls, Tries, Waits,
    announced, named_wait, reasons, redacted,
};
use parking_lot::Mutex;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::account_proof::AccountProof;
use crate::config::JiraConfig;
use crate::error::{Answer, ErrorKind, JiraError, RequestLine};

use super::answer_form::{is_jira_envelope, is_json, is_page, not_json};
use super::body::{JSON_LIMIT, REFUSAL_LIMIT, parse_json, read_some, read_whole};
use super::credential::Credential;
use super::fault::{Failure, Way, sending_failed, timed_out};
use super::redirect;
use super::refusal::{Signs, credential_cure, fields, header_has, may_name_wait, refusal, words};
use super::request::{EndpointClass, Request};
use super::stats::Stats;

/// Time for which refusals for the rate are borne, however short the longest wait was set.
const PATIENCE: Duration = Duration::from_secs(600);
/// A request that is refused for its rate for as long as this many of the longest waits is given up.
const LONGEST_WAITS: u32 = 2;
/// No longer wait is told to anybody.
const LONGEST_TOLD: Duration = Duration::from_secs(3600);

/// A value and the headers it came with.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) value: T,
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Transport {
    http: reqwest::Client,
    proxies: Proxies,
    pub(crate) config: JiraConfig,
    pub(crate) proof: AccountProof,
    pub(crate) stats: Stats,
    gate: Gate<EndpointClass>,
    /// Whether a search by POST was refused for its method.
    searches_by_get: AtomicBool,
    /// When Jira last answered as it should.
    last_served: Mutex<Option<tokio::time::Instant>>,
    credential: Credential,
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
        let http = http_client(&config)?;
        Ok(Self::over(http, config))
    }

    pub(crate) fn over(http: reqwest::Client, config: JiraConfig) -> Self {
        Self {
            http,
            proxies: Proxies::of_the_environment(),
            proof: AccountProof::new(config.edition, credential_cure(&config)),
            stats: Stats::default(),
            gate: Gate::new(config.max_concurrent_requests, config.max_concurrent_downloads),
            last_served: Mutex::default(),
            searches_by_get: AtomicBool::new(false),
            credential: Credential::new(config.auth.clone()),
            config,
        }
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
        let by_get = request.by_get();
        if let Some(by_get) = by_get.as_ref().filter(|_| self.searches_by_get.load(Relaxed)) {
            return self.ask(by_get).await;
        }
        match (self.ask(request).await, by_get) {
            // Gateways that let nobody write do not know that a search by POST only reads.
            (Err(error), Some(by_get)) if error.status() == Some(405) => {
                tracing::warn!(error = %error, "jira takes no searches by POST; searching by GET from now on");
                let answered = self.ask(&by_get).await?;
                self.searches_by_get.store(true, Relaxed);
                Ok(answered)
            }
            (outcome, _) => outcome,
        }
    }

    /// Sends a change whose answer tells nothing more. A page in place of an answer is a fault: nobody knows who gave it.
    pub(crate) async fn change(&self, request: &Request) -> Result<(), JiraError> {
        self.with_retries(request, async || {
            self.exchange(request, async |mut response| {
                let line = self.line(request);
                if response.status().is_success() && !is_page(response.headers()) {
                    self.proof.refuse_anonymous(response.headers(), &line)?;
                    self.proof.check(response.headers(), &line)?;
                    return Ok(());
                }
                self.read_json::<Value>(request, &mut response).await.map(drop)
            })
            .await
        })
        .await
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<Answered<T>, JiraError> {
        self.with_retries(request, async || {
            self.exchange(request, async |mut response| {
                self.read_json(request, &mut response).await
            })
            .await
        })
        .await
    }

    /// `None` only on a 404 in Jira's own form that was made for the account: an expired token gets 404s for
    /// everything, and a wrong address gets them from whatever answers there. Some versions of Data Center say 403 for
    /// an issue that is hidden; it counts as well when its headers name the account.
    pub(crate) async fn json_unless_absent<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Option<T>, JiraError> {
        self.with_retries(request, async || {
            self.exchange(request, async |mut response| {
                let status = response.status();
                if !matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
                    return self
                        .read_json(request, &mut response)
                        .await
                        .map(|answered| Some(answered.value));
                }
                let line = self.line(request);
                let headers = response.headers().clone();
                let body = read_some(&mut response, REFUSAL_LIMIT).await;
                let is_hidden = status == StatusCode::NOT_FOUND || self.hides_issue(request.class, &headers);
                if !is_hidden || !is_jira_envelope(&headers, &body) {
                    return Err(self.refusal_of(request.class, status, &headers, &body, &line));
                }
                self.proof.check(&headers, &line)?;
                Ok(None)
            })
            .await
        })
        .await
    }

    /// Whether a 403 says that this very account, whose login holds, may not see the issue that it asked for. A CAPTCHA, a
    /// firewall and a login that ended say 403 as well, without naming the account.
    fn hides_issue(&self, class: EndpointClass, headers: &HeaderMap) -> bool {
        class == EndpointClass::Issue
            && !self.config.edition.is_cloud()
            && !Signs::read(headers).login_denied
            && self.proof.is_named(headers)
    }

    /// Runs a try until it succeeds or no further try is allowed.
    pub(crate) async fn with_retries<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        request: &Request,
        attempt: impl Fn() -> F,
    ) -> Result<T, JiraError> {
        let mut tries = Tries::new(retry_plan(&self.config));
        let mut renewed = false;
        loop {
            let began = tokio::time::Instant::now();
            let failure = match attempt().await {
                Ok(value) => {
                    *self.last_served.lock() = Some(tokio::time::Instant::now());
                    return Ok(value);
                }
                Err(failure) => failure,
            };
            // An access token may end early; a new one is asked for once.
            if failure.error.kind() == ErrorKind::Unauthorized && !renewed && self.credential.renew(began) {
                renewed = true;
                continue;
            }
            if self.asks_for_too_long(&failure.error) {
                return Err(self.final_error(request, failure));
            }
            let last_served = *self.last_served.lock();
            let Some(delay) = tries.next_wait(failure.judged(request.splits), request.repeat, last_served) else {
                return Err(self.final_error(request, failure));
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

    fn asks_for_too_long(&self, error: &JiraError) -> bool {
        let most = self.config.max_limited;
        matches!((most, error.retry_after()), (Some(most), Some(wait)) if wait > most)
    }

    /// After the last try. The caller of what must not be made twice learns when nobody knows whether it was made.
    fn final_error(&self, request: &Request, failure: Failure) -> JiraError {
        let is_open = !failure.unsent && failure.error.leaves_outcome_open();
        if request.repeat != Repeat::OnlyIfNotCarriedOut || !is_open {
            return failure.error;
        }
        JiraError::OutcomeUnknown {
            request: self.line(request),
            reason: failure.error.to_string(),
        }
    }

    /// Sends a request for JSON and reads the answer, both within the time that one try may take.
    async fn exchange<T>(
        &self,
        request: &Request,
        read: impl AsyncFnOnce(Response) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (url, line) = (request.url(&self.config.base_url), self.line(request));
        let mut builder = self
            .http
            .request(request.method().clone(), url.clone())
            .header(ACCEPT, "application/json");
        if let Some(body) = request.body() {
            builder = builder.json(body);
        }
        let builder = self.authorized(builder).await?;
        // Waiting for a place or for the end of a pause is not Jira's slowness, so the clock starts after it.
        let admission = self.admit(request.class).await;
        let limit = self.config.request_timeout;
        let within_limit = tokio::time::timeout(limit, async {
            let response = self.send(request.class, builder, &url, &line, Some(&admission)).await?;
            read(response).await
        });
        within_limit
            .await
            .unwrap_or_else(|_| Err(timed_out(&line, "to send the whole answer", limit).into()))
    }

    /// Sends a request for an attachment; the credential only goes where the caller says.
    pub(crate) async fn answer_of_download(
        &self,
        url: &Url,
        with_credential: bool,
        line: &RequestLine,
    ) -> Result<(Response, Admission), Failure> {
        // The length is checked against Jira's figure, so the bytes must come as they are stored.
        let mut builder = self
            .http
            .get(url.clone())
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity");
        if with_credential {
            builder = self.authorized(builder).await?;
        }
        let is_jira = redirect::same_origin(url, &self.config.base_url);
        let admission = if is_jira {
            self.admit(EndpointClass::Attachment).await
        } else {
            self.gate.admit_elsewhere().await
        };
        let counted = is_jira.then_some(&admission);
        let limit = self.config.request_timeout;
        let sending = self.send(EndpointClass::Attachment, builder, url, line, counted);
        let response = tokio::time::timeout(limit, sending)
            .await
            .unwrap_or_else(|_| Err(timed_out(line, "to begin with the content", limit).into()))?;
        Ok((response, admission))
    }

    async fn authorized(&self, builder: RequestBuilder) -> Result<RequestBuilder, Failure> {
        self.credential
            .authorize(builder, &self.http, &self.proxies, &self.config)
            .await
    }

    async fn admit(&self, class: EndpointClass) -> Admission {
        let lane = match class {
            EndpointClass::Attachment => Lane::Downloads,
            _ => Lane::Requests,
        };
        let admission = self.gate.admit(class, lane).await;
        self.stats.waited(class, admission.paused);
        admission
    }

    async fn send(
        &self,
        class: EndpointClass,
        builder: RequestBuilder,
        url: &Url,
        line: &RequestLine,
        admission: Option<&Admission>,
    ) -> Result<Response, Failure> {
        self.stats.sent(class);
        let way = Way {
            url,
            proxies: &self.proxies,
            config: &self.config,
        };
        let began = Instant::now();
        let sent = builder.send().await;
        let status = sent.as_ref().ok().map(|response| response.status().as_u16());
        Stats::answered(class, status, began.elapsed());
        let response = sent.map_err(|error| sending_failed(error, way, line))?;
        tracing::trace!(
            endpoint = class.name(),
            status = response.status().as_u16(),
            "jira answered"
        );
        if let Some(admission) = admission {
            self.learn_limits(class, &response, admission);
        }
        Ok(response)
    }

    /// Every answer says something about limits, refusals most of all; a pause begins before the body is read.
    fn learn_limits(&self, class: EndpointClass, response: &Response, admission: &Admission) {
        let (status, headers) = (response.status(), response.headers());
        match slowed_by(class, status, headers) {
            Some(scope) => {
                let wait = named_wait(headers, SystemTime::now(), self.config.max_wait).unwrap_or_default();
                if status == StatusCode::TOO_MANY_REQUESTS {
                    self.gate.refused(scope, class, admission.at, wait);
                } else {
                    self.gate.pause(scope, wait);
                }
            }
            None => {
                let announced = announced(headers);
                self.stats.announced(announced.limit, announced.per_second);
                self.gate.taken(class, announced, self.config.max_wait);
            }
        }
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
        let (status, headers) = (response.status(), response.headers().clone());
        let reading = read_some(response, REFUSAL_LIMIT);
        let body = tokio::time::timeout(self.config.read_timeout, reading)
            .await
            .unwrap_or_default();
        self.refusal_of(class, status, &headers, &body, line)
    }

    fn refusal_of(
        &self,
        class: EndpointClass,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        line: &RequestLine,
    ) -> Failure {
        let signs = Signs::read(headers);
        // An anonymous visitor's 403 or 404 says nothing about the account; a 401 or a fault of the server speaks for
        // itself.
        if matches!(status.as_u16(), 400 | 403..=428)
            && !signs.login_denied
            && let Err(error) = self.proof.refuse_anonymous(headers, line)
        {
            return error.into();
        }
        let answer = Answer {
            request: line.clone(),
            status: status.as_u16(),
            words: self.without_secret(words(body)),
            fields: fields(body)
                .into_iter()
                .map(|(name, text)| (name, self.without_secret(text)))
                .collect(),
            cure: String::new(),
            retry_after: if may_name_wait(status) {
                named_wait(headers, SystemTime::now(), LONGEST_TOLD)
            } else {
                None
            },
        };
        Failure {
            error: refusal(answer, &signs, credential_cure(&self.config)),
            slows: slowed_by(class, status, headers),
            unsent: false,
        }
    }

    /// Some servers and proxies repeat the request in their error pages.
    fn without_secret(&self, words: String) -> String {
        redacted(words, self.credential.secrets().iter().map(String::as_str))
    }
}

/// Without credentials, so that a request to another host can use it safely.
fn http_client(config: &JiraConfig) -> Result<reqwest::Client, JiraError> {
    let unusable = |setting, reason| JiraError::Config { setting, reason };
    let named = match &config.tls.ca_pem {
        Some(pem) => Certificates::from_pem(pem).map_err(|fault| unusable("ssl_ca", fault.to_string()))?,
        None => Certificates::default(),
    };
    let tls = Tls {
        verification: config.tls.verification,
        named,
        named_only: false,
    };
    tls.client_builder(Protocols::Http2)
        .user_agent(&config.user_agent)
        .connect_timeout(config.connect_timeout)
        .read_timeout(config.read_timeout)
        .pool_max_idle_per_host(config.max_concurrent_requests.max(1))
        .build()
        .map_err(|error| unusable("tls", reasons(&error)))
}

fn retry_plan(config: &JiraConfig) -> RetryPlan {
    RetryPlan {
        retries: config.retries,
        waits: Waits::Doubling {
            first: config.retry_delay.min(config.max_retry_delay),
            longest: config.max_retry_delay,
        },
        longest_named: config.max_wait,
        limited_for: config
            .max_limited
            .unwrap_or_else(|| config.max_wait.saturating_mul(LONGEST_WAITS).max(PATIENCE)),
        outage_for: config.max_outage,
    }
}

/// Says which requests a refusal slows: bursts are limited by endpoint, everything else concerns the whole client.
fn slowed_by(class: EndpointClass, status: StatusCode, headers: &HeaderMap) -> Option<PauseScope<EndpointClass>> {
    match status {
        StatusCode::TOO_MANY_REQUESTS if header_has(headers, "ratelimit-reason", "jira-burst-based") => {
            Some(PauseScope::Class(class))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(PauseScope::Everything),
        _ => None,
    }
}
