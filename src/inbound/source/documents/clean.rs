//! Brings the values of a document into a form that Elasticsearch takes: names of fields, depth, range of numbers.
//!
//! People, apps and scripts put anything into a field of Jira, and one bad value must not cost the issue. What only the
//! mapping of an index refuses is left to the sink.

use serde_json::{Map, Value};
use sync_engine::sync::Document;
use sync_engine::sync::encode::INGESTION_ERRORS_FIELD;

use crate::inbound::source::custom_fields::{LONGEST_NAME, usable_name};

/// Elasticsearch refuses documents with more than 20 levels; some are left for the index's own templates.
const DEEPEST: usize = 16;
/// The same for lists in lists, which are no levels of the mapping.
const DEEPEST_LISTS: usize = 32;

/// Cleans every value of the document. What had to go is noted in it.
pub fn clean(document: &mut Document) {
    let mut cleaner = Cleaner { left_out: Vec::new() };
    for (name, value) in &mut document.fields {
        cleaner.value(name, value, levels(name), 0);
    }
    if !cleaner.left_out.is_empty() {
        let notes = cleaner.left_out.into_iter().map(Value::from).collect();
        document
            .fields
            .insert(INGESTION_ERRORS_FIELD.into(), Value::Array(notes));
    }
}

/// Levels of the mapping that a name takes.
fn levels(name: &str) -> usize {
    1 + name.bytes().filter(|byte| *byte == b'.').count()
}

struct Cleaner {
    left_out: Vec<String>,
}

impl Cleaner {
    fn value(&mut self, path: &str, value: &mut Value, level: usize, lists: usize) {
        match value {
            Value::Object(_) if level >= DEEPEST => *value = value.to_string().into(),
            Value::Array(_) if lists >= DEEPEST_LISTS => *value = value.to_string().into(),
            Value::Object(members) => {
                self.names(path, members);
                for (name, member) in members {
                    self.value(&format!("{path}.{name}"), member, level + levels(name), lists);
                }
            }
            Value::Array(entries) => entries
                .iter_mut()
                .for_each(|entry| self.value(path, entry, level, lists + 1)),
            Value::Number(number) => {
                // Whole numbers have 64 bits with a sign in Elasticsearch, and a field may have been mapped as `float`.
                let whole = number.is_i64() || number.is_u64();
                let too_large = if whole {
                    !number.is_i64()
                } else {
                    number.as_f64().is_some_and(beyond_float)
                };
                if too_large {
                    *value = number.to_string().into();
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }

    fn names(&mut self, path: &str, members: &mut Map<String, Value>) {
        let odd = |name: &String| usable_name(name).as_ref() != Some(name) || clashes(members, name);
        let odd: Vec<String> = members.keys().filter(|name| odd(name)).cloned().collect();
        for name in odd {
            let Some(value) = members.remove(&name) else { continue };
            if name.trim().is_empty() {
                self.left_out
                    .push(format!("a value without a name was left out of {path}"));
            } else if name.len() > LONGEST_NAME {
                let length = name.len();
                self.left_out
                    .push(format!("a value with a name of {length} bytes was left out of {path}"));
            } else {
                let mut free = name.replace('.', "_");
                while members.contains_key(&free) {
                    free.push('_');
                }
                members.insert(free, value);
            }
        }
    }
}

fn beyond_float(number: f64) -> bool {
    number.abs() > f64::from(f32::MAX)
}

/// Whether a dotted name would be a field below one that has a value of its own.
fn clashes(members: &Map<String, Value>, name: &str) -> bool {
    name.match_indices('.').any(|(dot, _)| {
        let (head, rest) = (&name[..dot], &name[dot + 1..]);
        match members.get(head) {
            Some(Value::Object(inner)) => !inner.contains_key(rest) && clashes(inner, rest),
            Some(_) => true,
            None => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use sync_engine::sync::{DocumentId, DocumentKind};
    use test_case::test_case;

    use super::*;

    fn cleaned(value: Value) -> Map<String, Value> {
        let mut document = Document {
            id: DocumentId::new("AL-1".into()),
            kind: DocumentKind::Issue,
            jira_id: 1,
            issue_id: Some(1),
            fields: Map::from_iter([("Custom_Fields".to_owned(), value)]),
        };
        clean(&mut document);
        document.fields
    }

    #[test_case(json!({"": 1, "a": 2, " ": 3}), json!({"a": 2}); "names that are blank")]
    #[test_case(json!({"..": 1, ".a": 2, "b.": 3, "c. .d": 4}), json!({"__": 1, "_a": 2, "b_": 3, "c_ _d": 4}); "dots without names between them")]
    #[test_case(json!({"a": {"b": {"": 1, ".": {"..": 5}}}}), json!({"a": {"b": {"_": {"__": 5}}}}); "at every depth")]
    #[test_case(json!([{"x": [{"": 1}]}]), json!([{"x": [{}]}]); "in lists")]
    #[test_case(json!({"a": 1, "a.b": 2, "a_b": 3}), json!({"a": 1, "a_b_": 2, "a_b": 3}); "a field below a value")]
    #[test_case(json!({"a": {"b": 1}, "a.b.c": 2}), json!({"a": {"b": 1}, "a_b_c": 2}); "a field below a nested value")]
    #[test_case(json!({"a": {"b": 1}, "a.c": 2}), json!({"a": {"b": 1}, "a.c": 2}); "a dotted name beside an object")]
    #[test_case(json!([u64::MAX, i64::MAX, 1e300, 1.5]), json!([u64::MAX.to_string(), i64::MAX, "1e+300", 1.5]); "numbers out of range")]
    fn values_become_what_elasticsearch_takes(before: Value, after: Value) {
        assert_eq!(cleaned(before)["Custom_Fields"], after);
    }

    #[test]
    fn a_value_without_a_name_is_noted() {
        let fields = cleaned(json!({ "Checklist": { "": 1 } }));
        assert_eq!(
            fields["_ingestion_errors"],
            json!(["a value without a name was left out of Custom_Fields.Checklist"])
        );
    }

    #[test]
    fn a_value_nested_25_levels_deep_is_kept_as_text() {
        let mut deep = json!("quagga");
        (0..25).for_each(|_| deep = json!({ "n": deep }));
        assert!(cleaned(deep)["Custom_Fields"].to_string().contains("quagga"));
    }

    fn odd_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from)
        ];
        leaf.prop_recursive(24, 200, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a. ]{0,4}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    fn check(value: &Value, level: usize) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    assert!(name.split('.').all(|part| !part.trim().is_empty()), "{name:?}");
                    assert!(!clashes(members, name), "{name:?} in {members:?}");
                    check(member, level + levels(name));
                }
                assert!(level < 20);
            }
            Value::Array(entries) => entries.iter().for_each(|entry| check(entry, level)),
            Value::Number(number) => assert!(!number.is_u64() || number.is_i64()),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn no_name_depth_or_number_is_left_that_elasticsearch_refuses(value in odd_value()) {
            check(&cleaned(value)["Custom_Fields"], 1);
        }
    }
}
