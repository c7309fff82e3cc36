//! API keys of ours that are limited to what one user may see: how they are called and what is noted on them.
//!
//! Making them is left to `operations`; which are outdated is decided in the engine.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Value, json};
use sync_engine::access_sync::UserKey;

const PREFIX: &str = "jira-access-";

/// The name of a key for a user of an index.
pub fn user_key_name(content_index: &str, who: &str) -> String {
    format!("{PREFIX}{content_index}-{who}")
}

/// The note on it.
pub fn user_key_metadata(connector_id: &str, content_index: &str, identity: &str, fingerprint: &str) -> Value {
    json!({ "jira_connector": {
        "connector_id": connector_id, "index": content_index, "identity": identity, "fingerprint": fingerprint,
    } })
}

/// The keys for users of an index that still work. One for readers who are not logged in follows no identity.
pub(super) async fn user_keys(client: &ElasticClient, content_index: &str) -> Result<Vec<UserKey>, ElasticError> {
    let keys = client.api_keys().list(&user_key_name(content_index, "")).await?;
    let working = keys.into_iter().filter(|key| !key.invalidated);
    Ok(working
        .filter_map(|key| {
            let noted = |member: &str| {
                key.metadata["jira_connector"][member]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let found = UserKey {
                identity: noted("identity"),
                fingerprint: noted("fingerprint"),
                id: key.id.clone(),
            };
            (noted("index") == content_index && !found.identity.is_empty()).then_some(found)
        })
        .collect())
}
