//! Checks what a caller sends against the forms of a kind, with Kibana's texts.

use serde_json::{Map, Value};

use super::execution::{Execution, Source};
use crate::outbound::connector::Connector;
use crate::outbound::kinds::{Definition, Kind, Manner, SubAction};
use crate::outbound::shape::{Misfit, check};

/// Checked settings of a connector, with their defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its settings.
    pub config: Map<String, Value>,
    /// Its secrets.
    pub secrets: Map<String, Value>,
}

/// Checks the settings of a connector. The error is Kibana's text.
pub fn settings(
    kind: &dyn Kind,
    config: &Map<String, Value>,
    secrets: &Map<String, Value>,
) -> Result<Settings, String> {
    let definition = kind.definition();
    let checked = |shape, value: &Map<String, Value>, what: &str| {
        check(shape, &Value::Object(value.clone()))
            .map(members)
            .map_err(|misfit| format!("error validating action type {what}: {misfit}"))
    };
    let settings = Settings {
        config: checked(&definition.config, config, "config")?,
        secrets: checked(&definition.secrets, secrets, "secrets")?,
    };
    kind.cross_check(&settings.config, &settings.secrets)?;
    Ok(settings)
}

/// The sub-action and its checked parameters, or the answer that names the problem.
pub(super) fn sub_action<'a>(
    kind: &'a dyn Kind,
    connector: &Connector,
    params: &Map<String, Value>,
) -> Result<(&'a SubAction, Map<String, Value>), Execution> {
    let definition = kind.definition();
    let unfit = |misfit: Misfit| Execution::unfit(format!("error validating action params: {misfit}"), Source::User);
    let name = params.get("subAction").and_then(Value::as_str);
    let Some(name) = name else {
        let problem = "expected value of type [string] but got [undefined]".to_owned();
        return Err(unfit(at("subAction", problem)));
    };
    let Some(sub_action) = definition.sub_actions.iter().find(|sub_action| sub_action.name == name) else {
        return Err(unknown_sub_action(definition, connector, name));
    };
    if let Some(unknown) = params
        .keys()
        .find(|key| !matches!(key.as_str(), "subAction" | "subActionParams"))
    {
        return Err(unfit(at(unknown, "definition for this key is missing".to_owned())));
    }
    let empty = Value::Object(Map::new());
    let given = params.get("subActionParams").unwrap_or(&empty);
    match check(&sub_action.params, given) {
        Ok(checked) => Ok((sub_action, members(checked))),
        Err(misfit) => Err(match definition.manner {
            Manner::CheckedBefore => unfit(misfit.below("subActionParams")),
            Manner::CheckedInside => {
                Execution::unfit_inside(format!("Request validation failed ({misfit})"), Source::User)
            }
        }),
    }
}

fn unknown_sub_action(definition: &Definition, connector: &Connector, name: &str) -> Execution {
    match definition.manner {
        Manner::CheckedBefore => {
            let known: Vec<&str> = definition
                .sub_actions
                .iter()
                .map(|sub_action| sub_action.name)
                .collect();
            let problem = format!("expected one of [{}] but got [{name}]", known.join(", "));
            let misfit = at("subAction", problem);
            Execution::unfit(format!("error validating action params: {misfit}"), Source::User)
        }
        Manner::CheckedInside => Execution::unfit_inside(
            format!(
                "Sub action \"{name}\" is not registered. Connector id: {}. Connector name: {}. Connector type: {}",
                connector.id, definition.name, definition.id
            ),
            Source::Framework,
        ),
    }
}

fn at(name: &str, problem: String) -> Misfit {
    Misfit {
        path: vec![name.to_owned()],
        problem,
    }
}

fn members(checked: Value) -> Map<String, Value> {
    match checked {
        Value::Object(members) => members,
        // Forms of settings and parameters are forms of objects.
        _ => Map::new(),
    }
}
