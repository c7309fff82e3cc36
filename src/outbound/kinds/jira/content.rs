//! What a push asks for, whichever form the caller used.

use http_kit::NotDone;
use serde_json::{Map, Value};

use super::answer::refused;
use crate::outbound::kinds::mapping::{Mapping, is_case};

/// The most fields that `otherFields` may have.
const MOST_OTHER_FIELDS: usize = 20;

/// What a push asks for.
#[derive(Debug, Clone)]
pub(super) struct Content {
    form: Form,
    /// The issue to update.
    pub(super) external_id: Option<String>,
    /// The key of the caller's thing.
    pub(super) correlation_id: Option<String>,
    /// Comments with text, each with the caller's id.
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug, Clone)]
enum Form {
    /// As it is sent today.
    Incident(Map<String, Value>),
    /// A case of Kibana 7.
    Case(Map<String, Value>, Mapping),
}

/// A comment to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// The caller's id of it.
    pub(super) id: String,
    /// Its text.
    pub(super) text: String,
}

/// The fields of a push.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Wanted {
    /// The id or name of the issue type.
    pub(super) issue_type: Option<String>,
    /// Texts and values by the names of this API: `summary`, `description`, `priority`, `labels`, `parent`.
    pub(super) known: Map<String, Value>,
    /// Values by names or ids of fields.
    pub(super) others: Map<String, Value>,
}

impl Content {
    /// Reads checked parameters.
    pub(super) fn read(config: &Map<String, Value>, params: &Map<String, Value>) -> Result<Self, NotDone> {
        if is_case(params) {
            let Some(mapping) = Mapping::of(config) else {
                let text = "[subActionParams.incident]: expected value of type [object] but got [undefined]; title and its \
                            companions need casesConfiguration in the connector's config";
                return Err(refused(format!("error validating action params: {text}")));
            };
            let comments = mapping.comments(params).into_iter();
            return Ok(Self {
                external_id: filled(params, "externalId"),
                correlation_id: None,
                comments: comments
                    .map(|comment| Comment {
                        id: comment.id,
                        text: comment.text,
                    })
                    .collect(),
                form: Form::Case(params.clone(), mapping),
            });
        }
        let incident = params
            .get("incident")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let listed = params.get("comments").and_then(Value::as_array).into_iter().flatten();
        let comments = listed.filter_map(|comment| {
            Some(Comment {
                id: comment.get("commentId")?.as_str()?.to_owned(),
                text: comment.get("comment")?.as_str()?.to_owned(),
            })
        });
        let content = Self {
            external_id: filled(&incident, "externalId"),
            correlation_id: filled(&incident, "correlation_id"),
            comments: comments.filter(|comment| !comment.text.trim().is_empty()).collect(),
            form: Form::Incident(incident),
        };
        content.wanted(None).map(|_| content)
    }

    /// The fields, given the issue as it is when there is one.
    pub(super) fn wanted(&self, previous: Option<&Map<String, Value>>) -> Result<Wanted, NotDone> {
        let (given, mut others) = match &self.form {
            Form::Incident(incident) => (incident.clone(), other_fields(incident.get("otherFields"))?),
            Form::Case(case, mapping) => {
                let mut given = mapping.fields(case, previous);
                for name in ["issueType", "priority", "labels", "parent"] {
                    given.extend(case.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                (given, Map::new())
            }
        };
        let mut wanted = Wanted {
            issue_type: filled(&given, "issueType"),
            ..Wanted::default()
        };
        for (name, value) in given {
            match name.as_str() {
                "summary" | "description" | "priority" | "labels" | "parent" => {
                    wanted.known.insert(name, value);
                }
                "issueType" | "externalId" | "correlation_id" | "otherFields" => {}
                _ => {
                    others.insert(name, value);
                }
            }
        }
        if let Some(Value::String(summary)) = wanted.known.get_mut("summary") {
            *summary = one_line(summary);
        }
        wanted.others = others;
        Ok(wanted)
    }
}

fn filled(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Kibana's way to make one line of several.
fn one_line(text: &str) -> String {
    let parts = text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

/// An object, or a text that holds one.
fn other_fields(given: Option<&Value>) -> Result<Map<String, Value>, NotDone> {
    let unfit = |problem: String| {
        let place = "error validating action params: [subActionParams.incident.otherFields]";
        Err(refused(format!("{place}: {problem}")))
    };
    let fields = match given {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(fields)) => fields.clone(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Map::new()),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return unfit("the text holds no JSON object".to_owned()),
            Err(error) => return unfit(format!("the text holds no JSON object ({error})")),
        },
        Some(_) => return unfit("expected value of type [object]".to_owned()),
    };
    if fields.len() > MOST_OTHER_FIELDS {
        return unfit(format!(
            "A maximum of {MOST_OTHER_FIELDS} fields in otherFields can be defined at a time."
        ));
    }
    const OWN: [&str; 7] = [
        "summary",
        "description",
        "externalId",
        "issueType",
        "priority",
        "labels",
        "parent",
    ];
    let double: Vec<&str> = OWN.into_iter().filter(|name| fields.contains_key(*name)).collect();
    if !double.is_empty() {
        let names = double.join(", ");
        return unfit(format!(
            "The following properties cannot be defined inside otherFields: {names}."
        ));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn read(incident: Value) -> Result<Content, NotDone> {
        let params = json!({ "incident": incident, "comments": null });
        Content::read(&Map::new(), params.as_object().unwrap())
    }

    #[test]
    fn a_summary_of_several_lines_becomes_one() {
        let content = read(json!({ "summary": " disk full\r\n\n on host a " })).unwrap();
        assert_eq!(content.wanted(None).unwrap().known["summary"], "disk full, on host a");
    }

    #[test]
    fn other_fields_may_be_json_in_a_text() {
        let content = read(json!({ "summary": "a", "otherFields": "{\"Severity\": \"S1\"}" })).unwrap();
        assert_eq!(content.wanted(None).unwrap().others["Severity"], "S1");
    }

    #[test_case(json!("[1]"), "no JSON object"; "a list")]
    #[test_case(json!("{"), "no JSON object"; "broken")]
    #[test_case(json!({ "labels": [] }), "inside otherFields: labels."; "a field that has a place of its own")]
    fn other_fields_that_cannot_be_are_named(others: Value, text: &str) {
        let error = read(json!({ "summary": "a", "otherFields": others })).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }

    #[test]
    fn more_than_twenty_other_fields_are_refused() {
        let others: Map<String, Value> = (0..21).map(|number| (format!("f{number}"), json!(1))).collect();
        let error = read(json!({ "summary": "a", "otherFields": others })).unwrap_err();
        assert!(error.to_string().contains("A maximum of 20 fields"), "{error}");
    }
}
