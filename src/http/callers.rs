//! Who calls, and what he may do: Elasticsearch says both, by the caller's own credentials. There is no store of users.
//!
//! A node without security knows nobody; tokens of `config.yml` stand in for it.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use elastic_client::{Credentials, ElasticClient, ElasticError};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::answers::Refusal;
use crate::config::{HttpConfig, HttpToken, TokenRight};
use crate::operations::actions::{Rights, rights_of};

/// An answer of Elasticsearch counts this long. Refusals are not remembered: a right that was just given counts at once.
const REMEMBERED: Duration = Duration::from_secs(10);
/// More callers than this are not remembered at a time.
const MOST_REMEMBERED: usize = 1_000;

type Fingerprint = [u8; 32];

/// Signs callers in.
pub(super) struct Callers {
    client: ElasticClient,
    tokens: Vec<HttpToken>,
    limiter: DefaultKeyedRateLimiter<Fingerprint>,
    remembered: Mutex<HashMap<(Fingerprint, String), (Instant, Caller)>>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The user, with the id of the API key if there is one.
    pub(super) name: String,
    pub(super) rights: Rights,
}

impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callers")
    }
}

impl Callers {
    pub(super) fn new(client: ElasticClient, config: &HttpConfig) -> Arc<Self> {
        let rate = NonZeroU32::new(config.requests_per_second).unwrap_or(NonZeroU32::MIN);
        Arc::new(Self {
            client,
            tokens: config.tokens.clone(),
            limiter: RateLimiter::keyed(Quota::per_second(rate)),
            remembered: Mutex::default(),
        })
    }

    /// Signs a caller in, for one connector or for all of them.
    pub(super) async fn sign_in(&self, headers: &HeaderMap, connector: Option<&str>) -> Result<Caller, Refusal> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(header) = header else {
            return Err(unauthorized("missing authentication credentials for this request"));
        };
        let fingerprint = fingerprint(header);
        if self.limiter.check_key(&fingerprint).is_err() {
            let text = "too many requests of one caller; http.requests_per_second in config.yml is the limit";
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, text).after(1));
        }
        self.limiter.retain_recent();
        if let Some(caller) = self.of_token(header) {
            return Ok(caller);
        }
        let remembered = (fingerprint, connector.unwrap_or_default().to_owned());
        if let Some((at, caller)) = self.remembered.lock().get(&remembered)
            && at.elapsed() < REMEMBERED
        {
            return Ok(caller.clone());
        }
        let caller = self.ask(header, connector).await?;
        if caller.rights != Rights::default() {
            let mut memory = self.remembered.lock();
            memory.retain(|_, (at, _)| at.elapsed() < REMEMBERED);
            if memory.len() < MOST_REMEMBERED {
                memory.insert(remembered, (Instant::now(), caller.clone()));
            }
        }
        Ok(caller)
    }

    fn of_token(&self, header: &str) -> Option<Caller> {
        let given = header
            .strip_prefix("Bearer ")
            .or_else(|| header.strip_prefix("ApiKey "))?;
        // Digests are compared: how long that takes says nothing about the token.
        let given = fingerprint(given.trim());
        let token = self
            .tokens
            .iter()
            .find(|token| fingerprint(token.token.expose_secret()) == given)?;
        Some(Caller {
            name: format!("token {}", token.name),
            rights: Rights {
                read: true,
                execute: token.right >= TokenRight::Execute,
                manage: token.right >= TokenRight::Manage,
            },
        })
    }

    async fn ask(&self, header: &str, connector: Option<&str>) -> Result<Caller, Refusal> {
        let credentials = Credentials::Verbatim(SecretString::from(header));
        let client = self
            .client
            .with_credentials(credentials)
            .map_err(|_| unauthorized("the Authorization header holds characters that no header can carry"))?;
        match rights_of(&client, connector).await {
            Ok((user, rights)) => Ok(Caller {
                name: match api_key_id(header) {
                    Some(id) => format!("{user} (API key {id})"),
                    None => user,
                },
                rights,
            }),
            Err(error @ ElasticError::Unauthorized { .. }) => Err(unauthorized(&error.to_string())),
            Err(ElasticError::BadRequest { .. } | ElasticError::NotFound { .. }) => Err(unauthorized(
                "this Elasticsearch has no security and knows no callers: name them under http.tokens in config.yml",
            )),
            Err(error) => {
                let text = format!("Elasticsearch cannot say who is calling: {error}");
                Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).after(5))
            }
        }
    }
}

fn unauthorized(reason: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, format!("[security_exception] {reason}"))
}

fn api_key_id(header: &str) -> Option<String> {
    let encoded = header.strip_prefix("ApiKey ")?;
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(id, _)| id.to_owned())
}

fn fingerprint(text: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}
