//! Puts the credential on a request; for OAuth, gets the access token first and keeps it until it ends or is refused.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use http_kit::NotDone;
use parking_lot::Mutex;
use reqwest::Client;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use crate::answer;
use crate::signing_key::SigningKey;

/// A token is renewed so long before its end: requests take time.
const MARGIN: Duration = Duration::from_secs(30);
/// Taken when an answer does not say: ServiceNow's usual life of an access token.
const USUAL_LIFE: f64 = 1800.0;
/// A token that does not come within this is given up.
const TOKEN_WITHIN: Duration = Duration::from_secs(15);
const ASSERTION_SECONDS: u64 = 3600;

/// How to sign in.
#[derive(Debug)]
pub enum Credential {
    /// With every request.
    Basic {
        /// The user.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// With an access token.
    OAuth {
        /// The id of the client in the application registry.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
        /// What the token is given for.
        grant: Grant,
    },
}

/// What an access token is given for.
#[derive(Debug)]
pub enum Grant {
    /// A signed assertion.
    Jwt {
        /// Signs it.
        key: SigningKey,
        /// The id of the key on the instance.
        key_id: String,
        /// The user, by the field that the instance was told to look at.
        user: String,
    },
    /// The client alone.
    ClientCredentials,
    /// A user's password.
    Password {
        /// The user.
        username: String,
        /// Its password.
        password: SecretString,
    },
}

#[derive(Debug)]
pub(crate) struct SignIn {
    credential: Credential,
    token: Mutex<Option<Token>>,
    /// Held while a token is fetched, so that requests that need it wait for one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Token {
    value: SecretString,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<f64>,
}

impl SignIn {
    pub(crate) fn new(credential: Credential) -> Self {
        Self {
            credential,
            token: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) async fn authorize(
        &self,
        http: &Client,
        url: &str,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, NotDone> {
        match &self.credential {
            Credential::Basic { username, password } => {
                Ok(request.basic_auth(username, Some(password.expose_secret())))
            }
            Credential::OAuth {
                client_id,
                client_secret,
                grant,
            } => {
                let token = match self.known_token() {
                    Some(token) => token,
                    None => self.fetch(http, url, client_id, client_secret, grant).await?,
                };
                Ok(request.bearer_auth(token.expose_secret()))
            }
        }
    }

    /// Forgets a token that was refused. True when a new one may help.
    pub(crate) fn forget(&self) -> bool {
        self.token.lock().take();
        matches!(self.credential, Credential::OAuth { .. })
    }

    /// Everything that must not be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = match &self.credential {
            Credential::Basic { password, .. } => vec![password.clone()],
            Credential::OAuth {
                client_secret,
                grant: Grant::Password { password, .. },
                ..
            } => vec![client_secret.clone(), password.clone()],
            Credential::OAuth { client_secret, .. } => vec![client_secret.clone()],
        };
        secrets.extend(self.token.lock().as_ref().map(|token| token.value.clone()));
        secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect()
    }

    fn known_token(&self) -> Option<SecretString> {
        let token = self.token.lock();
        let fresh = token.as_ref().filter(|token| Instant::now() < token.renew_at);
        fresh.map(|token| token.value.clone())
    }

    async fn fetch(
        &self,
        http: &Client,
        url: &str,
        client_id: &str,
        client_secret: &SecretString,
        grant: &Grant,
    ) -> Result<SecretString, NotDone> {
        let _turn = self.fetching.lock().await;
        if let Some(token) = self.known_token() {
            return Ok(token);
        }
        let mut form = vec![
            ("client_id", client_id.to_owned()),
            ("client_secret", client_secret.expose_secret().to_owned()),
        ];
        match grant {
            Grant::ClientCredentials => form.push(("grant_type", "client_credentials".to_owned())),
            Grant::Password { username, password } => form.extend([
                ("grant_type", "password".to_owned()),
                ("username", username.clone()),
                ("password", password.expose_secret().to_owned()),
            ]),
            Grant::Jwt { key, key_id, user } => {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default()
                    .as_secs();
                let claims = serde_json::json!({ "sub": user, "iss": client_id, "aud": client_id, "iat": now, "exp": now + ASSERTION_SECONDS });
                let assertion = key
                    .sign(key_id, &claims)
                    .map_err(|fault| NotDone::NotSent(fault.to_string()))?;
                form.extend([
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()),
                    ("assertion", assertion),
                ]);
            }
        }
        let response = http
            .post(url)
            .timeout(TOKEN_WITHIN)
            .header("accept", "application/json")
            .form(&form)
            .send()
            .await
            .map_err(|error| answer::not_reached(error, false))?;
        let secrets: Vec<String> = form
            .into_iter()
            .filter(|(name, _)| ["client_secret", "password", "assertion"].contains(name))
            .map(|(_, value)| value)
            .collect();
        let body = answer::read(response, false, &secrets)
            .await
            .map_err(|fault| fault.not_done)?;
        let life = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(MARGIN);
        // The answer holds the token, so its words are not repeated.
        let token: TokenAnswer = serde_json::from_value(body).map_err(|_| {
            NotDone::NotSent(
                "the token endpoint of ServiceNow answered without `access_token`: check `apiUrl`".to_owned(),
            )
        })?;
        let renew_at =
            Instant::now() + life(token.expires_in.unwrap_or(USUAL_LIFE).min(86_400.0)).saturating_sub(MARGIN);
        *self.token.lock() = Some(Token {
            value: token.access_token.clone(),
            renew_at,
        });
        Ok(token.access_token)
    }
}
