//! The `validations` that a field's record carries: an administrator may have added some to those of the definition.
//!
//! Pure: a value and the record come in, what is wrong comes out. Types and required fields are left to `filled`.

use regex::Regex;
use serde_json::Value;

use super::value::FieldValue;

/// The demand of the first validation that the value fails. A value that is not there fails none; a validation that
/// cannot be understood is named, because ignoring it could let a wrong value through.
pub(super) fn violation(validations: &Value, value: &FieldValue) -> Option<String> {
    if *value == FieldValue::Unset {
        return None;
    }
    let validations = validations.as_array().map_or(&[][..], Vec::as_slice);
    validations.iter().find_map(|validation| {
        let kind = validation.get("type").and_then(Value::as_str).unwrap_or_default();
        check(kind, validation.get("constraint").unwrap_or(&Value::Null), value)
    })
}

fn check(kind: &str, constraint: &Value, value: &FieldValue) -> Option<String> {
    let unusable = || {
        Some(format!(
            "has a validation {kind} with the unusable constraint {constraint}"
        ))
    };
    match kind {
        "less_than" | "greater_than" => {
            let Some(limit) = constraint.as_f64() else {
                return unusable();
            };
            let FieldValue::Number(number) = value else {
                return Some(format!("must be a number {} {constraint}", kind.replace('_', " ")));
            };
            let number = *number as f64;
            let passes = if kind == "less_than" {
                number < limit
            } else {
                number > limit
            };
            (!passes).then(|| format!("must be {} {constraint}", kind.replace('_', " ")))
        }
        "list_type" => {
            let FieldValue::List(items) = value else {
                return Some("must be a list".to_owned());
            };
            match constraint.as_str() {
                Some("str") => None,
                Some("int") => {
                    let odd = items.iter().find(|item| item.parse::<i64>().is_err())?;
                    Some(format!("must hold whole numbers only, and `{odd}` is none"))
                }
                _ => unusable(),
            }
        }
        "included_in" => {
            let Some(allowed) = constraint.as_array() else {
                return unusable();
            };
            let allowed: Vec<String> = allowed.iter().map(as_text).collect();
            let outside = texts(value).into_iter().any(|text| !allowed.contains(&text));
            outside.then(|| format!("must be one of {}", allowed.join(", ")))
        }
        "regex" => {
            let pattern = constraint.as_str().unwrap_or_default();
            // The whole value must match, not a part of it.
            let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) else {
                return unusable();
            };
            let FieldValue::Text(text) = value else {
                return Some("must be text".to_owned());
            };
            (!regex.is_match(text)).then(|| format!("must match {pattern}"))
        }
        _ => unusable(),
    }
}

fn texts(value: &FieldValue) -> Vec<String> {
    match value {
        FieldValue::Unset => Vec::new(),
        FieldValue::Text(text) => vec![text.clone()],
        FieldValue::Number(number) => vec![number.to_string()],
        FieldValue::Bool(value) => vec![value.to_string()],
        FieldValue::List(items) => items.clone(),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn text(text: &str) -> FieldValue {
        FieldValue::Text(text.to_owned())
    }

    fn list(items: &[&str]) -> FieldValue {
        FieldValue::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test_case("less_than", &json!(10), &FieldValue::Number(9), None)]
    #[test_case("less_than", &json!(10), &FieldValue::Number(10), Some("must be less than 10"))]
    #[test_case("greater_than", &json!(0), &FieldValue::Number(0), Some("must be greater than 0"))]
    #[test_case("greater_than", &json!(0), &FieldValue::Unset, None; "nothing is entered")]
    #[test_case("greater_than", &json!("many"), &FieldValue::Number(1), Some("has a validation greater_than with the unusable constraint \"many\""))]
    #[test_case("list_type", &json!("int"), &list(&["1", "x"]), Some("must hold whole numbers only, and `x` is none"))]
    #[test_case("list_type", &json!("str"), &list(&["1", "x"]), None)]
    #[test_case("included_in", &json!(["a", 2]), &FieldValue::Number(2), None)]
    #[test_case("included_in", &json!(["a", "b"]), &list(&["a", "c"]), Some("must be one of a, b"))]
    #[test_case("regex", &json!("[A-Z]+"), &text("ABC"), None)]
    #[test_case("regex", &json!("[A-Z]+|x"), &text("ABC1"), Some("must match [A-Z]+|x"); "the whole value must match")]
    #[test_case("regex", &json!("("), &text("ABC"), Some("has a validation regex with the unusable constraint \"(\""))]
    #[test_case("newer_kind", &json!(1), &text("ABC"), Some("has a validation newer_kind with the unusable constraint 1"))]
    fn judges(kind: &str, constraint: &Value, value: &FieldValue, expected: Option<&str>) {
        let validations = json!([{ "type": kind, "constraint": constraint }]);
        assert_eq!(violation(&validations, value).as_deref(), expected);
    }

    #[test]
    fn the_first_failure_is_named() {
        let validations = json!([
            { "type": "less_than", "constraint": 10 },
            { "type": "greater_than", "constraint": 5 },
        ]);
        let violated = |number| violation(&validations, &FieldValue::Number(number));
        assert_eq!(violated(7), None);
        assert_eq!(violated(3).as_deref(), Some("must be greater than 5"));
    }
}
