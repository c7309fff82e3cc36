//! The indices of the log: one a month, so that old ones go as a whole.

use chrono::{DateTime, Months, Utc};
use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Value, json};
use tracing::info;

const PREFIX: &str = ".jira-connector-executions-";
/// All of them.
pub(super) const PATTERN: &str = ".jira-connector-executions-*";
/// Older ones are deleted when a new one begins.
const MONTHS_KEPT: u32 = 3;

/// The index for executions of this time.
pub(super) fn of(time: DateTime<Utc>) -> String {
    format!("{PREFIX}{}", time.format("%Y.%m"))
}

/// Makes the index of a month and deletes the one that is too old by then.
pub(super) async fn make(client: &ElasticClient, index: &str, time: DateTime<Utc>) -> Result<(), ElasticError> {
    if !client.collection(index).make_index(&properties()).await? {
        return Ok(());
    }
    if let Some(past) = time.checked_sub_months(Months::new(MONTHS_KEPT)) {
        let old = of(past);
        if client.indices().delete(&old).await? {
            info!(index = old, "log of executions deleted, {MONTHS_KEPT} months old");
        }
    }
    Ok(())
}

fn properties() -> Value {
    json!({
        "connector": { "type": "keyword" },
        "kind": { "type": "keyword" },
        "sub_action": { "type": "keyword" },
        "caller": { "type": "keyword" },
        "started_at": { "type": "date" },
        "ended_at": { "type": "date" },
        "outcome": { "type": "keyword" },
        "message": { "type": "text" },
        "warnings": { "type": "text" },
    })
}
