//! Keeps each connector's record in order, in every pass: configuration fields, features, status.
//!
//! Its heartbeat is left to `heartbeat`, its jobs to `scheduler` and `job_queue`.

use elastic_client::{ConnectorRecord, ConnectorStatus, ElasticClient, ElasticError, JobType, Refresh, Versioned};
use serde_json::{Map, Value, json};
use tracing::info;

use crate::config::ConnectorEntry;
use crate::coordination::modify::{Decision, modify};
use crate::coordination::records::Records as _;
use crate::inbound::records::SyncRecords as _;
use crate::inbound::schedules::cron::CronExpression;
use crate::inbound::source::JiraSettings;
use crate::inbound::source::field_definitions::{FORM, SERVICE_TYPE, features};

/// Whether a connector can be synced on schedule. Jobs that somebody asks for are taken in any case: an error that says
/// what is wrong beats waiting for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Its configuration is usable.
    Ready,
    /// It is not, or the connector is gone.
    NotReady,
}

/// One pass over one connector.
pub async fn pass(client: &ElasticClient, entry: &ConnectorEntry) -> Result<Readiness, ElasticError> {
    let id = entry.connector_id.as_str();
    let Some(connector) = client.connectors().get(id).await? else {
        return Ok(Readiness::NotReady);
    };
    let needs_configuration = connector.value.configuration.is_empty();
    if !registration(&connector.value).is_empty() && register(client, id).await? {
        info!(
            connector.id = id,
            "registered the configuration fields of the connector"
        );
    }
    if needs_configuration || connector.value.status == Some(ConnectorStatus::NeedsConfiguration) {
        return Ok(Readiness::NotReady);
    }
    settle_status(client, id).await
}

/// Registers this program's fields and features in the record. Whether any were missing.
pub async fn register(client: &ElasticClient, id: &str) -> Result<bool, ElasticError> {
    let connectors = client.connector_records();
    let registered = modify(&connectors, id, Refresh::None, |connector| {
        let update = registration(&connector.value);
        if update.is_empty() {
            Decision::Leave(false)
        } else {
            Decision::Write(Value::Object(update), true)
        }
    });
    Ok(registered.await?.settled(id)?.unwrap_or(false))
}

/// Says whether configuration and schedules are usable, in the record.
async fn settle_status(client: &ElasticClient, id: &str) -> Result<Readiness, ElasticError> {
    let Some(connector) = client.connectors().get(id).await? else {
        return Ok(Readiness::NotReady);
    };
    let record = &connector.value;
    let unusable = JiraSettings::from_configuration(&record.configuration).err();
    // A schedule that cannot be read stops only itself.
    let readiness = if unusable.is_some() {
        Readiness::NotReady
    } else {
        Readiness::Ready
    };
    let problems: Vec<String> = unusable
        .map(|problem| problem.to_string())
        .into_iter()
        .chain(schedule_problems(record))
        .collect();
    let (status, error) = if problems.is_empty() {
        (ConnectorStatus::Connected, None)
    } else {
        (ConnectorStatus::Error, Some(problems.join("; ")))
    };
    // The text of a failed sync stays until the next one begins; only our own verdict is replaced.
    let unchanged = record.status.as_ref() == Some(&status) && (error.is_none() || record.error == error);
    let failed_sync = status == ConnectorStatus::Connected && sync_failed(record);
    if !unchanged && !failed_sync {
        write_status(client, &connector, &status, error.as_deref()).await?;
    }
    Ok(readiness)
}

/// Problems of schedules that are switched on.
fn schedule_problems(record: &ConnectorRecord) -> impl Iterator<Item = String> {
    [JobType::Full, JobType::Incremental, JobType::AccessControl]
        .into_iter()
        .filter_map(|job_type| {
            let schedule = record.schedule(&job_type).filter(|schedule| schedule.enabled)?;
            let problem = schedule.interval.parse::<CronExpression>().err()?;
            Some(format!(
                "the schedule of {} syncs, `{}`, cannot be used: {problem}",
                job_type.as_str().replace('_', " "),
                schedule.interval
            ))
        })
}

fn sync_failed(record: &ConnectorRecord) -> bool {
    let of_syncs = [&record.last_sync_error, &record.last_access_control_sync_error];
    record.status == Some(ConnectorStatus::Error) && record.error.is_some() && of_syncs.contains(&&record.error)
}

async fn write_status(
    client: &ElasticClient,
    connector: &Versioned<ConnectorRecord>,
    status: &ConnectorStatus,
    error: Option<&str>,
) -> Result<(), ElasticError> {
    let doc = json!({ "status": status.as_str(), "error": error });
    // If somebody else was faster, the next pass looks again.
    let connectors = client.connector_records();
    connectors.try_update(connector, &doc, Refresh::None).await.map(drop)
}

/// The partial update that registers this program's fields and features; empty when nothing is missing. Values that
/// somebody entered are never touched.
pub fn registration(record: &ConnectorRecord) -> Map<String, Value> {
    let mut update = Map::new();
    if record.service_type.is_none() {
        update.insert("service_type".into(), SERVICE_TYPE.into());
    }
    if !holds(record.raw.get("features").unwrap_or(&Value::Null), &features()) {
        update.insert("features".into(), features());
    }
    if record.configuration.is_empty() {
        update.insert("configuration".into(), Value::Object(FORM.blank()));
        update.insert("status".into(), ConnectorStatus::NeedsConfiguration.as_str().into());
        return update;
    }
    let changes = field_changes(&record.configuration);
    if !changes.is_empty() {
        update.insert("configuration".into(), Value::Object(changes));
    }
    update
}

/// Whether everything that is wanted is there; what else there is stays, as writing merges.
fn holds(stored: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(members) => members.iter().all(|(name, wanted)| holds(&stored[name], wanted)),
        _ => stored == wanted,
    }
}

/// Fields that are missing, and attributes that the others lack. When fields are missing the record is of another
/// version, and captions, rules and the like of its fields are brought up to date too; otherwise two versions at work
/// on one connector would undo each other's texts for ever. A value is never changed.
fn field_changes(stored: &Map<String, Value>) -> Map<String, Value> {
    let defined = FORM.blank();
    let is_of_another_version = defined.keys().any(|key| !stored.contains_key(key));
    let mut changes = Map::new();
    for (key, field) in defined {
        let Some(present) = stored.get(&key).and_then(Value::as_object) else {
            changes.insert(key, field);
            continue;
        };
        let attributes = field.as_object().into_iter().flatten();
        let outdated: Map<String, Value> = attributes
            // Elasticsearch drops attributes that are null.
            .filter(|(name, value)| name.as_str() != "value" && !value.is_null())
            .filter(|(name, value)| match present.get(*name) {
                None => true,
                Some(stored) => is_of_another_version && stored != *value,
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !outdated.is_empty() {
            changes.insert(key, Value::Object(outdated));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_connector_gets_all_fields_and_waits_for_values() {
        let update = registration(&ConnectorRecord::default());
        assert_eq!(update["status"], "needs_configuration");
        assert_eq!(update["service_type"], "jira");
        assert_eq!(update["configuration"].as_object().unwrap().len(), FORM.blank().len());
    }

    #[test]
    fn a_connector_of_the_framework_keeps_its_values_and_gets_only_what_is_missing() {
        let mut configuration = FORM.blank();
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
    fn features_are_written_until_ours_are_there() {
        let mut record = ConnectorRecord {
            service_type: Some("jira".into()),
            configuration: FORM.blank(),
            ..ConnectorRecord::default()
        };
        assert_eq!(registration(&record)["features"], features());
        let mut stored = features();
        stored["filtering_rules"] = true.into();
        record.raw.insert("features".into(), stored.clone());
        assert_eq!(registration(&record), Map::new());
        stored["sync_rules"]["basic"]["enabled"] = false.into();
        record.raw.insert("features".into(), stored);
        assert_eq!(registration(&record)["features"], features());
    }

    #[test]
    fn the_text_of_a_failed_sync_of_either_kind_stays() {
        let mut record = ConnectorRecord {
            status: Some(ConnectorStatus::Error),
            error: Some("Jira is gone".into()),
            ..ConnectorRecord::default()
        };
        assert!(!sync_failed(&record));
        record.last_access_control_sync_error.clone_from(&record.error);
        assert!(sync_failed(&record));
    }

    #[test]
    fn attributes_are_completed_and_refreshed_with_an_upgrade_and_values_stay() {
        let mut stored = FORM.blank();
        stored["jira_url"]["value"] = "https://example.atlassian.net".into();
        stored["jira_url"]["label"] = "An older caption".into();
        stored["projects"].as_object_mut().unwrap().remove("required");
        assert_eq!(
            Value::Object(field_changes(&stored)),
            json!({ "projects": { "required": true } })
        );
        stored.remove("sweep_interval");
        let changes = field_changes(&stored);
        assert_eq!(changes["jira_url"], json!({ "label": "Jira host url" }));
        assert!(changes["sweep_interval"]["value"].is_number());
        let stored = FORM.blank();
        assert!(
            field_changes(&stored).is_empty(),
            "nothing is written when nothing is missing"
        );
    }
}
