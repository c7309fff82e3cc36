//! Deserialisers for members that Jira writes as a number here and as a string there.
//!
//! Whether a missing value is a fault is decided where it is used: here it becomes `None`.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A number or a string of digits as an id; anything else is `None`.
pub(crate) fn id_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A string, or a number written out; anything else is `None`.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `true`, `"true"`; anything but these and their opposites is `None`.
pub(crate) fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Value::deserialize(deserializer).map(|value| id_of(&value))
}

pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(|value| text_of(&value))
}

pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Value::deserialize(deserializer).map(|value| flag_of(&value))
}

/// An object; anything else is `None`.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Map<String, Value>>, D::Error> {
    Value::deserialize(deserializer).map(|value| match value {
        Value::Object(map) => Some(map),
        _ => None,
    })
}
