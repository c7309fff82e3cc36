//! Repairs a document that Elasticsearch refuses: leaves out one field after another, then all but the core, then
//! all but what identifies the issue and says who may see it.
//!
//! Losing a field beats losing the issue: an issue can always be found. What was left out is noted in the document.
//! Sending is left to `delivery`.

use bytes::Bytes;
use elastic_client::ItemError;
use serde_json::{Map, Value};
use sync_engine::sync::document::ACCESS_FIELD;

use super::cutting::{cut_texts, note};

/// So many fields are left out one by one, with a request each. A document with more has its core indexed.
const MOST_FIELDS: u32 = 64;
/// Elasticsearch refuses terms of more than 32,766 bytes, in fields that take a value as one term.
const LONGEST_TERM: usize = 30_000;
/// Elasticsearch's complaint about a new field with values of two types, such as a list of a number and a word.
const OF_TWO_TYPES: &str = "cannot be changed from type";
/// The fields that identity, access and ingestion depend on. Nothing here comes from a person.
const BARE: &[&str] = &["id", "jira_id", "issue_id", "Key", "Type", "url", "issue", "size"];
/// Of an object within the core these members stay.
const CORE_MEMBERS: &[&str] = &["id", "key", "name", "accountId", "displayName", "value"];
/// The content of a file, in a form that only the ingest pipeline takes.
const CONTENT: &str = "_attachment";

/// The progress of the repair of one document.
#[derive(Debug, Default)]
pub(super) struct Repair {
    mapped_as_text: bool,
    left_out: u32,
    form: Form,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Form {
    #[default]
    Whole,
    Core,
    Bare,
}

/// The remedies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The document as it is, once this field is mapped as text: then both kinds of its values fit.
    MapAsText(String),
    /// The document without a field.
    WithoutField {
        /// Its path.
        field: String,
        /// The rest.
        source: Bytes,
    },
    /// A part of the document.
    Reduced {
        /// The remedy that was taken.
        what: &'static str,
        /// The part.
        source: Bytes,
    },
    /// Nothing.
    None,
}

impl Repair {
    /// Chooses the next remedy for the document `source`, which was refused for this reason. Each makes the document
    /// smaller, but for the mapping as text, which is tried once: the repair comes to an end.
    pub(super) fn remedy(&mut self, source: &Bytes, refused: &ItemError) -> Remedy {
        let fields = refused.refused_fields();
        if let Some(field) = fields.first()
            && !self.mapped_as_text
            && refused.reason.contains(OF_TWO_TYPES)
        {
            self.mapped_as_text = true;
            return Remedy::MapAsText(field.clone());
        }
        let Ok(Value::Object(mut document)) = serde_json::from_slice(source) else {
            return Remedy::None;
        };
        if refused.is_immense_term() {
            // The field that is named may be one that others are copied to.
            let cut = fields
                .iter()
                .any(|field| cut_texts(&mut document, Some(field), LONGEST_TERM))
                || cut_texts(&mut document, None, LONGEST_TERM);
            if cut {
                note(&mut document, format!("cut: {}", refused.reason));
                let what = "texts too long for the mapping are cut";
                return written(&document).map_or(Remedy::None, |source| Remedy::Reduced { what, source });
            }
        }
        if self.left_out < MOST_FIELDS {
            // Better no document than one without its tokens, which everybody could see.
            let mut removable = fields.iter().filter(|field| !field.starts_with(ACCESS_FIELD));
            if let Some(field) = removable.find(|field| remove(&mut document, field)) {
                self.left_out += 1;
                note(
                    &mut document,
                    format!("field [{field}] was left out: {}", refused.reason),
                );
                let field = field.clone();
                return written(&document).map_or(Remedy::None, |source| Remedy::WithoutField { field, source });
            }
        }
        self.reduce(document, &refused.reason)
    }

    fn reduce(&mut self, mut document: Map<String, Value>, reason: &str) -> Remedy {
        let before = document.clone();
        let what = loop {
            let what = match self.form {
                Form::Whole => {
                    self.form = Form::Core;
                    document = core(document);
                    "documents are indexed with their core fields only"
                }
                Form::Core => {
                    self.form = Form::Bare;
                    document.retain(|name, _| name.starts_with('_') || BARE.contains(&name.as_str()));
                    "documents are indexed with nothing but their ids"
                }
                Form::Bare => return Remedy::None,
            };
            if document != before {
                break what;
            }
        };
        self.left_out = 0;
        note(&mut document, format!("{what}: {reason}"));
        written(&document).map_or(Remedy::None, |source| Remedy::Reduced { what, source })
    }
}

fn written(document: &Map<String, Value>) -> Option<Bytes> {
    serde_json::to_vec(document).ok().map(Bytes::from)
}

/// The texts and numbers of the system fields, without custom fields, comments and the content of files.
fn core(document: Map<String, Value>) -> Map<String, Value> {
    let system = document
        .into_iter()
        .filter(|(name, _)| name != "Custom_Fields" && name != CONTENT);
    system
        .filter_map(|(name, value)| match value {
            Value::Object(members) => Some((
                name,
                Value::Object(members.into_iter().filter_map(core_member).collect()),
            )),
            value => is_plain(&value).then_some((name, value)),
        })
        .collect()
}

fn core_member((name, value): (String, Value)) -> Option<(String, Value)> {
    match value {
        Value::Object(mut members) => {
            members.retain(|name, value| CORE_MEMBERS.contains(&name.as_str()) && is_plain(value));
            (!members.is_empty()).then_some((name, Value::Object(members)))
        }
        value => is_plain(&value).then_some((name, value)),
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(entries) => entries.iter().all(|entry| !entry.is_array() && is_plain(entry)),
        _ => true,
    }
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

    fn refusal(reason: &str) -> ItemError {
        ItemError {
            kind: "document_parsing_exception".to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn next(repair: &mut Repair, document: &Value, reason: &str) -> Option<Value> {
        match repair.remedy(&Bytes::from(document.to_string()), &refusal(reason)) {
            Remedy::WithoutField { source, .. } | Remedy::Reduced { source, .. } => {
                Some(serde_json::from_slice(&source).unwrap())
            }
            Remedy::MapAsText(_) | Remedy::None => None,
        }
    }

    #[test_case(json!({"a": {"b": 1, "c": 2}}), "a.b", json!({"a": {"c": 2}}); "nested")]
    #[test_case(json!({"a": {"b.c": 1}}), "a.b.c", json!({"a": {}}); "a dot in the name")]
    #[test_case(json!({"a": [{"b": 1}, {"b": 2, "c": 3}]}), "a.b", json!({"a": [{}, {"c": 3}]}); "in a list")]
    #[test_case(json!({"a": {"b": 1}}), "a.b.c", json!({"a": {}}); "a value where the mapping has an object")]
    #[test_case(json!({"a": {"b.c": 1, "d": 1}}), "a.b", json!({"a": {"d": 1}}); "an object where the mapping has a value")]
    #[test_case(json!({"a": {"Cost [EUR] in [k]": 1, "d": 1}}), "a.Cost [EUR] in [k]", json!({"a": {"d": 1}}); "brackets in the name")]
    fn the_field_goes_and_the_rest_stays(before: Value, path: &str, mut after: Value) {
        let reason =
            format!("object mapping for [{path}] tried to parse field [x] as object, but found a concrete value");
        let repaired = next(&mut Repair::default(), &before, &reason).unwrap();
        after["_ingestion_errors"] = json!([format!("field [{path}] was left out: {reason}")]);
        assert_eq!(repaired, after);
    }

    #[test]
    fn a_document_never_goes_without_its_access_tokens() {
        let mut document = json!({
            "_allow_access_control": ["browse:1"], "Key": "AL-1", "title": "x", "Issue": { "summary": "y", "a": [[1]] },
        });
        let mut repair = Repair::default();
        let reason = "failed to parse field [_allow_access_control] of type [object]";
        while let Some(smaller) = next(&mut repair, &document, reason) {
            document = smaller;
            assert_eq!(document["_allow_access_control"], json!(["browse:1"]));
            assert_eq!(document["Key"], "AL-1");
        }
        assert_eq!(document["title"], Value::Null, "everything else was tried");
    }

    #[test]
    fn an_issue_with_a_hundred_refused_fields_keeps_its_core() {
        let custom: Map<String, Value> = (0..100).map(|n| (format!("f{n}"), json!(n))).collect();
        let mut document = json!({
            "Key": "AL-1", "Custom_Fields": custom,
            "Issue": { "summary": "quagga", "status": { "name": "Done", "statusCategory": { "id": 1 } }, "labels": ["a"] },
        });
        let mut repair = Repair::default();
        for n in 0..100 {
            let reason = format!("failed to parse field [Custom_Fields.f{n}] of type [date] in document");
            let Some(smaller) = next(&mut repair, &document, &reason) else {
                break;
            };
            document = smaller;
            if document["Custom_Fields"].is_null() {
                break;
            }
        }
        assert_eq!(
            document["Issue"],
            json!({ "summary": "quagga", "status": { "name": "Done" }, "labels": ["a"] })
        );
        let notes = document["_ingestion_errors"].as_array().unwrap();
        assert_eq!(notes.len(), MOST_FIELDS as usize + 1);
    }

    #[test]
    fn a_text_too_long_for_one_term_is_cut_and_kept() {
        let document = json!({ "title": "t".repeat(40_000), "other": "o".repeat(40_000) });
        let reason =
            "Document contains at least one immense term in field=\"title.raw\" (whose UTF8 encoding is longer";
        let cut = next(&mut Repair::default(), &document, reason).unwrap();
        assert!(cut["title"].as_str().unwrap().starts_with("ttt"));
        assert!(cut["title"].as_str().unwrap().len() < 32_766);
        assert_eq!(cut["other"], document["other"]);
        // A field that others are copied to.
        let reason = "Document contains at least one immense term in field=\"everything\" (whose UTF8 encoding";
        let cut = next(&mut Repair::default(), &document, reason).unwrap();
        assert!(cut["other"].as_str().unwrap().len() < 32_766);
    }
}
