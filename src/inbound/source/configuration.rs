//! Reads values out of a connector's `configuration` object and checks them against the field definitions.
//!
//! Every problem is reported at once and by the label that Kibana shows. What the values mean for Jira is left to
//! `settings`.

use std::fmt;

use serde_json::{Map, Value};

use super::field_definitions::{FIELDS, FieldDefinition, FieldType, find};
use super::record_validations;

/// A value after conversion to the field's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Nothing was filled in and there is no default.
    Unset,
    /// Text, never empty.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Bool(bool),
    /// Items of a list, trimmed and not empty; at least one.
    List(Vec<String>),
}

/// A problem with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Key of the field.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// The problem and the allowed values. Never the value of a sensitive field.
    pub problem: String,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({}) {}", self.label, self.key, self.problem)
    }
}

/// A connector's `configuration`.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'a> {
    record: &'a Map<String, Value>,
}

impl<'a> Configuration<'a> {
    /// Looks at the `configuration` of a connector or of a job's snapshot.
    pub fn new(record: &'a Map<String, Value>) -> Self {
        Self { record }
    }

    /// The value in force for a field. A field that the record lacks has its default.
    pub fn get(&self, key: &str) -> Result<FieldValue, FieldProblem> {
        let field = find(key).expect("callers ask for defined fields only");
        let stored = self
            .record
            .get(key)
            .and_then(|entry| entry.get("value"))
            .unwrap_or(&Value::Null);
        let value = convert(field, stored)?;
        if value != FieldValue::Unset || field.required {
            return Ok(value);
        }
        match field.default {
            Some(text) => convert(field, &serde_json::from_str(text).expect("defaults are JSON")),
            None => Ok(FieldValue::Unset),
        }
    }

    /// Whether a field is asked for at all, given the other values.
    pub fn applies(&self, field: &FieldDefinition) -> bool {
        // Kibana shows these two for every Cloud connector, as the framework defined them; a service account has none.
        if matches!(field.key, "account_email" | "api_token")
            && self.get("cloud_auth_method") == Ok(FieldValue::Text("oauth_client_credentials".to_owned()))
        {
            return false;
        }
        field.depends_on.iter().all(|(other, wanted)| {
            let wanted: Value = serde_json::from_str(wanted).expect("dependencies are JSON");
            match (self.get(other), wanted) {
                (Ok(FieldValue::Text(text)), Value::String(wanted)) => text == wanted,
                (Ok(FieldValue::Bool(value)), Value::Bool(wanted)) => value == wanted,
                _ => false,
            }
        })
    }

    /// Every problem of every field that applies.
    pub fn problems(&self) -> Vec<FieldProblem> {
        FIELDS
            .iter()
            .filter(|field| self.applies(field))
            .filter_map(|field| self.check(field).and_then(|()| self.check_record(field)).err())
            .collect()
    }

    /// The validations that the record itself carries for a field.
    fn check_record(&self, field: &'static FieldDefinition) -> Result<(), FieldProblem> {
        let validations = self.record.get(field.key).and_then(|entry| entry.get("validations"));
        match record_validations::violation(validations.unwrap_or(&Value::Null), &self.get(field.key)?) {
            None => Ok(()),
            Some(problem) => Err(FieldProblem {
                key: field.key,
                label: field.label,
                problem,
            }),
        }
    }

    fn check(&self, field: &'static FieldDefinition) -> Result<(), FieldProblem> {
        let problem = |text: String| {
            Err(FieldProblem {
                key: field.key,
                label: field.label,
                problem: text,
            })
        };
        match self.get(field.key)? {
            FieldValue::Unset if field.required => problem("is empty; it is required".into()),
            FieldValue::Number(number) => {
                let too_large = field.less_than.filter(|limit| number >= *limit);
                let too_small = field.greater_than.filter(|limit| number <= *limit);
                match (too_large, too_small) {
                    (Some(limit), _) => problem(format!("is {number}; it must be less than {limit}")),
                    (_, Some(limit)) => problem(format!("is {number}; it must be greater than {limit}")),
                    _ => Ok(()),
                }
            }
            FieldValue::Text(text)
                if !field.options.is_empty() && field.options.iter().all(|(_, value)| *value != text) =>
            {
                let allowed: Vec<&str> = field.options.iter().map(|(_, value)| *value).collect();
                problem(format!("is \"{text}\"; it must be one of {}", allowed.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

fn convert(field: &FieldDefinition, stored: &Value) -> Result<FieldValue, FieldProblem> {
    let wrong = |expected: &str| {
        let shown = if field.sensitive {
            "a value of another type".to_owned()
        } else {
            stored.to_string()
        };
        Err(FieldProblem {
            key: field.key,
            label: field.label,
            problem: format!("is {shown}; it must be {expected}"),
        })
    };
    match (field.kind, stored) {
        (_, Value::Null) => Ok(FieldValue::Unset),
        (_, Value::String(text)) if text.trim().is_empty() => Ok(FieldValue::Unset),
        (FieldType::Str, Value::String(text)) => Ok(FieldValue::Text(text.trim().to_owned())),
        (FieldType::Str, Value::Number(number)) => Ok(FieldValue::Text(number.to_string())),
        (FieldType::Str, _) => wrong("text"),
        (FieldType::Int, Value::Number(number)) => match number.as_i64() {
            Some(number) => Ok(FieldValue::Number(number)),
            None => wrong("a whole number"),
        },
        (FieldType::Int, Value::String(text)) => match text.trim().parse() {
            Ok(number) => Ok(FieldValue::Number(number)),
            Err(_) => wrong("a whole number"),
        },
        (FieldType::Int, _) => wrong("a whole number"),
        (FieldType::Bool, Value::Bool(value)) => Ok(FieldValue::Bool(*value)),
        (FieldType::Bool, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(FieldValue::Bool(true)),
            "false" => Ok(FieldValue::Bool(false)),
            _ => wrong("true or false"),
        },
        (FieldType::Bool, _) => wrong("true or false"),
        (FieldType::List, Value::String(text)) => Ok(list(text.split(','))),
        (FieldType::List, Value::Number(number)) => Ok(FieldValue::List(vec![number.to_string()])),
        (FieldType::List, Value::Array(items)) if items.iter().all(Value::is_string) => {
            Ok(list(items.iter().filter_map(Value::as_str)))
        }
        (FieldType::List, _) => wrong("text with commas between the items"),
    }
}

fn list<'t>(items: impl Iterator<Item = &'t str>) -> FieldValue {
    let items: Vec<String> = items
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect();
    if items.is_empty() {
        FieldValue::Unset
    } else {
        FieldValue::List(items)
    }
}
