//! Makes the `fields` of a request out of what a push asks for and what the screen takes.

use std::collections::BTreeMap;

use http_kit::NotDone;
use jira_client::{JiraClient, WritableField};
use serde_json::{Map, Value, json};

use super::answer::not_done;
use super::content::Wanted;
use super::field_value::{People, allowed_values, fitted};

/// The fields of a request, and what was changed so that it could be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Written {
    pub(super) fields: Map<String, Value>,
    pub(super) warnings: Vec<String>,
}

/// What is wrong with fields, by their ids.
type Problems = BTreeMap<String, String>;

/// The fields of a new issue, `project` and `issuetype` left out. Everything that Jira would refuse is named at once.
pub(super) fn for_creating(wanted: &Wanted, screen: &[WritableField], people: &People) -> Result<Written, NotDone> {
    let mut written = Written::default();
    let mut problems = put_all(wanted, screen, people, &mut written);
    for field in screen.iter().filter(|field| field.is_required && !field.has_default) {
        let is_missing = written.fields.get(&field.id).is_none_or(Value::is_null);
        // Jira puts the account that makes the issue.
        if !is_missing || matches!(field.id.as_str(), "project" | "issuetype" | "reporter") {
            continue;
        }
        let custom = field.schema.custom.as_deref().unwrap_or_default();
        if custom.ends_with(":gh-epic-label")
            && let Some(summary) = written.fields.get("summary").cloned()
        {
            written.fields.insert(field.id.clone(), summary);
            continue;
        }
        let choice = match allowed_values(field) {
            values if values.is_empty() => String::new(),
            values => format!(", one of {values}"),
        };
        problems
            .entry(field.id.clone())
            .or_insert_with(|| format!("{} is required: give it in otherFields{choice}", field.name));
    }
    refuse(problems)?;
    written.fields.retain(|_, value| !value.is_null());
    Ok(written)
}

/// The fields of an existing issue that differ from what it has.
pub(super) fn for_updating(
    wanted: &Wanted,
    screen: &[WritableField],
    people: &People,
    current: &Map<String, Value>,
) -> Result<Written, NotDone> {
    let mut written = Written::default();
    let problems = put_all(wanted, screen, people, &mut written);
    refuse(problems)?;
    written.fields.retain(|id, value| {
        let current = current.get(id).unwrap_or(&Value::Null);
        !(has(current, value) || value.is_null() && is_empty(current))
    });
    Ok(written)
}

/// Finds the accounts of addresses among the values.
pub(super) async fn people(client: &JiraClient, wanted: &Wanted, screen: &[WritableField]) -> Result<People, NotDone> {
    let mut people = People {
        is_cloud: client.edition().is_cloud(),
        ..People::default()
    };
    for (name, value) in &wanted.others {
        let Some(field) = find(screen, name) else { continue };
        if field.schema.r#type != "user" && field.schema.items.as_deref() != Some("user") {
            continue;
        }
        let texts = match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        for address in texts.into_iter().filter(|text| text.contains('@')) {
            let found = client.users_like(address).await;
            let found = found.map_err(|error| not_done("find a user", error))?;
            let is_it = |user: &&jira_client::User| {
                let mail = user.email_address.as_deref().unwrap_or_default();
                mail.eq_ignore_ascii_case(address)
            };
            // Jira searches by address even where it hides them: one answer alone is the one.
            let user = match found.iter().find(is_it) {
                Some(user) => Some(user),
                None if found.len() == 1 => found.first(),
                None => None,
            };
            if let Some(user) = user {
                let named = match (&user.account_id, &user.name) {
                    (Some(id), _) => json!({ "accountId": id }),
                    (None, name) => json!({ "name": name }),
                };
                people.found.insert(address.to_owned(), named);
            }
        }
    }
    Ok(people)
}

/// Puts everything that is asked for, and says what cannot be.
fn put_all(wanted: &Wanted, screen: &[WritableField], people: &People, written: &mut Written) -> Problems {
    let mut problems = Problems::new();
    for (name, value) in &wanted.known {
        // A screen that nobody may read takes what it is given.
        let Some(field) = find(screen, name) else {
            if screen.is_empty() {
                written.fields.insert(name.clone(), untyped(name, value));
            } else if !is_empty(value) {
                written
                    .warnings
                    .push(format!("{name} left out: the screen does not have it"));
            }
            continue;
        };
        put(field, value, people, written, &mut problems);
    }
    for (name, value) in &wanted.others {
        match find(screen, name) {
            Some(field) => put(field, value, people, written, &mut problems),
            None if screen.is_empty() => drop(written.fields.insert(name.clone(), value.clone())),
            None => {
                let problem =
                    format!("{name} cannot be set: the screen of this issue type has no such field, or several");
                problems.insert(name.clone(), problem);
            }
        }
    }
    problems
}

fn put(field: &WritableField, value: &Value, people: &People, written: &mut Written, problems: &mut Problems) {
    match fitted(field, value, people) {
        Ok((value, warning)) => {
            written.warnings.extend(warning);
            written.fields.insert(field.id.clone(), value);
        }
        Err(problem) => {
            problems.insert(field.id.clone(), format!("{}: {problem}", field.name));
        }
    }
}

/// A field by its id, or by a name that only it has.
pub(super) fn find<'a>(screen: &'a [WritableField], name: &str) -> Option<&'a WritableField> {
    if let Some(field) = screen.iter().find(|field| field.id == name) {
        return Some(field);
    }
    let lowered = name.trim().to_lowercase();
    let mut named = screen.iter().filter(|field| field.name.to_lowercase() == lowered);
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// Jira's forms of the known fields, where no screen tells them.
fn untyped(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("priority", Value::String(name)) => json!({ "name": name }),
        ("parent", Value::String(key)) => json!({ "key": key }),
        _ => value.clone(),
    }
}

/// Whether what an issue has is what is to be written: members that Jira adds when it reads do not count.
fn has(current: &Value, wanted: &Value) -> bool {
    match (current, wanted) {
        (Value::Object(current), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| current.get(name).is_some_and(|current| has(current, value))),
        (Value::Array(current), Value::Array(wanted)) => {
            current.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|value| current.iter().any(|current| has(current, value)))
        }
        (Value::String(current), Value::String(wanted)) => {
            // Jira writes line ends in its own way.
            current == wanted || current.replace("\r\n", "\n").trim() == wanted.replace("\r\n", "\n").trim()
        }
        (Value::Number(current), Value::Number(wanted)) => current.as_f64() == wanted.as_f64(),
        (current, wanted) => current == wanted,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn refuse(problems: Problems) -> Result<(), NotDone> {
    if problems.is_empty() {
        return Ok(());
    }
    let listed: Vec<&str> = problems.values().map(String::as_str).collect();
    Err(NotDone::Refused {
        status: 400,
        message: format!("nothing was sent: {}", listed.join("; ")),
        fields: problems,
    })
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use pretty_assertions::assert_eq;

    use super::*;

    fn field(id: &str, name: &str, kind: &str, is_required: bool) -> WritableField {
        WritableField {
            id: id.to_owned(),
            name: name.to_owned(),
            is_required,
            has_default: false,
            schema: FieldSchema {
                r#type: kind.to_owned(),
                items: (kind == "array").then(|| "string".to_owned()),
                custom: (id == "customfield_2").then(|| "com.pyxis.greenhopper.jira:gh-epic-label".to_owned()),
                system: None,
            },
            allowed: Vec::new(),
            raw: Map::new(),
        }
    }

    fn screen() -> Vec<WritableField> {
        vec![
            field("summary", "Summary", "string", true),
            field("labels", "Labels", "array", false),
            field("customfield_1", "Severity", "string", true),
            field("customfield_2", "Epic Name", "string", true),
            field("customfield_3", "Twice", "string", false),
            field("customfield_4", "Twice", "string", false),
        ]
    }

    fn wanted(others: Value) -> Wanted {
        Wanted {
            issue_type: None,
            known: Map::from_iter([
                ("summary".to_owned(), json!("disk full")),
                ("priority".to_owned(), json!("High")),
                ("description".to_owned(), Value::Null),
            ]),
            others: others.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn fields_go_by_name_and_what_the_screen_lacks_is_left_out_aloud() {
        let written = for_creating(&wanted(json!({ "severity": "S1" })), &screen(), &People::default()).unwrap();
        assert_eq!(
            Value::Object(written.fields),
            json!({ "summary": "disk full", "customfield_1": "S1", "customfield_2": "disk full" })
        );
        assert_eq!(written.warnings, ["priority left out: the screen does not have it"]);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_before_anything_is_sent() {
        let error = for_creating(
            &wanted(json!({ "Twice": "x", "Nowhere": 1 })),
            &screen(),
            &People::default(),
        );
        let NotDone::Refused { fields, .. } = error.unwrap_err() else {
            panic!("it is refused")
        };
        let named: Vec<&String> = fields.keys().collect();
        assert_eq!(named, ["Nowhere", "Twice", "customfield_1"]);
    }

    #[test]
    fn an_update_writes_what_differs_and_nothing_else() {
        let current =
            json!({ "summary": "disk full", "labels": ["b", "a"], "customfield_1": "S1", "customfield_3": "x\r\ny" });
        let mut wanted = wanted(json!({ "customfield_1": "S2", "customfield_3": "x\ny" }));
        wanted.known.insert("labels".to_owned(), json!(["a", "b"]));
        let written = for_updating(&wanted, &screen(), &People::default(), current.as_object().unwrap()).unwrap();
        assert_eq!(Value::Object(written.fields), json!({ "customfield_1": "S2" }));
    }
}
