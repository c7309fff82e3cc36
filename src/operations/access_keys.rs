//! API keys of Elasticsearch that find what one user of Jira may see, and nothing else.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use sync_engine::access_control::{Identity, access_query};

use super::error::{Doing as _, OperationError};
use super::installation::Installation;
use super::revealed::revealed;
use crate::inbound::jobs::access_control_job::check_license;
use crate::inbound::sink::{IdentityIndex, user_key_metadata, user_key_name};

/// A key that is wanted.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// For whom: account id (Cloud) or login; none for somebody who is not logged in.
    pub user: Option<String>,
    /// The time that it works.
    pub expires: Duration,
}

/// A key that was made.
#[derive(Debug, Serialize)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// The key in its encoded form, shown only now.
    #[serde(serialize_with = "revealed")]
    pub encoded: SecretString,
    /// Whose eyes it sees with.
    pub user: String,
    /// The index that it reads.
    pub index_name: String,
    /// The time that it works.
    pub expires_minutes: u64,
}

/// Makes a key. What it finds is frozen when it is made.
pub async fn create_key(
    installation: &Installation<'_>,
    connector_id: &str,
    wanted: KeyRequest,
) -> Result<AccessKey, OperationError> {
    let client = &installation.client;
    let record = installation.connector(connector_id).await?.value;
    let doing = "cannot make the API key";
    check_license(client)
        .await
        .map_err(|error| OperationError::failed(doing, error))?;
    let index = record.index_name.as_deref();
    let index = index.ok_or_else(|| OperationError::Conflict("the connector has no index".to_owned()))?;
    let identities = IdentityIndex::new(installation.data_client(connector_id)?, index);
    let field = identities.access_field().await.doing(doing)?;
    let (who, identity) = match &wanted.user {
        Some(user) => (user.clone(), stored(&identities, user).await?),
        None => ("anonymous".to_owned(), Identity::anonymous()),
    };
    let role = json!({ "jira-access": { "indices": [{
        "names": [index],
        "privileges": ["read"],
        "query": access_query(&identity, &field),
    }] } });
    // The key of somebody who is not logged in follows no identity.
    let noted = wanted.user.as_deref().unwrap_or_default();
    let metadata = user_key_metadata(connector_id, index, noted, &identity.fingerprint());
    let minutes = wanted.expires.as_secs() / 60;
    let key = client
        .api_keys()
        .create_expiring(&user_key_name(index, &who), role, metadata, &format!("{minutes}m"))
        .await
        .doing("cannot make the API key; the account in config.yml needs manage_api_key, and must not be an API key")?;
    Ok(AccessKey {
        encoded: SecretString::from(key.encoded.expose_secret()),
        id: key.id,
        user: who,
        index_name: index.to_owned(),
        expires_minutes: minutes,
    })
}

async fn stored(identities: &IdentityIndex, user: &str) -> Result<Identity, OperationError> {
    let stored = identities.get(user).await;
    let stored = stored.doing("cannot read the identities; run an access control sync")?;
    let stored = stored.ok_or_else(|| {
        OperationError::NotFound(format!(
            "there is no identity \"{user}\" in {}: give the account id (Cloud) or login, as `access show` prints it; \
             a new user needs an access control sync",
            identities.name()
        ))
    })?;
    Ok(Identity::stored(&stored))
}
