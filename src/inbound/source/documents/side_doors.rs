//! Takes other issues out of an issue. With document level security on only their ids and keys stay, because a reader
//! of one issue need not be a reader of the other.
//!
//! Links, parent and sub-tasks are the known places; apps put whole issues into fields of their own, so every object
//! that looks like an issue is treated alike.

use serde_json::{Map, Value};

/// Members of an object that make it an issue and not, say, a project, which has a key too.
const CONTENT: [&str; 2] = ["fields", "summary"];
/// The members that stay.
const NAMES: [&str; 4] = ["id", "key", "issueId", "issueKey"];
/// Deeper structures are dropped rather than searched.
const DEEPEST: usize = 32;

/// Strips other issues, wherever they are in these fields.
pub fn close_side_doors(fields: &mut Map<String, Value>) {
    fields.values_mut().for_each(|value| close(value, 0));
}

fn close(value: &mut Value, depth: usize) {
    if depth > DEEPEST {
        *value = Value::Null;
        return;
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| close(value, depth + 1)),
        Value::Object(object) if is_issue(object) => object.retain(|member, _| NAMES.contains(&member.as_str())),
        Value::Object(object) => object.values_mut().for_each(|value| close(value, depth + 1)),
        _ => {}
    }
}

fn is_issue(object: &Map<String, Value>) -> bool {
    let mut keys = ["key", "issueKey"]
        .iter()
        .filter_map(|member| object.get(*member)?.as_str());
    keys.any(is_issue_key) && CONTENT.iter().any(|member| object.contains_key(*member))
}

/// `AL-1`: letters, digits and underscores, a hyphen, digits.
pub(super) fn is_issue_key(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(project, number)| {
        let of_project = |character: char| character.is_alphanumeric() || character == '_';
        !project.is_empty()
            && project.chars().all(of_project)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    #[test]
    fn other_issues_keep_id_and_key_wherever_they_are() {
        let other = json!({"id": "2", "key": "B-2", "self": "x", "fields": {"summary": "secret plan"}});
        let mut fields = json!({
            "summary": "mine",
            "project": {"id": "1", "key": "A", "name": "Alpha"},
            "parent": other,
            "subtasks": [other],
            "issuelinks": [{"id": "9", "type": {"name": "Blocks"}, "outwardIssue": other}],
            "customfield_1": {"data": {"id": 2, "key": "B_C-2", "summary": "secret plan"}},
            "customfield_2": {"key": "option-1", "value": "kept"},
            "customfield_3": [{"issueId": 2, "issueKey": "B-2", "summary": "secret plan"}],
        })
        .as_object()
        .cloned()
        .unwrap();
        close_side_doors(&mut fields);
        assert_eq!(
            Value::Object(fields),
            json!({
                "summary": "mine",
                "project": {"id": "1", "key": "A", "name": "Alpha"},
                "parent": {"id": "2", "key": "B-2"},
                "subtasks": [{"id": "2", "key": "B-2"}],
                "issuelinks": [{"id": "9", "type": {"name": "Blocks"}, "outwardIssue": {"id": "2", "key": "B-2"}}],
                "customfield_1": {"data": {"id": 2, "key": "B_C-2"}},
                "customfield_2": {"key": "option-1", "value": "kept"},
                "customfield_3": [{"issueId": 2, "issueKey": "B-2"}],
            })
        );
    }
}
