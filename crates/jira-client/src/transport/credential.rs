//! Puts the credential on a request; for a service account, gets its access token first and again before it expires.
//!
//! Which hosts a credential may go to is decided by the callers.

use std::collections::BTreeMap;
use std::time::Duration;

use http_kit::{Proxies, named_wait, redacted};
use parking_lot::Mutex;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::config::{Auth, JiraConfig};
use crate::error::{Answer, RequestLine};

use super::body::{JSON_LIMIT, REFUSAL_LIMIT, parse_json, read_some, read_whole};
use super::fault::{Failure, Way, sending_failed, timed_out};
use super::refusal::{Signs, may_name_wait, refusal, words};

/// A token is renewed so long before its end: requests take time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(60);
/// Atlassian's tokens live an hour; taken when an answer does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(super) struct Credential {
    auth: Auth,
    token: Mutex<Option<Token>>,
    /// Held while a token is fetched, so that requests that need it wait for one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Token {
    value: SecretString,
    renew_at: Instant,
    fetched_at: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<f64>,
}

impl Credential {
    pub(super) fn new(auth: Auth) -> Self {
        Self {
            auth,
            token: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    pub(super) async fn authorize(
        &self,
        builder: RequestBuilder,
        http: &Client,
        proxies: &Proxies,
        config: &JiraConfig,
    ) -> Result<RequestBuilder, Failure> {
        Ok(match &self.auth {
            Auth::Anonymous => builder,
            Auth::Basic { username, secret } => builder.basic_auth(username, Some(secret.expose_secret())),
            Auth::Bearer(token) => builder.bearer_auth(token.expose_secret().trim()),
            Auth::ClientCredentials {
                token_url,
                client_id,
                client_secret,
            } => {
                let token = match self.fresh_token() {
                    Some(token) => token,
                    None => {
                        let form = token_form(client_id, client_secret);
                        self.fetch(token_url, form, http, proxies, config).await?
                    }
                };
                builder.bearer_auth(token.expose_secret())
            }
        })
    }

    /// Forgets a token that was refused. True when a new one may help: the refused one was not fetched just now.
    pub(super) fn renew(&self, refused_since: Instant) -> bool {
        let mut token = self.token.lock();
        match &*token {
            Some(known) if known.fetched_at < refused_since => {
                *token = None;
                true
            }
            // Another request has renewed it already.
            Some(known) => known.fetched_at > refused_since,
            None => matches!(self.auth, Auth::ClientCredentials { .. }),
        }
    }

    /// Everything that must not be shown.
    pub(super) fn secrets(&self) -> Vec<String> {
        let fixed = match &self.auth {
            Auth::Anonymous => None,
            Auth::Basic { secret, .. } | Auth::Bearer(secret) => Some(secret),
            Auth::ClientCredentials { client_secret, .. } => Some(client_secret),
        };
        let token = self.token.lock();
        let all = fixed.into_iter().chain(token.iter().map(|token| &token.value));
        all.map(|secret| secret.expose_secret().trim().to_owned())
            .filter(|secret| !secret.is_empty())
            .collect()
    }

    fn fresh_token(&self) -> Option<SecretString> {
        let token = self.token.lock();
        token
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
            .map(|token| token.value.clone())
    }

    async fn fetch(
        &self,
        token_url: &Url,
        form: Value,
        http: &Client,
        proxies: &Proxies,
        config: &JiraConfig,
    ) -> Result<SecretString, Failure> {
        let _turn = self.fetching.lock().await;
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        let line = RequestLine {
            method: "POST",
            path: format!("{} (access token)", token_url.host_str().unwrap_or_default()),
        };
        let request = http
            .post(token_url.clone())
            .header("Accept", "application/json")
            .json(&form);
        let asking = self.ask(request, token_url, &line, proxies, config);
        let limit = config.request_timeout;
        let answer = tokio::time::timeout(limit, asking)
            .await
            .unwrap_or_else(|_| Err(timed_out(&line, "to send an access token", limit).into()))?;
        let life = answer
            .expires_in
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(USUAL_LIFE);
        let now = Instant::now();
        let value = SecretString::from(answer.access_token);
        *self.token.lock() = Some(Token {
            value: value.clone(),
            // A token of a minute or less is used for half of its life.
            renew_at: now + life.saturating_sub(MARGIN).max(life / 2),
            fetched_at: now,
        });
        Ok(value)
    }

    async fn ask(
        &self,
        request: RequestBuilder,
        url: &Url,
        line: &RequestLine,
        proxies: &Proxies,
        config: &JiraConfig,
    ) -> Result<TokenAnswer, Failure> {
        let way = Way { url, proxies, config };
        let sent = request.send().await;
        let mut response = sent.map_err(|error| sending_failed(error, way, line))?;
        let status = response.status();
        if status.is_success() {
            let body = read_whole(&mut response, line, JSON_LIMIT, config.read_timeout).await?;
            return Ok(parse_json(&body, line)?);
        }
        let headers = response.headers().clone();
        let said = words(&read_some(&mut response, REFUSAL_LIMIT).await);
        let said = redacted(said, self.secrets().iter().map(String::as_str));
        // 400, 401 and 403 all mean that this client id and secret are not accepted.
        let refused = matches!(status.as_u16(), 400 | 401 | 403);
        let answer = Answer {
            request: line.clone(),
            status: if refused {
                StatusCode::UNAUTHORIZED.as_u16()
            } else {
                status.as_u16()
            },
            words: said,
            fields: BTreeMap::new(),
            cure: String::new(),
            retry_after: may_name_wait(status)
                .then(|| named_wait(&headers, std::time::SystemTime::now(), config.max_wait))
                .flatten(),
        };
        let cure =
            "check oauth_client_id and oauth_client_secret; the service account's credential may have been revoked";
        Err(refusal(answer, &Signs::default(), cure).into())
    }
}

fn token_form(client_id: &str, client_secret: &SecretString) -> Value {
    json!({
        "audience": "api.atlassian.com",
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret.expose_secret(),
    })
}
