//! The document of an issue: system fields under `Issue`, custom fields under `Custom_Fields` by their names.
//!
//! Comments and worklogs are expected to be complete and public by now; `children` and `restricted` see to that.

use jira_client::Issue;
use serde_json::{Map, Value};
use sync_engine::sync::{Document, DocumentId, DocumentKind};

use super::DocumentContext;
use super::sprint::readable_sprints;

/// The member of an issue's document with its custom fields.
pub const CUSTOM_FIELDS: &str = "Custom_Fields";

/// `_id` is `{project name}-{KEY}`, so it changes when the project is renamed or the issue moves; `jira_id` does not.
pub fn issue(context: &DocumentContext, issue: Issue) -> Document {
    let Issue {
        id, key, fields: raw, ..
    } = issue;
    let project_name = text(&raw, "project", "name")
        .unwrap_or_else(|| project_key(&key))
        .to_owned();
    let type_name = text(&raw, "issuetype", "name").map(str::to_owned);
    // Anything but an instant would make Elasticsearch refuse the document.
    let timestamp = raw.get("updated").filter(|updated| {
        let text = updated.as_str().unwrap_or_default();
        jira_client::parse_timestamp(text).is_some()
    });
    let timestamp = timestamp.cloned();

    let mut system = Map::new();
    let mut custom = Map::new();
    for (field, value) in raw {
        match context.custom_fields.get(&field) {
            Some(name) => custom.insert(name.to_owned(), readable_sprints(value)),
            None => system.insert(field, value),
        };
    }

    context.custom_fields.share(&mut custom);

    let mut fields = Map::new();
    if let Some(timestamp) = timestamp {
        fields.insert("_timestamp".into(), timestamp);
    }
    fields.insert("Key".into(), key.clone().into());
    fields.insert("Type".into(), type_name.map_or(Value::Null, Value::from));
    fields.insert("url".into(), format!("{}/browse/{key}", context.base_url).into());
    fields.insert("Issue".into(), Value::Object(system));
    fields.insert(CUSTOM_FIELDS.into(), Value::Object(custom));
    Document {
        id: DocumentId::new(format!("{project_name}-{key}")),
        kind: DocumentKind::Issue,
        jira_id: id,
        issue_id: Some(id),
        fields,
    }
}

fn text<'f>(fields: &'f Map<String, Value>, field: &str, member: &str) -> Option<&'f str> {
    fields.get(field)?.get(member)?.as_str()
}

/// The key's own project part: a stand-in for the name on the odd server that hides the project field.
fn project_key(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(project, _)| project)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn context() -> DocumentContext {
        DocumentContext::for_test(&[("customfield_10010", "Team")])
    }

    fn built(fields: Value) -> Document {
        let Value::Object(fields) = fields else {
            unreachable!("the tests pass objects")
        };
        issue(
            &context(),
            Issue {
                id: 10001,
                key: "AL-1".into(),
                fields,
            },
        )
    }

    #[test]
    fn custom_fields_leave_the_issue_under_their_names_even_when_null() {
        let document = built(json!({
            "project": {"name": "Alpha"}, "issuetype": {"name": "Bug"}, "updated": "2024-09-19T21:57:31.666-0500",
            "customfield_10010": null, "customfield_99999": 3,
        }));
        assert_eq!(document.id.as_str(), "Alpha-AL-1");
        insta::assert_json_snapshot!(document.fields, @r#"
        {
          "Custom_Fields": {
            "Team": null
          },
          "Issue": {
            "customfield_99999": 3,
            "issuetype": {
              "name": "Bug"
            },
            "project": {
              "name": "Alpha"
            },
            "updated": "2024-09-19T21:57:31.666-0500"
          },
          "Key": "AL-1",
          "Type": "Bug",
          "_timestamp": "2024-09-19T21:57:31.666-0500",
          "url": "https://example.atlassian.net/browse/AL-1"
        }
        "#);
    }

    #[test]
    fn oddly_typed_and_missing_fields_never_lose_the_issue() {
        let document = built(json!({"project": "Alpha", "issuetype": null}));
        assert_eq!(document.id.as_str(), "AL-AL-1");
        assert_eq!(document.jira_id, 10001);
        assert!(!document.fields.contains_key("_timestamp"));
    }
}
