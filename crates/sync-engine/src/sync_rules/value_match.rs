//! Whether a rule matches a document: values compared as people mean them.
//!
//! A value that cannot be compared as the rule asks does not match; it never fails a sync.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::field_path::values_at;
use super::instant::Instant;
use super::rule::{Operator, Policy, Rule};

/// Whether any value at the rule's field matches.
pub(super) fn matches(rule: &Rule, document: &Map<String, Value>) -> bool {
    values_at(document, &rule.field)
        .into_iter()
        // Undecided means denied: a rule that excludes then matches, one that includes does not.
        .any(|value| value_matches(&rule.operator, value, &rule.value).unwrap_or(rule.policy == Policy::Exclude))
}

/// None when the comparison took too many steps.
fn value_matches(operator: &Operator, value: &Value, wanted: &str) -> Option<bool> {
    Some(match operator {
        Operator::Equals => equals(value, wanted),
        Operator::GreaterThan => compare(value, wanted) == Some(Ordering::Greater),
        Operator::LessThan => compare(value, wanted) == Some(Ordering::Less),
        Operator::StartsWith => text_of(value).starts_with(wanted),
        Operator::EndsWith => text_of(value).ends_with(wanted),
        Operator::Contains => text_of(value).contains(wanted),
        Operator::Regex(regex) => return regex.is_match(text_of(value).as_ref()).ok(),
    })
}

/// Text as it is, numbers and truth values as JSON writes them, objects as compact JSON.
fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

fn equals(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted || instants(text, wanted) == Some(Ordering::Equal),
        Value::Number(number) => compare_number(number, wanted) == Some(Ordering::Equal),
        Value::Bool(value) => parse_bool(wanted) == Some(*value),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn compare(value: &Value, wanted: &str) -> Option<Ordering> {
    match value {
        Value::Number(number) => compare_number(number, wanted),
        Value::String(text) => Some(
            instants(text, wanted)
                .or_else(|| numbers(text, wanted))
                .unwrap_or_else(|| text.as_str().cmp(wanted)),
        ),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn instants(text: &str, wanted: &str) -> Option<Ordering> {
    Some(Instant::parse(text)?.compare(Instant::parse(wanted)?))
}

/// Jira gives many numbers as text, ids among them.
fn numbers(text: &str, wanted: &str) -> Option<Ordering> {
    order(parse_number(text)?, parse_number(wanted)?)
}

fn compare_number(number: &Number, wanted: &str) -> Option<Ordering> {
    let value = match number.as_i128() {
        Some(whole) => Amount::Whole(whole),
        None => Amount::Fraction(number.as_f64()?),
    };
    order(value, parse_number(wanted)?)
}

#[derive(Clone, Copy)]
enum Amount {
    /// Ids and sizes do not all fit into a float.
    Whole(i128),
    Fraction(f64),
}

fn order(a: Amount, b: Amount) -> Option<Ordering> {
    match (a, b) {
        (Amount::Whole(a), Amount::Whole(b)) => Some(a.cmp(&b)),
        (Amount::Whole(a), Amount::Fraction(b)) => (a as f64).partial_cmp(&b),
        (Amount::Fraction(a), Amount::Whole(b)) => a.partial_cmp(&(b as f64)),
        (Amount::Fraction(a), Amount::Fraction(b)) => a.partial_cmp(&b),
    }
}

fn parse_number(text: &str) -> Option<Amount> {
    let text = text.trim();
    if let Ok(whole) = text.parse() {
        return Some(Amount::Whole(whole));
    }
    // Rust also reads "inf" and "nan", which nobody means by it.
    let looks_like_one = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number: f64 = looks_like_one.then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(Amount::Fraction(number))
}

/// Whether a rule's value is a number.
pub(super) fn is_number(text: &str) -> bool {
    parse_number(text).is_some()
}

/// The words for true and false that the framework takes.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" => Some(true),
        "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn matched(operator: &str, value: &str, field: &Value) -> bool {
        let record = json!({
            "id": "r", "order": 1, "policy": "exclude", "field": "f", "rule": operator, "value": value,
        });
        let rule = Rule::read(&record).unwrap();
        matches(&rule, json!({"f": field}).as_object().unwrap())
    }

    #[test_case("equals", "Done", &json!("Done") => true)]
    #[test_case("equals", "done", &json!("Done") => false; "case matters")]
    #[test_case("equals", "5", &json!(5) => true; "number")]
    #[test_case("equals", "5.0", &json!(5) => true; "number written with a fraction")]
    #[test_case("equals", "5", &json!("5.0") => false; "text is compared as text")]
    #[test_case("equals", "9007199254740993", &json!(9_007_199_254_740_992_u64) => false; "large whole numbers are exact")]
    #[test_case("equals", "yes", &json!(true) => true; "truth")]
    #[test_case("equals", "true", &json!(false) => false; "not true")]
    #[test_case("equals", "1", &json!(true) => false; "one is not true")]
    #[test_case("equals", "2024-09-20T02:57:31.666Z", &json!("2024-09-19T21:57:31.666-0500") => true; "one instant")]
    #[test_case("equals", "2024-09-19", &json!("2024-09-19T21:57:31.666-0500") => true; "any time of a day")]
    #[test_case("equals", "b", &json!(["a", "b"]) => true; "an element of a list")]
    #[test_case("equals", "Done", &json!({"name": "Done"}) => false; "objects equal nothing")]
    #[test_case("equals", "null", &json!(null) => false; "null equals nothing")]
    #[test_case(">", "10", &json!(5) => false; "numbers")]
    #[test_case(">", "10", &json!("5") => false; "numbers as text")]
    #[test_case(">", "10", &json!("11.5") => true; "fractions as text")]
    #[test_case("<", "inf", &json!(5) => false; "infinity is no number")]
    #[test_case(">", "10", &json!("apple") => true; "other text by its letters")]
    #[test_case(">", "abc", &json!(5) => false; "a number is not compared with words")]
    #[test_case(">", "false", &json!(true) => false; "truth has no order")]
    #[test_case(">", "2024-09-19", &json!("2024-09-19T21:57:31.666-0500") => false; "later that day is not after it")]
    #[test_case(">", "2024-09-19", &json!("2024-09-20T00:00:00.000-0500") => true; "the next day is")]
    #[test_case("<", "2024-09-19", &json!("2024-09-18") => true; "days")]
    #[test_case("starts_with", "AL-", &json!("AL-1") => true)]
    #[test_case("ends_with", "-1", &json!("AL-1") => true)]
    #[test_case("contains", "L-", &json!("AL-1") => true)]
    #[test_case("contains", "l-", &json!("AL-1") => false; "case matters inside")]
    #[test_case("contains", "2", &json!(123) => true; "text of a number")]
    #[test_case("contains", "\"name\":\"Done\"", &json!({"name": "Done"}) => true; "text of an object")]
    #[test_case("regex", "AL", &json!("AL-1") => true; "the end is free")]
    #[test_case("regex", "L", &json!("AL-1") => false; "the beginning is not")]
    #[test_case("regex", "X|AL", &json!("AL-1") => true; "each alternative begins at the beginning")]
    #[test_case("regex", "(?i)al-", &json!("AL-1") => true; "flags")]
    #[test_case("regex", "(?!AL-)", &json!("AL-1") => false; "what must not follow")]
    #[test_case("regex", "(?!AL-)", &json!("BL-1") => true; "what may follow")]
    #[test_case("regex", ".*(?<=-)1$", &json!("AL-1") => true; "what must stand before")]
    #[test_case("regex", r"(\w)\1", &json!("AAL-1") => true; "the same again")]
    fn values(operator: &str, value: &str, field: &Value) -> bool {
        matched(operator, value, field)
    }

    #[test]
    fn a_pattern_that_takes_for_ever_ends_and_denies() {
        let pattern = "(a|b|ab)*(?=c)";
        let text = json!("ab".repeat(60));
        assert!(matched("regex", pattern, &text), "a rule that excludes");
        let record = json!({
            "id": "r", "order": 1, "policy": "include", "field": "f", "rule": "regex", "value": pattern,
        });
        let includes = Rule::read(&record).unwrap();
        assert!(!matches(&includes, json!({ "f": text }).as_object().unwrap()));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}Z)?".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c.]{1,3}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail_and_no_value_is_both_less_and_greater(field in any_json(), value in ".{1,12}") {
            let scalar = !field.is_array();
            let less = matched("<", &value, &field);
            let greater = matched(">", &value, &field);
            prop_assert!(!(scalar && less && greater));
            if scalar && matched("equals", &value, &field) {
                prop_assert!(!less && !greater);
            }
        }

        #[test]
        fn numbers_are_ordered_as_numbers(a in -1000_i64..1000, b in -1000_i64..1000) {
            prop_assert_eq!(matched(">", &b.to_string(), &json!(a)), a > b);
            prop_assert_eq!(matched("<", &b.to_string(), &json!(a.to_string())), a < b);
        }
    }
}
