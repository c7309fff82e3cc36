//! Checks the settings that a caller gives, in Kibana's order and words.

use serde_json::{Map, Value};

use crate::operations::error::OperationError;
use crate::outbound::connector::Secrets;
use crate::outbound::executions::settings;
use crate::outbound::kinds::Kind;
use crate::outbound::store::Content;
use crate::outbound::targets::Targets;

/// The checked content of a connector.
pub(super) fn checked(
    kind: &dyn Kind,
    name: &str,
    config: &Map<String, Value>,
    secrets: &Map<String, Value>,
    targets: &Targets,
) -> Result<Content, OperationError> {
    if name.trim().is_empty() {
        return Err(blank("name"));
    }
    refuse_blanks("config", config)?;
    refuse_blanks("secrets", secrets)?;
    let settings = settings(kind, config, secrets).map_err(OperationError::Invalid)?;
    let url = settings
        .config
        .get("apiUrl")
        .and_then(Value::as_str)
        .unwrap_or_default();
    targets.check(url).map_err(|problem| {
        let text = format!("error validating action type config: error validating url: {problem}");
        OperationError::Invalid(text)
    })?;
    Ok(Content {
        name: name.to_owned(),
        config: settings.config,
        secrets: Secrets::from_json(&settings.secrets),
    })
}

fn refuse_blanks(part: &str, members: &Map<String, Value>) -> Result<(), OperationError> {
    let blanks = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    match members.iter().find(|(_, value)| blanks(value)) {
        Some((name, _)) => Err(blank(&format!("{part}.{name}"))),
        None => Ok(()),
    }
}

fn blank(field: &str) -> OperationError {
    OperationError::Invalid(format!("[request body.{field}]: value '' is not valid"))
}
