//! The index of the connectors. Its name and its mapping are ours.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Value, json};

/// The index of the connectors.
pub const CONNECTORS_INDEX: &str = ".jira-connector-actions";

/// Makes the index when it is not there.
pub async fn ensure_index(client: &ElasticClient) -> Result<(), ElasticError> {
    client
        .collection(CONNECTORS_INDEX)
        .make_index(&properties())
        .await
        .map(drop)
}

fn properties() -> Value {
    json!({
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
    })
}
