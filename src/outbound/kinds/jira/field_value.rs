//! Gives a caller's value the form that a field of Jira takes.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use jira_client::WritableField;
use serde_json::{Value, json};

/// Units of UTF-16, which Jira counts. A single line is 255 long, a text 32,767.
const LINE: usize = 255;
const TEXT: usize = 32_767;
/// So many allowed values are named in an error.
const NAMED: usize = 20;

/// What values of user fields mean, by the text that the caller gave.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Whether accounts are named by `accountId`.
    pub(super) is_cloud: bool,
    /// Accounts that were found by their address.
    pub(super) found: HashMap<String, Value>,
}

/// A value in the field's form, with a warning when something was cut; or what would fit.
pub(super) fn fitted(field: &WritableField, value: &Value, people: &People) -> Result<(Value, Option<String>), String> {
    if value.is_null() {
        return Ok((Value::Null, None));
    }
    let schema = &field.schema;
    let custom = schema.custom.as_deref().unwrap_or_default();
    if custom.ends_with(":gh-sprint") {
        return number(value).map(|value| (value, None));
    }
    if schema.r#type == "array" {
        let items = match value {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        };
        let of = schema.items.as_deref().unwrap_or("any");
        let items = items.iter().map(|item| one(field, of, item, people));
        return items
            .collect::<Result<Vec<_>, _>>()
            .map(|items| (Value::Array(items), None));
    }
    let value = one(field, &schema.r#type, value, people)?;
    Ok(match (schema.r#type.as_str(), value) {
        ("string", Value::String(text)) => {
            let is_line = field.id == "summary" || custom.ends_with(":textfield") || custom.ends_with(":url");
            let (text, warning) = cut(&field.name, text, if is_line { LINE } else { TEXT });
            (Value::String(text), warning)
        }
        (_, value) => (value, None),
    })
}

/// The text within so many units of UTF-16, and a warning when it was longer. No character is cut in two.
pub(super) fn cut(name: &str, text: String, most: usize) -> (String, Option<String>) {
    let length: usize = text.chars().map(char::len_utf16).sum();
    if length <= most {
        return (text, None);
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.len_utf16();
        if used > most {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    (kept, Some(format!("{name} cut from {length} to {most} characters")))
}

/// The most characters of a text field.
pub(super) fn longest_text() -> usize {
    TEXT
}

fn one(field: &WritableField, kind: &str, value: &Value, people: &People) -> Result<Value, String> {
    match (kind, value) {
        (_, Value::Object(_)) => Ok(value.clone()),
        ("string", Value::String(_)) => Ok(value.clone()),
        ("string", Value::Number(_) | Value::Bool(_)) => Ok(Value::String(value.to_string())),
        ("string", _) => Err("must be a text".to_owned()),
        ("number", _) => number(value),
        ("date", _) => date(value),
        ("datetime", _) => instant(value),
        ("user", Value::String(text)) => user(text, people),
        ("issuelink", Value::String(key)) => Ok(json!({ "key": key })),
        ("group", Value::String(name)) => Ok(json!({ "name": name })),
        ("option-with-child", Value::Array(levels)) => match levels.as_slice() {
            [parent, child] => Ok(json!({ "value": parent, "child": { "value": child } })),
            _ => Err("must be a list of the value and the one below it".to_owned()),
        },
        (
            "option" | "option-with-child" | "priority" | "resolution" | "version" | "component" | "issuetype"
            | "securitylevel",
            Value::String(_) | Value::Number(_),
        ) => choice(field, kind, value),
        _ => Ok(value.clone()),
    }
}

fn number(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Number(_) => return Ok(value.clone()),
        Value::String(text) => text.trim(),
        _ => return Err("must be a number".to_owned()),
    };
    if let Ok(whole) = text.parse::<i64>() {
        return Ok(json!(whole));
    }
    let fraction = text.parse::<f64>().ok().filter(|number| number.is_finite());
    fraction
        .map(|number| json!(number))
        .ok_or_else(|| format!("must be a number, not {text:?}"))
}

fn date(value: &Value) -> Result<Value, String> {
    if let Value::String(text) = value
        && let Ok(date) = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
    {
        return Ok(json!(date.to_string()));
    }
    moment(value).map(|at| json!(at.format("%Y-%m-%d").to_string()))
}

fn instant(value: &Value) -> Result<Value, String> {
    // Without a colon in the offset, which all versions take.
    moment(value).map(|at| json!(at.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()))
}

fn moment(value: &Value) -> Result<DateTime<Utc>, String> {
    let problem = || format!("must be a date such as 2026-12-31 or 2026-12-31T14:00:00Z, not {value}");
    match value {
        Value::Number(number) => {
            let at = number.as_i64().and_then(DateTime::from_timestamp_millis);
            at.ok_or_else(problem)
        }
        Value::String(text) => {
            let text = text.trim();
            let at = jira_client::parse_timestamp(text).map(|at| at.to_utc());
            let day = || {
                NaiveDate::parse_from_str(text, "%Y-%m-%d")
                    .ok()?
                    .and_hms_opt(0, 0, 0)
                    .map(|at| at.and_utc())
            };
            at.or_else(day).ok_or_else(problem)
        }
        _ => Err(problem()),
    }
}

fn user(text: &str, people: &People) -> Result<Value, String> {
    if let Some(found) = people.found.get(text) {
        return Ok(found.clone());
    }
    if text.contains('@') && people.is_cloud {
        return Err(format!(
            "no account has the address {text}, or Jira hides it: give the account id"
        ));
    }
    Ok(if people.is_cloud {
        json!({ "accountId": text })
    } else {
        json!({ "name": text })
    })
}

/// One of the allowed values, by its id, value or name.
fn choice(field: &WritableField, kind: &str, value: &Value) -> Result<Value, String> {
    let wanted = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let text = |allowed: &Value, member: &str| allowed.get(member).and_then(Value::as_str).map(str::to_owned);
    let is = |allowed: &&Value, member: &str, exactly: bool| {
        text(allowed, member)
            .is_some_and(|found| found == wanted || !exactly && found.to_lowercase() == wanted.to_lowercase())
    };
    let found = [
        ("value", true),
        ("name", true),
        ("id", true),
        ("value", false),
        ("name", false),
    ]
    .iter()
    .find_map(|(member, exactly)| field.allowed.iter().find(|allowed| is(allowed, member, *exactly)));
    if let Some(id) = found.and_then(|allowed| text(allowed, "id")) {
        return Ok(json!({ "id": id }));
    }
    let is_option = matches!(kind, "option" | "option-with-child");
    if field.allowed.is_empty() {
        let member = if is_option { "value" } else { "name" };
        return Ok(json!({ member: wanted }));
    }
    Err(format!("{wanted:?} is not one of {}", allowed_values(field)))
}

/// The values that a field may have, for an error.
pub(super) fn allowed_values(field: &WritableField) -> String {
    let named = field.allowed.iter().filter_map(|allowed| {
        let text = |member: &str| allowed.get(member).and_then(Value::as_str);
        text("value").or_else(|| text("name")).or_else(|| text("key"))
    });
    let mut listed: Vec<&str> = named.clone().take(NAMED).collect();
    if named.count() > NAMED {
        listed.push("…");
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    fn field(kind: &str, items: Option<&str>) -> WritableField {
        let allowed = matches!(kind, "option" | "priority") || items == Some("option");
        WritableField {
            id: "customfield_1".to_owned(),
            name: "Field".to_owned(),
            is_required: false,
            has_default: false,
            schema: FieldSchema {
                r#type: kind.to_owned(),
                items: items.map(str::to_owned),
                custom: None,
                system: None,
            },
            allowed: if allowed {
                vec![
                    json!({ "id": "7", "value": "S1" }),
                    json!({ "id": "8", "name": "High" }),
                ]
            } else {
                Vec::new()
            },
            raw: serde_json::Map::new(),
        }
    }

    #[test_case("option", None, json!("s1"), json!({ "id": "7" }); "an option by its value, in other letters")]
    #[test_case("priority", None, json!("High"), json!({ "id": "8" }); "a priority by its name")]
    #[test_case("array", Some("option"), json!("S1"), json!([{ "id": "7" }]); "one value of a list")]
    #[test_case("array", Some("string"), json!(["a", 5]), json!(["a", "5"]); "texts")]
    #[test_case("array", Some("version"), json!(["1.0"]), json!([{ "name": "1.0" }]); "a version that is not listed")]
    #[test_case("number", None, json!("42.5"), json!(42.5); "a number in a text")]
    #[test_case("date", None, json!("2026-12-31T23:00:00Z"), json!("2026-12-31"); "a day of an instant")]
    #[test_case("datetime", None, json!("2026-12-31"), json!("2026-12-31T00:00:00.000+0000"); "an instant of a day")]
    #[test_case("datetime", None, json!(0), json!("1970-01-01T00:00:00.000+0000"); "milliseconds")]
    #[test_case("user", None, json!("5b1"), json!({ "accountId": "5b1" }); "an account id")]
    #[test_case("issuelink", None, json!("A-1"), json!({ "key": "A-1" }); "a parent")]
    #[test_case("option-with-child", None, json!(["A", "B"]), json!({ "value": "A", "child": { "value": "B" } }); "two levels")]
    #[test_case("sd-customerrequesttype", None, json!("x/y"), json!("x/y"); "a type that we do not know")]
    #[test_case("option", None, json!({ "id": "9" }), json!({ "id": "9" }); "Jira's own form")]
    #[test_case("option", None, json!(null), json!(null); "nothing")]
    fn a_value_takes_the_form_of_its_field(kind: &str, items: Option<&str>, value: Value, expected: Value) {
        let people = People {
            is_cloud: true,
            ..People::default()
        };
        assert_eq!(fitted(&field(kind, items), &value, &people), Ok((expected, None)));
    }

    #[test_case("option", json!("S9"), "\"S9\" is not one of S1, High"; "an option that is not there")]
    #[test_case("number", json!("many"), "must be a number, not \"many\""; "no number")]
    #[test_case("number", json!("NaN"), "must be a number, not \"NaN\""; "what is called no number")]
    #[test_case("date", json!("31.12.2026"), "must be a date such as 2026-12-31 or 2026-12-31T14:00:00Z, not \"31.12.2026\""; "a date of some country")]
    #[test_case("string", json!([1]), "must be a text"; "a list for a text")]
    fn a_value_that_cannot_fit_says_what_would(kind: &str, value: Value, text: &str) {
        assert_eq!(
            fitted(&field(kind, None), &value, &People::default()),
            Err(text.to_owned())
        );
    }

    proptest! {
        #[test]
        fn a_text_that_is_cut_is_never_refused_for_its_length(text in any::<String>(), most in 1usize..40) {
            let (kept, warning) = cut("summary", text.clone(), most);
            prop_assert!(kept.encode_utf16().count() <= most);
            prop_assert_eq!(warning.is_some(), kept != text);
            prop_assert!(text.starts_with(kept.trim_end_matches('…')));
        }
    }
}
