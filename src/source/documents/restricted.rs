//! Comments and worklogs that not every reader of the issue may see.
//!
//! Jira shows them to the service account; inside the issue document they would reach everybody who may read the
//! issue, so they are always left out of it.

use serde_json::{Map, Value};

/// Keeps what every reader of the issue may see in `fields.comment` and `fields.worklog`, and corrects their totals.
pub fn keep_public(fields: &mut Map<String, Value>) {
    keep_public_in(fields, "comment", "comments");
    keep_public_in(fields, "worklog", "worklogs");
}

fn keep_public_in(fields: &mut Map<String, Value>, field: &str, list: &str) {
    let Some(page) = fields.get_mut(field).and_then(Value::as_object_mut) else {
        return;
    };
    let Some(Value::Array(entries)) = page.get_mut(list) else {
        return;
    };
    entries.retain(is_public);
    let count = entries.len();
    for (member, value) in [("total", count), ("maxResults", count), ("startAt", 0)] {
        if page.contains_key(member) {
            page.insert(member.to_owned(), value.into());
        }
    }
}

/// Unknown means restricted: only an absent or null `visibility` is public, and only `jsdPublic: true` or its absence.
fn is_public(entry: &Value) -> bool {
    let unrestricted = matches!(entry.get("visibility"), None | Some(Value::Null));
    let not_internal = matches!(entry.get("jsdPublic"), None | Some(Value::Null | Value::Bool(true)));
    unrestricted && not_internal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn restricted_and_internal_entries_are_left_out() {
        let mut fields = json!({
            "comment": {"total": 5, "maxResults": 5, "startAt": 0, "comments": [
                {"id": "1", "body": "public"},
                {"id": "2", "body": "secret", "visibility": {"type": "role", "value": "Administrators"}},
                {"id": "3", "body": "internal", "jsdPublic": false},
                {"id": "4", "body": "also public", "jsdPublic": true, "visibility": null},
                {"id": "5", "body": "odd", "visibility": "something new"},
            ]},
            "worklog": {"total": 1, "worklogs": [{"id": "9", "visibility": {"type": "group", "value": "staff"}}]},
        })
        .as_object()
        .cloned()
        .unwrap();
        keep_public(&mut fields);
        let ids: Vec<&Value> = fields["comment"]["comments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["id"])
            .collect();
        assert_eq!(ids, [&json!("1"), &json!("4")]);
        assert_eq!(fields["comment"]["total"], 2);
        assert_eq!(fields["worklog"], json!({"total": 0, "worklogs": []}));
    }
}
