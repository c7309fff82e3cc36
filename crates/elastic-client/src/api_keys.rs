//! Creating and invalidating API keys. It leaves what a key may do to the caller.

use http_kit::Repeat;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ElasticError;
use crate::request::Request;
use crate::transport::Transport;

/// `/_security/api_key`. Needs the cluster privilege `manage_api_key` or `manage_own_api_key`.
pub struct ApiKeys {
    transport: Transport,
}

/// A new key. The secret is shown by Elasticsearch this once.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Id, not secret.
    pub id: String,
    /// The form for the `Authorization` header and for `config.yml`.
    pub encoded: SecretString,
}

/// Elasticsearch's facts about an existing key.
#[derive(Clone, Debug, Deserialize)]
pub struct ApiKeyInfo {
    /// Id, not secret.
    pub id: String,
    /// The name it was given.
    pub name: String,
    /// Whether it was made unusable.
    pub invalidated: bool,
    /// The note of its maker.
    #[serde(default)]
    pub metadata: Value,
}

#[derive(Deserialize)]
struct Listed {
    api_keys: Vec<ApiKeyInfo>,
}

#[derive(Deserialize)]
struct Created {
    id: String,
    encoded: SecretString,
}

#[derive(Deserialize)]
struct Invalidated {
    error_count: u64,
}

impl ApiKeys {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Creates a key without expiration. When the answer gets lost this is [`ElasticError::OutcomeUnknown`]: a key that
    /// nobody knows may then exist under `name`.
    pub async fn create(&self, name: &str, role_descriptors: Value, metadata: Value) -> Result<ApiKey, ElasticError> {
        self.create_with(json!({ "name": name, "role_descriptors": role_descriptors, "metadata": metadata }))
            .await
    }

    /// Creates a key that stops working after `expiration`, in Elasticsearch's notation, such as `7d`.
    pub async fn create_expiring(
        &self,
        name: &str,
        role_descriptors: Value,
        metadata: Value,
        expiration: &str,
    ) -> Result<ApiKey, ElasticError> {
        let body = json!({
            "name": name,
            "role_descriptors": role_descriptors,
            "metadata": metadata,
            "expiration": expiration,
        });
        self.create_with(body).await
    }

    async fn create_with(&self, body: Value) -> Result<ApiKey, ElasticError> {
        let request = Request::post(&["_security", "api_key"])
            .json(&body)
            .repeat(Repeat::OnlyIfNotCarriedOut);
        let Created { id, encoded } = self.transport.send(request).await?.parse()?;
        Ok(ApiKey { id, encoded })
    }

    /// The keys whose names begin with `prefix`: all that the account may see, or its own when it may see no others.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ApiKeyInfo>, ElasticError> {
        let request = |own: bool| {
            Request::get(&["_security", "api_key"])
                .query("name", format!("{prefix}*"))
                .query("owner", own.to_string())
        };
        let answer = match self.transport.send(request(false)).await {
            Err(ElasticError::Forbidden { .. }) => self.transport.send(request(true)).await?,
            answer => answer?,
        };
        Ok(answer.parse::<Listed>()?.api_keys)
    }

    /// Makes a key unusable at once. A key that is unusable already, or is not there, is no error.
    pub async fn invalidate(&self, id: &str) -> Result<(), ElasticError> {
        let request = Request::delete(&["_security", "api_key"]).json(&json!({ "ids": [id] }));
        let answer = self.transport.send(request).await?;
        let Invalidated { error_count } = answer.parse()?;
        if error_count > 0 {
            return Err(answer.unexpected("error_count", "Elasticsearch reports that the key was not invalidated"));
        }
        Ok(())
    }
}
