//! A value in the type of its field. Records hold numbers and truth values as text, too.

use serde_json::Value;

use super::field::{FieldDefinition, FieldType};
use super::problem::{FieldProblem, ProblemKind};

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

pub(super) fn convert(field: &FieldDefinition, stored: &Value) -> Result<FieldValue, FieldProblem> {
    let wrong = |expected: &str| {
        let shown = if field.sensitive {
            "a value of another type".to_owned()
        } else {
            stored.to_string()
        };
        let problem = format!("is {shown}");
        Err(field.problem(ProblemKind::WrongType, problem, format!("it must be {expected}")))
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
