//! When a mapping refuses one field of a document: which field, and the document without it.
//!
//! Losing one field beats losing the issue; what was left out is noted in the document and in the job.

use bytes::Bytes;
use serde_json::{Map, Value};
use sync_engine::sync::document::ACCESS_FIELD;
use sync_engine::sync::encode::INGESTION_ERRORS_FIELD as ERRORS_FIELD;

/// The document without the field at this dotted path, or none when it has no such field.
///
/// Nor does it come without the field that says who may see it: better no document than one for everybody. `noted` is kept in the document, so that a reader sees why the field is missing.
pub(super) fn without_field(source: &Bytes, path: &str, noted: &str) -> Option<Bytes> {
    let Ok(Value::Object(mut document)) = serde_json::from_slice(source) else {
        return None;
    };
    if path.starts_with(ACCESS_FIELD) || !remove(&mut document, path) {
        return None;
    }
    match document.get_mut(ERRORS_FIELD) {
        Some(Value::Array(errors)) => errors.push(noted.into()),
        _ => {
            document.insert(ERRORS_FIELD.into(), Value::Array(vec![noted.into()]));
        }
    }
    serde_json::to_vec(&document).ok().map(Bytes::from)
}

/// Names may hold dots themselves, so every split of the path is tried, the shortest first name first. The mapping may
/// also name a parent or a child of what the document has; then the whole part is removed.
fn remove(object: &mut Map<String, Value>, path: &str) -> bool {
    if object.remove(path).is_some() {
        return true;
    }
    for (dot, _) in path.match_indices('.') {
        let (head, tail) = (&path[..dot], &path[dot + 1..]);
        let removed = match object.get_mut(head) {
            Some(Value::Object(inner)) => remove(inner, tail),
            Some(Value::Array(items)) => {
                let mut removed = false;
                for inner in items.iter_mut().filter_map(Value::as_object_mut) {
                    removed |= remove(inner, tail);
                }
                removed
            }
            Some(_) => object.remove(head).is_some(),
            None => false,
        };
        if removed {
            return true;
        }
    }
    let prefix = format!("{path}.");
    let children: Vec<String> = object.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
    children.iter().for_each(|child| drop(object.remove(child)));
    !children.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!({"a": {"b": 1, "c": 2}}), "a.b", json!({"a": {"c": 2}}); "nested")]
    #[test_case(json!({"a": {"b.c": 1}}), "a.b.c", json!({"a": {}}); "a dot in the name")]
    #[test_case(json!({"a": [{"b": 1}, {"b": 2, "c": 3}]}), "a.b", json!({"a": [{}, {"c": 3}]}); "in a list")]
    #[test_case(json!({"a": {"b": 1}}), "a.b.c", json!({"a": {}}); "a value where the mapping has an object")]
    #[test_case(json!({"a": {"b.c": 1, "d": 1}}), "a.b", json!({"a": {"d": 1}}); "an object where the mapping has a value")]
    fn the_field_goes_and_the_rest_stays(before: Value, path: &str, mut after: Value) {
        let source = Bytes::from(before.to_string());
        let repaired = without_field(&source, path, "why").unwrap();
        after["_ingestion_errors"] = json!(["why"]);
        assert_eq!(serde_json::from_slice::<Value>(&repaired).unwrap(), after);
    }

    #[test]
    fn a_document_never_goes_without_its_access_tokens() {
        let source = Bytes::from_static(b"{\"_allow_access_control\": [\"browse:1\"], \"a\": 1}");
        assert!(without_field(&source, "_allow_access_control", "why").is_none());
    }

    #[test]
    fn a_field_that_is_not_there_cannot_be_left_out() {
        assert!(without_field(&Bytes::from_static(b"{\"a\": 1}"), "b", "why").is_none());
    }
}
