//! What the service does for each connector in every pass: heartbeat, configuration fields, status.
//!
//! Jobs are left to `supervisor`.

use chrono::{DateTime, Duration, Utc};
use elastic_client::{ConnectorRecord, ConnectorStatus, ElasticClient, ElasticError, Refresh, Versioned};
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use crate::config::ConnectorEntry;
use crate::source::JiraSettings;
use crate::source::field_definitions::{SERVICE_TYPE, definition, features};

/// Whether jobs of a connector are ours to run. One whose configuration is not usable counts: its jobs end with an error
/// that says so, which beats waiting for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// They are.
    Ours,
    /// It does not exist, or belongs to another service.
    NotOurs,
}

/// One pass over one connector.
pub async fn pass(
    client: &ElasticClient,
    entry: &ConnectorEntry,
    heartbeat: std::time::Duration,
) -> Result<Readiness, ElasticError> {
    let id = entry.connector_id.as_str();
    let Some(connector) = client.connectors().get(id).await? else {
        warn!(
            connector.id = id,
            "there is no such connector in elasticsearch; correct connector_id in config.yml"
        );
        return Ok(Readiness::NotOurs);
    };
    if let Some(other) = connector
        .value
        .service_type
        .as_deref()
        .filter(|other| *other != SERVICE_TYPE)
    {
        warn!(
            connector.id = id,
            service_type = other,
            "the connector is of another service type; it is left alone"
        );
        return Ok(Readiness::NotOurs);
    }
    if heartbeat_due(connector.value.last_seen, heartbeat, Utc::now()) {
        client.connectors().check_in(id).await?;
    }
    // The check-in changed the record.
    let Some(connector) = client.connectors().get(id).await? else {
        return Ok(Readiness::NotOurs);
    };
    let update = registration(&connector.value);
    let needs_configuration = connector.value.configuration.is_empty();
    if !update.is_empty() {
        match client
            .connectors()
            .update_if_unchanged(&connector, &Value::Object(update), Refresh::None)
            .await
        {
            Ok(_) => info!(
                connector.id = id,
                "registered the configuration fields of the connector"
            ),
            // Someone else changed the record; the next pass looks again.
            Err(ElasticError::VersionConflict { .. }) => return Ok(Readiness::Ours),
            Err(error) => return Err(error),
        }
    }
    if !needs_configuration && connector.value.status != Some(ConnectorStatus::NeedsConfiguration) {
        settle_status(client, id).await?;
    }
    Ok(Readiness::Ours)
}

/// Says whether the configuration is usable, in the record.
async fn settle_status(client: &ElasticClient, id: &str) -> Result<(), ElasticError> {
    let Some(connector) = client.connectors().get(id).await? else {
        return Ok(());
    };
    let record = &connector.value;
    let (status, error) = match JiraSettings::from_configuration(&record.configuration) {
        Ok(_) => (ConnectorStatus::Connected, None),
        Err(problem) => (ConnectorStatus::Error, Some(problem.to_string())),
    };
    // The text of a failed sync stays until the next one begins; only our own verdict is replaced.
    let unchanged = record.status.as_ref() == Some(&status) && (error.is_none() || record.error == error);
    let failed_sync = status == ConnectorStatus::Connected && sync_failed(record);
    if !unchanged && !failed_sync {
        write_status(client, &connector, &status, error.as_deref()).await?;
    }
    Ok(())
}

fn sync_failed(record: &ConnectorRecord) -> bool {
    record.status == Some(ConnectorStatus::Error) && record.error.is_some() && record.error == record.last_sync_error
}

async fn write_status(
    client: &ElasticClient,
    connector: &Versioned<ConnectorRecord>,
    status: &ConnectorStatus,
    error: Option<&str>,
) -> Result<(), ElasticError> {
    let doc = json!({ "status": status.as_str(), "error": error });
    match client
        .connectors()
        .update_if_unchanged(connector, &doc, Refresh::None)
        .await
    {
        Ok(_) | Err(ElasticError::VersionConflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The partial update that registers this program's fields and features; empty when nothing is missing. Values that
/// somebody entered are never touched.
pub fn registration(record: &ConnectorRecord) -> Map<String, Value> {
    let mut update = Map::new();
    if record.service_type.is_none() {
        update.insert("service_type".into(), SERVICE_TYPE.into());
    }
    if record.raw.get("features") != Some(&features()) {
        update.insert("features".into(), features());
    }
    if record.configuration.is_empty() {
        update.insert("configuration".into(), Value::Object(definition()));
        update.insert("status".into(), ConnectorStatus::NeedsConfiguration.as_str().into());
        return update;
    }
    let missing: Map<String, Value> = definition()
        .into_iter()
        .filter(|(key, _)| !record.configuration.contains_key(key))
        .collect();
    if !missing.is_empty() {
        update.insert("configuration".into(), Value::Object(missing));
    }
    update
}

fn heartbeat_due(last_seen: Option<DateTime<Utc>>, interval: std::time::Duration, now: DateTime<Utc>) -> bool {
    let interval = Duration::from_std(interval).unwrap_or(Duration::MAX);
    last_seen.is_none_or(|seen| now - seen >= interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_connector_gets_all_fields_and_waits_for_values() {
        let update = registration(&ConnectorRecord::default());
        assert_eq!(update["status"], "needs_configuration");
        assert_eq!(update["service_type"], "jira");
        assert_eq!(update["configuration"].as_object().unwrap().len(), definition().len());
    }

    #[test]
    fn a_connector_of_the_framework_keeps_its_values_and_gets_only_what_is_missing() {
        let mut configuration = definition();
        configuration.remove("max_deletion_percent");
        configuration["jira_url"]["value"] = "https://example.atlassian.net".into();
        let record = ConnectorRecord {
            configuration,
            service_type: Some("jira".into()),
            ..ConnectorRecord::default()
        };
        let update = registration(&record);
        let added: Vec<&String> = update["configuration"].as_object().unwrap().keys().collect();
        assert_eq!(added, ["max_deletion_percent"]);
        assert!(!update.contains_key("status"));
    }

    #[test]
    fn the_heartbeat_is_due_after_the_interval_and_at_first_sight() {
        let now = Utc::now();
        let interval = std::time::Duration::from_secs(300);
        assert!(heartbeat_due(None, interval, now));
        assert!(!heartbeat_due(Some(now - Duration::seconds(299)), interval, now));
        assert!(heartbeat_due(Some(now - Duration::seconds(300)), interval, now));
    }
}
