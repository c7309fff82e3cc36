//! What a caller may do, as Elasticsearch judges it: by privileges of ours, by Kibana's own, or as an administrator.

use elastic_client::{ElasticClient, ElasticError};
use serde::Serialize;
use serde_json::{Value, json};

use super::installation::Actions;
use crate::operations::error::{Doing as _, OperationError};

/// The application that our privileges belong to.
const APPLICATION: &str = "jira-connector";
/// Kibana's application and resource; the privileges exist where a Kibana has registered them.
const KIBANA: &str = "kibana-.kibana";
const KIBANA_SPACE: &str = "space:default";

/// What a caller may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// See connectors.
    pub read: bool,
    /// Run them.
    pub execute: bool,
    /// Make, change and delete them.
    pub manage: bool,
}

/// Asks Elasticsearch about the user whose credentials `client` has. One call both authenticates and authorises.
pub async fn rights_of(client: &ElasticClient, connector: Option<&str>) -> Result<(String, Rights), ElasticError> {
    let resource = connector.map_or_else(|| "*".to_owned(), |id| format!("connector/{id}"));
    let wanted = json!({
        "cluster": ["manage_security"],
        "application": [
            { "application": APPLICATION, "privileges": ["read", "execute", "manage"], "resources": [resource] },
            {
                "application": KIBANA,
                "privileges": ["feature_actions.all", "feature_actions.read"],
                "resources": [KIBANA_SPACE],
            },
        ],
    });
    let answer = client.has_privileges(wanted).await?;
    let user = answer["username"].as_str().unwrap_or_default().to_owned();
    Ok((user, judged(&answer, &resource)))
}

fn judged(answer: &Value, resource: &str) -> Rights {
    let is_true = |value: &Value| value.as_bool() == Some(true);
    let ours = |privilege: &str| is_true(&answer["application"][APPLICATION][resource][privilege]);
    let kibanas = |privilege: &str| is_true(&answer["application"][KIBANA][KIBANA_SPACE][privilege]);
    let manage = is_true(&answer["cluster"]["manage_security"]) || ours("manage") || kibanas("feature_actions.all");
    let execute = manage || ours("execute") || kibanas("feature_actions.read");
    Rights {
        read: execute || ours("read"),
        execute,
        manage,
    }
}

impl Actions {
    /// Registers our privileges, so that roles and API keys can carry them. Can be done again at any time.
    pub async fn register_privileges(&self) -> Result<(), OperationError> {
        let actions = |names: &[&str]| -> Value {
            let names = names.iter().map(|name| format!("action:connector/{name}"));
            json!({ "actions": names.collect::<Vec<_>>() })
        };
        let privileges = json!({
            APPLICATION: {
                "read": actions(&["get", "find"]),
                "execute": actions(&["get", "find", "execute"]),
                "manage": actions(&["get", "find", "execute", "create", "update", "delete"]),
            },
        });
        let registered = self.client.put_privileges(&privileges).await;
        registered.doing("cannot register the privileges of the application jira-connector")
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn rights(read: bool, execute: bool, manage: bool) -> Rights {
        Rights { read, execute, manage }
    }

    #[test_case(json!({}), rights(false, false, false); "an answer that says nothing allows nothing")]
    #[test_case(json!({ "cluster": { "manage_security": true } }), rights(true, true, true); "an administrator")]
    #[test_case(json!({ "application": { "jira-connector": { "connector/ops": { "execute": true } } } }), rights(true, true, false); "one connector")]
    #[test_case(json!({ "application": { "jira-connector": { "connector/other": { "execute": true } } } }), rights(false, false, false); "another connector")]
    #[test_case(json!({ "application": { "kibana-.kibana": { "space:default": { "feature_actions.read": true } } } }), rights(true, true, false); "Kibana's readers may run")]
    #[test_case(json!({ "application": { "jira-connector": { "connector/ops": { "read": true } } } }), rights(true, false, false); "a reader")]
    fn rights_come_from_elasticsearch(answer: Value, expected: Rights) {
        assert_eq!(judged(&answer, "connector/ops"), expected);
    }
}
