//! What a push asks for, as columns of a record.

use http_kit::NotDone;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use crate::outbound::kinds::mapping::{MappedComment, Mapping, is_case};

/// The most columns that `additional_fields` may have.
const MOST_ADDITIONAL: usize = 20;
/// Members of `incident` that must not come by the way of `additional_fields`, where ours would win without a word.
const RESERVED: [&str; 9] = [
    "short_description",
    "description",
    "externalId",
    "category",
    "subcategory",
    "correlation_id",
    "correlation_display",
    "additional_fields",
    "elastic_incident_id",
];
/// The length of `correlation_id` on an instance, in characters.
const LONGEST_CORRELATION: usize = 100;

/// What a push asks for.
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    form: Form,
    /// The `sys_id` of the record to update.
    pub(super) external_id: Option<String>,
    /// The key, in the form in which the instance has it.
    pub(super) correlation_id: Option<String>,
    /// Work notes.
    pub(super) comments: Vec<MappedComment>,
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone)]
enum Form {
    Columns {
        known: Map<String, Value>,
        additional: Map<String, Value>,
    },
    Case(Map<String, Value>, Mapping),
}

pub(super) fn refused(message: impl Into<String>) -> NotDone {
    NotDone::Refused {
        status: 400,
        message: message.into(),
        fields: [].into(),
    }
}

impl Pushed {
    /// Reads checked parameters.
    pub(super) fn read(config: &Map<String, Value>, params: &Map<String, Value>) -> Result<Self, NotDone> {
        if is_case(params) {
            let Some(mapping) = Mapping::of(config) else {
                return Err(refused(
                    "error validating action params: [subActionParams.incident]: expected value of type [object] but got \
                     [undefined]; title and its companions need casesConfiguration in the connector's config",
                ));
            };
            return Ok(Self {
                external_id: filled(params, "externalId"),
                correlation_id: None,
                comments: mapping.comments(params),
                warnings: Vec::new(),
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
            Some(MappedComment {
                id: comment.get("commentId")?.as_str()?.to_owned(),
                text: comment.get("comment")?.as_str()?.to_owned(),
            })
        });
        let mut warnings = Vec::new();
        let correlation_id = filled(&incident, "correlation_id").map(|id| {
            let (fitted, warning) = fitted_correlation(&id);
            warnings.extend(warning);
            fitted
        });
        let additional = additional_fields(config, &incident)?;
        let mut known = Map::new();
        for (name, value) in &incident {
            let text = match value {
                Value::String(_) => value.clone(),
                Value::Array(items) => items
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(",")
                    .into(),
                _ => continue,
            };
            if !matches!(name.as_str(), "externalId" | "additional_fields" | "correlation_id") {
                known.insert(name.clone(), text);
            }
        }
        if let Some(id) = &correlation_id {
            known.insert("correlation_id".to_owned(), id.clone().into());
        }
        Ok(Self {
            external_id: filled(&incident, "externalId"),
            correlation_id,
            comments: comments.filter(|comment| !comment.text.trim().is_empty()).collect(),
            warnings,
            form: Form::Columns { known, additional },
        })
    }

    /// The columns, given the record as it is when there is one: those that we know, and those of `additional_fields`.
    pub(super) fn columns(&self, previous: Option<&Map<String, Value>>) -> (Map<String, Value>, Map<String, Value>) {
        match &self.form {
            Form::Columns { known, additional } => (known.clone(), additional.clone()),
            Form::Case(case, mapping) => {
                let mut columns = mapping.fields(case, previous);
                for name in ["severity", "urgency", "impact"] {
                    let value = case.get(name).filter(|value| value.is_string());
                    columns.extend(value.map(|value| (name.to_owned(), value.clone())));
                }
                columns.retain(|_, value| !value.is_null());
                (columns, Map::new())
            }
        }
    }
}

/// A key that an instance can hold and a query can ask for. The same key always becomes the same one.
pub(super) fn fitted_correlation(id: &str) -> (String, Option<String>) {
    let is_unsafe = id.contains('^') || id.contains(char::is_control) || id.to_lowercase().contains("javascript:");
    if id.chars().count() <= LONGEST_CORRELATION && !is_unsafe {
        return (id.to_owned(), None);
    }
    let hash = digest(&SHA256, id.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let fitted = format!("sha-{hex}");
    let warning =
        format!("correlation_id stands as {fitted}: it is longer than {LONGEST_CORRELATION} characters, or holds `^`");
    (fitted, Some(warning))
}

pub(super) fn filled(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// An object, or a text that holds one.
fn additional_fields(
    config: &Map<String, Value>,
    incident: &Map<String, Value>,
) -> Result<Map<String, Value>, NotDone> {
    let unfit = |problem: String| {
        let place = "error validating action params: [subActionParams.incident.additional_fields]";
        Err(refused(format!("{place}: {problem}")))
    };
    let fields = match incident.get("additional_fields") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(fields)) => fields.clone(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Map::new()),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            _ => return unfit("the text holds no JSON object".to_owned()),
        },
        Some(_) => return unfit("expected value of type [object]".to_owned()),
    };
    if fields.len() > MOST_ADDITIONAL {
        return unfit(format!(
            "A maximum of {MOST_ADDITIONAL} fields can be defined at a time."
        ));
    }
    // The columns of an import set begin with `u_`; on the Table API such a column is one of the customer's own.
    let is_import = config.get("usesTableApi").and_then(Value::as_bool) == Some(false);
    let is_ours = |name: &&str| {
        let bare = name.strip_prefix("u_").filter(|_| is_import).unwrap_or(name);
        RESERVED.contains(&bare) || incident.contains_key(bare)
    };
    let double: Vec<&str> = fields.keys().map(String::as_str).filter(is_ours).collect();
    if !double.is_empty() {
        return unfit(format!(
            "The following properties cannot be defined inside additional_fields: {}.",
            double.join(", ")
        ));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_that_would_change_a_query_becomes_a_hash_and_always_the_same() {
        for id in [
            "a^ORactive=true",
            "x".repeat(101).as_str(),
            "a\nb",
            "JavaScript:gs.sleep(1)",
        ] {
            let (fitted, warning) = fitted_correlation(id);
            assert!(
                fitted.len() <= LONGEST_CORRELATION && fitted.starts_with("sha-"),
                "{fitted}"
            );
            assert_eq!(fitted_correlation(id).0, fitted);
            assert!(warning.is_some());
        }
        assert_eq!(fitted_correlation("rule-1:host/ü").0, "rule-1:host/ü");
    }

    #[test]
    fn lists_become_texts_and_what_is_null_is_left_out() {
        let params = json!({ "incident": {
            "short_description": "a", "description": null, "dest_ip": ["1.1.1.1", "2.2.2.2"], "externalId": null,
            "additional_fields": "{\"u_team\": \"x\"}",
        } });
        let pushed = Pushed::read(&Map::new(), params.as_object().unwrap()).unwrap();
        let (known, additional) = pushed.columns(None);
        assert_eq!(
            Value::Object(known),
            json!({ "short_description": "a", "dest_ip": "1.1.1.1,2.2.2.2" })
        );
        assert_eq!(additional["u_team"], "x");
    }
}
