//! The issues that an issue shows a part of: the other ends of its links, its parent, its sub-tasks.
//!
//! They show a part of it in turn. What is done about that when it changes is left to `sync`.

use serde_json::{Map, Value};
use sync_engine::sync::IssueId;

/// Numeric ids, in the order of the fields; what has no readable id is passed over.
pub fn neighbours(fields: &Map<String, Value>) -> Vec<IssueId> {
    let list = |name: &str| fields.get(name).and_then(Value::as_array).into_iter().flatten();
    let ends = list("issuelinks").flat_map(|link| [link.get("inwardIssue"), link.get("outwardIssue")]);
    ends.flatten()
        .chain(fields.get("parent"))
        .chain(list("subtasks"))
        .filter_map(|issue| {
            let id = issue.get("id")?;
            id.as_u64().or_else(|| id.as_str()?.parse().ok())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ends_of_links_parents_and_sub_tasks() {
        let fields = json!({
            "issuelinks": [
                {"id": "1", "outwardIssue": {"id": "11", "key": "A-1"}},
                {"id": "2", "inwardIssue": {"id": 12}},
                {"id": "3"},
                null,
            ],
            "parent": {"id": "13"},
            "subtasks": [{"id": "14"}, {"id": "odd"}, {}],
        });
        assert_eq!(neighbours(fields.as_object().unwrap()), [11, 12, 13, 14]);
    }

    #[test]
    fn fields_of_odd_types_have_none() {
        let fields = json!({"issuelinks": {"id": "1"}, "parent": null, "subtasks": "none"});
        assert!(neighbours(fields.as_object().unwrap()).is_empty());
    }
}
