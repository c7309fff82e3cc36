//! Compares an answer to what the data file says about it. Calling is for `runner`.
//!
//! Objects may hold more than is expected, except that `{}` is an empty one; lists and plain values are compared whole.
//! `<any>` is anything but null, `<time>` an instant with its offset, `<has TEXT>` a text around TEXT.

use chrono::DateTime;
use serde_json::Value;

use super::step::Step;
use super::variables::Variables;

/// # Errors
/// What was expected, and what came.
pub(super) fn judge_status(step: &Step, status: u16, answer: &Value) -> Result<(), String> {
    if status != step.status {
        return Err(format!("expected status {} but got {status} {answer}", step.status));
    }
    let Some(kinds) = &step.error else {
        return Ok(());
    };
    let found = answer["error"]["type"].as_str().unwrap_or_default();
    if kinds.split('|').any(|kind| kind == found) {
        return Ok(());
    }
    Err(format!("expected the error {kinds} but got {answer}"))
}

/// # Errors
/// As for [`judge_status`], of the first member that is not as expected.
pub(super) fn judge_members(step: &Step, variables: &Variables, answer: &Value) -> Result<(), String> {
    for (path, expected) in &step.expect {
        let (path, expected) = (variables.text(path)?, variables.value(expected)?);
        if let Some(what) = mismatch(&path, &expected, member(answer, &path)) {
            return Err(what);
        }
    }
    for (path, unwanted) in &step.differs {
        let (path, unwanted) = (variables.text(path)?, variables.value(unwanted)?);
        let found = member(answer, &path).ok_or_else(|| format!("expected {path} but it is absent"))?;
        if *found == unwanted {
            return Err(format!("expected {path} to differ from {unwanted}"));
        }
    }
    for path in &step.absent {
        let path = variables.text(path)?;
        if let Some(found) = member(answer, &path) {
            return Err(format!("expected no {path} but got {found}"));
        }
    }
    Ok(())
}

/// The member at a path such as `results/0/id`.
pub(super) fn member<'a>(answer: &'a Value, path: &str) -> Option<&'a Value> {
    answer.pointer(&format!("/{path}"))
}

/// What is wrong with the member at the path, or nothing.
fn mismatch(path: &str, expected: &Value, found: Option<&Value>) -> Option<String> {
    let Some(found) = found else {
        return Some(format!("expected {path} to be {expected} but it is absent"));
    };
    match (expected, found) {
        (Value::Object(members), Value::Object(_)) if !members.is_empty() => members
            .iter()
            .find_map(|(name, one)| mismatch(&format!("{path}/{name}"), one, found.get(name))),
        (Value::Array(entries), Value::Array(others)) if entries.len() == others.len() => entries
            .iter()
            .zip(others)
            .enumerate()
            .find_map(|(index, (one, other))| mismatch(&format!("{path}/{index}"), one, Some(other))),
        _ if fits(expected, found) => None,
        _ => Some(format!("expected {path} to be {expected} but got {found}")),
    }
}

fn fits(expected: &Value, found: &Value) -> bool {
    let Some(text) = expected.as_str() else {
        return expected == found;
    };
    let has = text.strip_prefix("<has ").and_then(|rest| rest.strip_suffix('>'));
    match (text, has) {
        ("<any>", _) => !found.is_null(),
        ("<time>", _) => found
            .as_str()
            .is_some_and(|time| DateTime::parse_from_rfc3339(time).is_ok()),
        (_, Some(part)) => found.as_str().is_some_and(|whole| whole.contains(part)),
        _ => found == text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::{Value, mismatch};

    #[test_case(json!({}), json!({}), true; "nothing is expected and nothing is there")]
    #[test_case(json!({}), json!({"a": 1}), false; "nothing is expected but something is there")]
    #[test_case(json!({"a": {"b": 1}}), json!({"a": {"b": 1, "c": 2}}), true; "more is there than expected")]
    #[test_case(json!({"a": null}), json!({}), false; "null is not absent")]
    #[test_case(json!([1]), json!([1, 2]), false; "lists are as long as expected")]
    #[test_case(json!([{"a": 1}]), json!([{"a": 2}]), false; "lists are looked into")]
    #[test_case(json!("<any>"), Value::Null, false; "any is not null")]
    #[test_case(json!("<time>"), json!("2026-01-01T00:00:00"), false; "a time has an offset")]
    #[test_case(json!("<has b>"), json!("abc"), true; "a part of a text")]
    #[test_case(json!("1"), json!(1), false; "a text is no number")]
    fn finds_what_is_wrong(expected: Value, found: Value, fits: bool) {
        assert_eq!(mismatch("answer", &expected, Some(&found)).is_none(), fits);
    }
}
