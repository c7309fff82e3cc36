//! The `actions` section: the connectors of the way out, their keys, and those that stand in the file.
//!
//! What a kind asks of its settings is not known here.

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::located::{Located, Node};
use super::reader::Reader;

/// Settings of the way out.
#[derive(Debug, Clone, Default)]
pub struct ActionsConfig {
    /// Seals the secrets of stored connectors; without it none can be stored.
    pub encryption_key: Option<SecretString>,
    /// Keys that were in use before, and still open what was sealed with them.
    pub decryption_only_keys: Vec<SecretString>,
    /// Hosts that connectors may reach; `*` for all but this machine and its link.
    pub allowed_hosts: Vec<String>,
    /// The types of connectors that may be made and run; `*` for all.
    pub enabled_types: Vec<String>,
    /// Connectors that stand in the file and cannot be changed over the API.
    pub preconfigured: Vec<PreconfiguredConnector>,
}

/// A connector in the file.
#[derive(Debug, Clone)]
pub struct PreconfiguredConnector {
    /// Its id.
    pub id: String,
    /// `.jira`, `.servicenow` and so on.
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// Its settings. Single values are texts or flags.
    pub config: Map<String, Value>,
    /// Its secrets.
    pub secrets: Vec<(String, SecretString)>,
    /// Whether answers show its settings.
    pub expose_config: bool,
}

pub(super) fn read(reader: &mut Reader) -> ActionsConfig {
    ActionsConfig {
        encryption_key: reader.secret("actions.encryption_key").map(|(_, key)| key),
        decryption_only_keys: reader
            .text_list("actions.decryption_only_keys")
            .into_iter()
            .map(SecretString::from)
            .collect(),
        allowed_hosts: list_or_all(reader, "actions.allowed_hosts"),
        enabled_types: list_or_all(reader, "actions.enabled_action_types"),
        preconfigured: preconfigured(reader),
    }
}

/// Everything when the key is not there, nothing when its list is empty.
fn list_or_all(reader: &mut Reader, key: &str) -> Vec<String> {
    let is_there = reader.has_value(key);
    let listed = reader.text_list(key);
    if is_there { listed } else { vec!["*".to_owned()] }
}

const PRECONFIGURED: &str = "actions.preconfigured";

fn preconfigured(reader: &mut Reader) -> Vec<PreconfiguredConnector> {
    let Some(value) = reader.take(PRECONFIGURED) else {
        return Vec::new();
    };
    let Node::Map(entries) = value.node else {
        reader.problem(
            value.line,
            PRECONFIGURED,
            "must be a map from connector ids to connectors",
        );
        return Vec::new();
    };
    let connectors = entries.into_iter().filter_map(|(id, value)| {
        let line = value.line;
        let key = format!("{PRECONFIGURED}.{}", id.name);
        one(reader, &id.name, value)
            .map_err(|detail| reader.problem(line, &key, detail))
            .ok()
    });
    connectors.collect()
}

fn one(reader: &mut Reader, id: &str, value: Located) -> Result<PreconfiguredConnector, String> {
    if matches!(id, "" | "__proto__" | "constructor") {
        return Err("is no id that a connector can have".to_owned());
    }
    let Node::Map(members) = value.node else {
        return Err("must be a map with name, actionTypeId, config and secrets".to_owned());
    };
    let mut connector = PreconfiguredConnector {
        id: id.to_owned(),
        kind: String::new(),
        name: String::new(),
        config: Map::new(),
        secrets: Vec::new(),
        expose_config: false,
    };
    for (key, value) in members {
        match (key.name.as_str(), value.node) {
            ("name", Node::Scalar(name)) => connector.name = name.text,
            ("actionTypeId" | "connector_type_id", Node::Scalar(kind)) => connector.kind = kind.text,
            ("exposeConfig", Node::Scalar(flag)) => connector.expose_config = flag.text == "true",
            ("config", Node::Map(members)) => connector.config = json_members(members),
            ("config" | "secrets", Node::Null) => {}
            ("secrets", Node::Map(members)) => {
                for (name, value) in members {
                    connector.secrets.extend(secret(&name.name, value)?);
                }
            }
            ("name" | "actionTypeId" | "connector_type_id" | "exposeConfig" | "config" | "secrets", _) => {
                return Err(format!(
                    "has a {} of another form: config and secrets are maps, the rest single values",
                    key.name
                ));
            }
            (unknown, _) => reader.warn(
                key.line,
                format!("{PRECONFIGURED}.{id}.{unknown} is not a known key and is ignored"),
            ),
        }
    }
    if connector.name.trim().is_empty() || connector.kind.trim().is_empty() {
        return Err("must have a name and an actionTypeId such as .jira".to_owned());
    }
    Ok(connector)
}

/// `apiToken: text`, or `apiToken_file: path`.
fn secret(name: &str, value: Located) -> Result<Option<(String, SecretString)>, String> {
    match value.node {
        Node::Null => Ok(None),
        Node::Scalar(scalar) => match name.strip_suffix("_file") {
            Some(name) => super::reader::read_secret_file(scalar.text.as_ref())
                .map(|secret| Some((name.to_owned(), secret)))
                .map_err(|reason| format!("has a {name}_file that {reason}")),
            None => Ok(Some((name.to_owned(), SecretString::from(scalar.text)))),
        },
        Node::List(_) | Node::Map(_) => Err(format!("has a secret {name} that is not a single value")),
    }
}

fn json_members(members: Vec<(super::located::Spelled, Located)>) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(key, value)| (key.name, json(value)))
        .collect()
}

fn json(value: Located) -> Value {
    match value.node {
        Node::Null => Value::Null,
        // No setting of any kind is a text that says so.
        Node::Scalar(scalar) if scalar.text == "true" => Value::Bool(true),
        Node::Scalar(scalar) if scalar.text == "false" => Value::Bool(false),
        Node::Scalar(scalar) => Value::String(scalar.text),
        Node::List(items) => Value::Array(items.into_iter().map(json).collect()),
        Node::Map(members) => Value::Object(json_members(members)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secrecy::ExposeSecret;
    use serde_json::json;
    use test_case::test_case;

    use crate::config::Config;

    fn read(text: &str) -> Result<Config, String> {
        let env = |name: &str| (name == "TOKEN").then(|| "from-environment".to_owned());
        Config::from_text(Path::new("config.yml"), text, &env).map_err(|error| error.to_string())
    }

    #[test]
    fn a_connector_can_stand_in_the_file_with_its_secrets_in_the_environment() {
        let text = "actions:\n  preconfigured:\n    ops:\n      name: Operations\n      actionTypeId: .jira\n      \
                    config: { apiUrl: https://jira.example, projectKey: OPS }\n      \
                    secrets: { email: a@b.c, apiToken: \"${TOKEN}\" }\n";
        let config = read(text).unwrap();
        let [ops] = config.actions.preconfigured.as_slice() else {
            panic!("{config:?}")
        };
        assert_eq!(
            (ops.id.as_str(), ops.kind.as_str(), ops.name.as_str()),
            ("ops", ".jira", "Operations")
        );
        assert_eq!(ops.config["projectKey"], json!("OPS"));
        assert_eq!(ops.secrets[1].1.expose_secret(), "from-environment");
        assert!(!format!("{config:?}").contains("from-environment"));
    }

    #[test_case("ops: 5", "must be a map with name"; "no map")]
    #[test_case("ops: { name: x }", "must have a name and an actionTypeId"; "no type")]
    #[test_case("__proto__: { name: x, actionTypeId: .jira }", "is no id"; "impossible id")]
    #[test_case("ops: { name: x, actionTypeId: .jira, secrets: { apiToken: [1] } }", "is not a single value"; "list for a secret")]
    #[test_case("ops: { name: x, actionTypeId: .jira, secrets: { apiToken_file: /nowhere } }", "cannot be read"; "file that is not there")]
    fn a_bad_connector_is_named(entry: &str, problem: &str) {
        let error = read(&format!("actions:\n  preconfigured:\n    {entry}\n")).unwrap_err();
        assert!(error.contains(problem), "{error}");
        assert!(error.contains("actions.preconfigured."), "{error}");
    }
}
