//! Shows connectors, never their secrets.

use chrono::{DateTime, Utc};
use elastic_client::{ConnectorRecord, ConnectorStatus, JobStatus, Versioned};
use serde::Serialize;
use serde_json::{Map, Value};

use super::schedule::ByType;
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// A connector in a few words.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the record, under the same names")]
pub struct ConnectorSummary {
    pub connector_id: String,
    pub name: Option<String>,
    pub index_name: Option<String>,
    pub service_type: Option<String>,
    pub status: Option<ConnectorStatus>,
    pub error: Option<String>,
    pub last_seen: Option<DateTime<Utc>>,
    pub last_sync_status: Option<JobStatus>,
    pub last_sync_error: Option<String>,
    pub last_synced: Option<DateTime<Utc>>,
    pub last_indexed_document_count: Option<i64>,
}

impl From<&Versioned<ConnectorRecord>> for ConnectorSummary {
    fn from(connector: &Versioned<ConnectorRecord>) -> Self {
        let record = connector.value.clone();
        Self {
            connector_id: connector.id.clone(),
            name: record.name,
            index_name: record.index_name,
            service_type: record.service_type,
            status: record.status,
            error: record.error,
            last_seen: record.last_seen,
            last_sync_status: record.last_sync_status,
            last_sync_error: record.last_sync_error,
            last_synced: record.last_synced,
            last_indexed_document_count: record.last_indexed_document_count,
        }
    }
}

/// A connector in a list.
#[derive(Debug, Clone, Serialize)]
pub struct ListedConnector {
    /// Which.
    #[serde(flatten)]
    pub summary: ConnectorSummary,
    /// Documents in its index; none where there is no index, or where this account may not look.
    pub documents: Option<u64>,
}

/// All of a connector that may be shown.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectorView {
    /// Which.
    #[serde(flatten)]
    pub summary: ConnectorSummary,
    /// Values of the configuration in the order of the form, those of sensitive fields hidden.
    #[serde(serialize_with = "as_map")]
    pub configuration: Vec<(String, Value)>,
    /// Its schedules as they stand in the record.
    pub scheduling: Value,
    /// The same, read.
    #[serde(skip)]
    pub schedules: ByType,
}

fn as_map<S: serde::Serializer>(pairs: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

/// All connectors that Elasticsearch knows.
pub async fn list(installation: &Installation<'_>) -> Result<Vec<ListedConnector>, OperationError> {
    let client = &installation.client;
    let connectors = client.connectors().list().await.doing("cannot list the connectors")?;
    let mut listed = Vec::new();
    for connector in &connectors {
        let documents = match &connector.value.index_name {
            Some(index) => client.indices().count(index, None).await.ok(),
            None => None,
        };
        listed.push(ListedConnector {
            summary: connector.into(),
            documents,
        });
    }
    Ok(listed)
}

/// One connector.
pub async fn show(installation: &Installation<'_>, connector_id: &str) -> Result<ConnectorView, OperationError> {
    let connector = installation.connector(connector_id).await?;
    let record = &connector.value;
    Ok(ConnectorView {
        summary: ConnectorSummary::from(&connector),
        configuration: settings(&record.configuration),
        scheduling: record.raw.get("scheduling").cloned().unwrap_or_default(),
        schedules: ByType::of(record),
    })
}

fn settings(configuration: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut fields: Vec<_> = configuration.iter().collect();
    fields.sort_by_key(|(_, field)| field["order"].as_u64());
    fields
        .into_iter()
        .map(|(key, field)| {
            // A field that does not say that it is harmless may hold a secret.
            let shown = match (&field["sensitive"], &field["value"]) {
                (_, Value::Null) => Value::Null,
                (_, Value::String(text)) if text.is_empty() => "".into(),
                (Value::Bool(false), value) => value.clone(),
                _ => "(hidden)".into(),
            };
            (key.clone(), shown)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_does_not_say_that_it_is_harmless_is_hidden() {
        let configuration = json!({
            "api_token": { "value": "hush", "sensitive": true, "order": 2 },
            "odd": { "value": "hush", "order": 3 },
            "jira_url": { "value": "https://example.com", "sensitive": false, "order": 1 },
        });
        let shown = settings(configuration.as_object().unwrap());
        let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["jira_url", "api_token", "odd"]);
        assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
    }
}
