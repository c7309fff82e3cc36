//! The sub-actions that only read.

use http_kit::NotDone;
use serde_json::{Map, Value, json};

use super::columns::refused;
use super::instance::Instance;
use super::product::Product;

/// Severities of events, for instances that list none.
const SEVERITIES: [(&str, &str); 6] = [
    ("0", "Clear"),
    ("1", "Critical"),
    ("2", "Major"),
    ("3", "Minor"),
    ("4", "Warning"),
    ("5", "Info"),
];

/// The columns that can be written.
pub(super) async fn fields(instance: &Instance) -> Result<Value, NotDone> {
    let columns = instance.client.columns(instance.table()).await?;
    Ok(json!(columns))
}

/// The values that columns may have.
pub(super) async fn choices(instance: &Instance, params: &Map<String, Value>) -> Result<Value, NotDone> {
    let listed = params.get("fields").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = listed.filter_map(Value::as_str).collect();
    if names.is_empty() {
        return Ok(json!([]));
    }
    let choices = instance.client.choices(instance.table(), &names).await?;
    let mut choices: Vec<Value> = choices.iter().map(|choice| json!(choice)).collect();
    if instance.product == Product::Events && names.contains(&"severity") && !choices.iter().any(is_severity) {
        choices.extend(SEVERITIES.iter().map(|(value, label)| {
            json!({ "element": "severity", "value": value, "label": format!("{value} - {label}"), "dependent_value": "" })
        }));
    }
    Ok(choices.into())
}

fn is_severity(choice: &Value) -> bool {
    choice["element"] == "severity"
}

/// A record with the columns that people look at.
pub(super) async fn incident(instance: &Instance, sys_id: &str) -> Result<Value, NotDone> {
    let columns = [
        "short_description",
        "description",
        "active",
        "urgency",
        "impact",
        "severity",
        "priority",
        "category",
        "subcategory",
        "correlation_id",
        "correlation_display",
        "assignment_group",
        "assigned_to",
        "close_code",
        "close_notes",
    ];
    let record = instance.client.get(instance.table(), sys_id, &columns).await?;
    let record = record.ok_or_else(|| {
        refused(format!(
            "[Action][ServiceNow]: Unable to get incident with id {sys_id}. There is none, or the account may not see it"
        ))
    })?;
    Ok(Value::Object(record.columns))
}
