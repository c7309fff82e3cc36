//! `jira-connector connector list` and `show`. Secrets are never shown.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use elastic_client::{ConnectorRecord, ConnectorStatus, ElasticClient, JobStatus, JobType, Versioned};
use serde_json::{Value, json};

use super::context;
use super::exit::CommandError;
use super::output::{Output, or_dash, table};
use crate::config::Config;

pub(super) async fn list(config: &Config, output: &Output) -> Result<(), CommandError> {
    let client = context::connect(config).await?;
    let connectors = client.connectors().list().await.context("cannot list the connectors")?;
    let mut json: Vec<Value> = connectors.iter().map(summary).collect();
    let counts = documents(&client, &connectors).await;
    for (json, count) in json.iter_mut().zip(&counts) {
        json["documents"] = json!(count);
    }
    let rows: Vec<Vec<String>> = connectors
        .iter()
        .zip(&counts)
        .map(|(connector, count)| {
            let record = &connector.value;
            vec![
                connector.id.clone(),
                or_dash(record.index_name.as_deref()),
                or_dash(record.service_type.as_deref()),
                or_dash(record.status.as_ref().map(ConnectorStatus::as_str)),
                or_dash(record.last_sync_status.as_ref().map(JobStatus::as_str)),
                or_dash(count.map(|count| count.to_string()).as_deref()),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "There are no connectors; make one with `jira-connector connector create`.".to_owned()
    } else {
        table(&["ID", "INDEX", "TYPE", "STATUS", "LAST SYNC", "DOCUMENTS"], &rows)
    };
    output.result(&Value::Array(json), &text);
    Ok(())
}

/// Documents in the index of each connector; none where there is no index, or where this account may not look.
async fn documents(client: &ElasticClient, connectors: &[Versioned<ConnectorRecord>]) -> Vec<Option<u64>> {
    let mut counts = Vec::new();
    for connector in connectors {
        let count = match &connector.value.index_name {
            Some(index) => client.indices().count(index, None).await.ok(),
            None => None,
        };
        counts.push(count);
    }
    counts
}

pub(super) async fn show(config: &Config, named: Option<String>, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, named)?.connector_id;
    let client = context::connect(config).await?;
    let found = client
        .connectors()
        .get(&id)
        .await
        .context("cannot read the connector")?;
    let connector = found.ok_or_else(|| context::no_such_connector(&id))?;
    let record = &connector.value;
    let mut lines = vec![
        line("id", &connector.id),
        line("name", &or_dash(record.name.as_deref())),
        line("index", &or_dash(record.index_name.as_deref())),
        line("status", &or_dash(record.status.as_ref().map(ConnectorStatus::as_str))),
        line("error", &or_dash(record.error.as_deref())),
        line("last seen", &time(record.last_seen)),
        line(
            "last sync",
            &or_dash(record.last_sync_status.as_ref().map(JobStatus::as_str)),
        ),
        line("last sync at", &time(record.last_synced)),
        line("last sync error", &or_dash(record.last_sync_error.as_deref())),
        line(
            "documents",
            &or_dash(
                record
                    .last_indexed_document_count
                    .map(|count| count.to_string())
                    .as_deref(),
            ),
        ),
    ];
    for job_type in [JobType::Full, JobType::Incremental, JobType::AccessControl] {
        let on = record.schedule(&job_type).filter(|entry| entry.enabled);
        let on = on.map(|entry| entry.interval.as_str());
        let name = format!("{} syncs", job_type.as_str().replace('_', " "));
        lines.push(line(&name, on.unwrap_or("only when asked for")));
    }
    lines.push(String::new());
    for (key, value) in settings(record) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(line(&key, &text));
    }
    let mut json = summary(&connector);
    json["configuration"] = settings(record).into_iter().collect::<serde_json::Map<_, _>>().into();
    json["scheduling"] = record.raw.get("scheduling").cloned().unwrap_or_default();
    output.result(&json, &lines.join("\n"));
    Ok(())
}

/// Values of the configuration, those of sensitive fields hidden.
fn settings(record: &ConnectorRecord) -> Vec<(String, Value)> {
    let mut fields: Vec<_> = record.configuration.iter().collect();
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

fn summary(connector: &Versioned<ConnectorRecord>) -> Value {
    let record = &connector.value;
    json!({
        "connector_id": connector.id,
        "name": record.name,
        "index_name": record.index_name,
        "service_type": record.service_type,
        "status": record.status.as_ref().map(ConnectorStatus::as_str),
        "error": record.error,
        "last_seen": record.last_seen,
        "last_sync_status": record.last_sync_status.as_ref().map(JobStatus::as_str),
        "last_sync_error": record.last_sync_error,
        "last_synced": record.last_synced,
        "last_indexed_document_count": record.last_indexed_document_count,
    })
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<34}{value}").trim_end().to_owned()
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
