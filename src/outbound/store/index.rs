//! The index of the connectors. Its name and its mapping are ours.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Value, json};

/// The index of the connectors.
pub const CONNECTORS_INDEX: &str = ".jira-connector-actions";
/// All indices of the way out, for privileges.
pub const PATTERN: &str = ".jira-connector-*";

/// Makes the index when it is not there.
pub async fn ensure_index(client: &ElasticClient) -> Result<(), ElasticError> {
    let indices = client.indices();
    if !indices.exists(CONNECTORS_INDEX).await? {
        indices.create(CONNECTORS_INDEX, &definition()).await?;
    }
    Ok(())
}

fn definition() -> Value {
    json!({
        "settings": { "index": { "hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1" } },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "kind": { "type": "keyword" },
                "name": { "type": "keyword" },
                // Settings and sealed secrets are read whole, never searched.
                "config": { "type": "object", "enabled": false },
                "secrets": { "type": "object", "enabled": false },
                "is_missing_secrets": { "type": "boolean" },
                "created_at": { "type": "date" },
                "created_by": { "type": "keyword" },
                "updated_at": { "type": "date" },
                "updated_by": { "type": "keyword" },
            },
        },
    })
}
