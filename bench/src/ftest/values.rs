//! Values of the connector's fields: those for the made Jira, or a user's file for a real one.
//!
//! Whether they make sense is for the connector to say.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use crate::jira::{EMAIL, Jira, TOKEN};

/// What somebody would type into Kibana for the made Jira.
pub(super) fn for_fixture(jira: &Jira) -> Map<String, Value> {
    let values = json!({
        "data_source": "jira_cloud",
        "jira_url": jira.url(),
        "account_email": EMAIL,
        "api_token": TOKEN,
        "projects": "*",
    });
    let Value::Object(values) = values else {
        unreachable!("it is written as an object")
    };
    values
}

/// Values from a file: `{"jira_url": "...", ...}`, or the same as YAML. What an export of a connector's record carries
/// (`{"jira_url": {"value": "..."}}`) is understood too.
pub(super) fn from_file(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read JIRA_CONFIG={}", path.display()))?;
    read(&text).with_context(|| format!("JIRA_CONFIG={}", path.display()))
}

fn read(text: &str) -> anyhow::Result<Map<String, Value>> {
    // The parser quotes lines of the file in its errors, and those hold secrets.
    let Ok(Value::Object(fields)) = serde_saphyr::from_str::<Value>(text) else {
        bail!("expected a map of configuration fields to their values, as JSON or YAML");
    };
    let mut values = Map::new();
    for (key, field) in fields {
        let value = match field {
            Value::Object(mut field) => field
                .remove("value")
                .with_context(|| format!("{key} is a map without \"value\""))?,
            value => value,
        };
        // The API stores an array and then cannot start a sync with it; null makes it answer 500.
        let value = match value {
            Value::Null => "".into(),
            Value::Array(items) => comma_separated(&items).into(),
            value => value,
        };
        values.insert(key, value);
    }
    Ok(values)
}

fn comma_separated(items: &[Value]) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(r#"{"projects": ["A", "B"], "retry_count": 3}"#; "json")]
    #[test_case("projects: [A, B]\nretry_count: 3\n"; "yaml")]
    #[test_case(r#"{"projects": {"value": "A,B"}, "retry_count": {"value": 3, "type": "int"}}"#; "a record")]
    fn forms_of_a_file(text: &str) {
        let values = read(text).unwrap();
        assert_eq!(Value::Object(values), json!({"projects": "A,B", "retry_count": 3}));
    }

    #[test]
    fn an_error_does_not_show_what_the_file_holds() {
        let error = read("api_token: \"very-secret\n- x").unwrap_err();
        assert!(!format!("{error:#}{error:?}").contains("very-secret"));
    }
}
