//! Changes values of a connector's configuration.
//!
//! The values are judged together with those that stay, before anything is written; the service then takes the change up.

use elastic_client::ConnectorRecord;
use serde::Serialize;
use serde_json::Value;

use super::fields::{FieldValues, Form, SERVICE_TYPE, problems_of};
use crate::inbound::connectors::registration::{register, registration};
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// The changes.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigurationChanged {
    /// Of which connector.
    pub connector_id: String,
    /// The keys that were given.
    pub changed: Vec<String>,
    /// Whether it can sync.
    pub configured: bool,
    /// Gaps that its configuration still has, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Writes `given` into the connector's configuration. Jobs that wait already keep the earlier values.
pub async fn configure(
    installation: &Installation<'_>,
    connector_id: &str,
    given: &FieldValues,
) -> Result<ConfigurationChanged, OperationError> {
    let client = &installation.client;
    let connector = installation.connector(connector_id).await?;
    refuse_others(connector_id, &connector.value)?;
    // The API takes values only for fields that the record has; a new version may have more.
    let unregistered = registration(&connector.value);
    let missing = judge(&connector.value, unregistered.get("configuration"), given)?;
    if unregistered.contains_key("configuration") {
        let registered = register(client, connector_id).await;
        registered.doing("cannot register the fields")?;
    }
    let changed = client
        .connectors()
        .update_configuration_values(connector_id, given.as_map())
        .await;
    changed.doing("cannot change the configuration")?;
    Ok(ConfigurationChanged {
        connector_id: connector_id.to_owned(),
        changed: given.as_map().keys().cloned().collect(),
        configured: missing.is_none(),
        missing,
    })
}

/// Refuses wrong values. Missing ones may follow, and are returned.
fn judge(
    record: &ConnectorRecord,
    unregistered: Option<&Value>,
    given: &FieldValues,
) -> Result<Option<String>, OperationError> {
    let mut configuration = record.configuration.clone();
    if let Some(Value::Object(fields)) = unregistered {
        configuration.extend(fields.clone());
    }
    let mut form = Form::of_record(configuration);
    form.fill(given);
    let Err(invalid) = form.problems() else {
        return Ok(None);
    };
    let wrong = problems_of(&invalid.problems, given);
    if wrong.is_empty() {
        Ok(Some(invalid.to_string()))
    } else {
        let text = format!("nothing was changed: {}", wrong.join("; "));
        Err(OperationError::Invalid(text))
    }
}

fn refuse_others(id: &str, record: &ConnectorRecord) -> Result<(), OperationError> {
    match record.service_type.as_deref() {
        None | Some(SERVICE_TYPE) => Ok(()),
        Some(other) => Err(OperationError::Invalid(format!(
            "connector {id} is of service type {other}; only connectors of type {SERVICE_TYPE} can be configured here"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> FieldValues {
        let mut given = FieldValues::default();
        for (key, value) in value.as_object().unwrap() {
            given.set(key, value.clone());
        }
        given
    }

    #[test]
    fn a_wrong_value_is_refused_and_a_missing_one_may_follow() {
        let record = ConnectorRecord {
            configuration: Form::default().configuration().clone(),
            ..ConnectorRecord::default()
        };
        let wrong = judge(&record, None, &given(json!({ "concurrent_downloads": 500 })));
        assert!(
            matches!(&wrong, Err(OperationError::Invalid(text)) if text.contains("nothing was changed")),
            "{wrong:?}"
        );
        let missing = judge(&record, None, &given(json!({ "retry_count": 5 }))).unwrap();
        assert!(missing.is_some_and(|missing| missing.contains("jira_url")));
    }

    #[test]
    fn a_connector_of_another_service_is_not_touched() {
        let other = ConnectorRecord {
            service_type: Some("confluence".to_owned()),
            ..ConnectorRecord::default()
        };
        assert_eq!(refuse_others("one", &other).unwrap_err().http_status(), 400);
    }
}
