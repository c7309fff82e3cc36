//! Finds the values that a rule's field names in a document, through objects and lists.
//!
//! Comparing them is left to `value_match`.

use serde_json::{Map, Value};

/// Every value at a dotted path. Lists on the way, and at its end, stand for each of their elements; names of fields
/// may hold dots themselves, as custom fields' do, so each way of reading the path counts. Null is no value.
pub(super) fn values_at<'d>(document: &'d Map<String, Value>, path: &str) -> Vec<&'d Value> {
    let mut found = Vec::new();
    in_object(document, path, &mut found);
    found
}

fn in_object<'d>(object: &'d Map<String, Value>, path: &str, found: &mut Vec<&'d Value>) {
    if let Some(value) = object.get(path) {
        collect(value, found);
    }
    for (dot, _) in path.match_indices('.') {
        if let Some(inner) = object.get(&path[..dot]) {
            descend(inner, &path[dot + 1..], found);
        }
    }
}

fn descend<'d>(value: &'d Value, path: &str, found: &mut Vec<&'d Value>) {
    match value {
        Value::Object(object) => in_object(object, path, found),
        Value::Array(elements) => elements.iter().for_each(|element| descend(element, path, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn collect<'d>(value: &'d Value, found: &mut Vec<&'d Value>) {
    match value {
        Value::Null => {}
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => found.push(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case("Key", &json!(["AL-1"]); "top level")]
    #[test_case("Issue.status.name", &json!(["Done"]); "nested")]
    #[test_case("Issue.labels", &json!(["a", "b"]); "each element of a list")]
    #[test_case("Issue.fixVersions.name", &json!(["1.0", "2.0"]); "through a list of objects")]
    #[test_case("Custom_Fields.Team v1.2", &json!(["Blue"]); "a dot in a name")]
    #[test_case("Issue.status", &json!([{"name": "Done"}]); "an object is a value")]
    #[test_case("issue.status.name", &json!([]); "names are case-sensitive")]
    #[test_case("Issue.nothing", &json!([]); "null is no value")]
    #[test_case("Issue.none", &json!([]); "an empty list is no value")]
    #[test_case("Key.name", &json!([]); "text has no fields")]
    #[test_case("", &json!([]); "no path")]
    fn values(path: &str, expected: &Value) {
        let document = json!({
            "Key": "AL-1",
            "Issue": {
                "status": {"name": "Done"}, "labels": ["a", "b"], "nothing": null, "none": [],
                "fixVersions": [{"name": "1.0"}, {"name": "2.0"}],
            },
            "Custom_Fields": {"Team v1.2": "Blue"},
        });
        let found = values_at(document.as_object().unwrap(), path);
        assert_eq!(json!(found), *expected);
    }
}
