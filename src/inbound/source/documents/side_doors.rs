//! Takes other issues out of an issue. With document level security on only their ids and keys stay, because a reader
//! of one issue need not be a reader of the other, now or when the other gets a security level: no change of this issue
//! would tell.
//!
//! Links, parent and sub-tasks are the known places; apps put other issues into fields of their own in any shape, so what
//! matters is what a value refers to. What people write in descriptions and comments is theirs and stays.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Members of an object that make it an issue and not, say, a project, which has a key too.
const CONTENT: [&str; 2] = ["fields", "summary"];
/// Deeper structures are dropped rather than searched.
const DEEPEST: usize = 32;
/// Separators between a key and the words after it.
const SEPARATORS: [&str; 6] = [" - ", " \u{2013} ", " \u{2014} ", ": ", " | ", "] "];

/// Strips other issues, wherever they are in the fields of one.
#[derive(Debug, Clone, Copy)]
pub struct SideDoors<'a> {
    /// The key of the issue that has the fields.
    pub own_key: &'a str,
    /// Keys of projects that are known to exist.
    pub projects: &'a BTreeSet<String>,
}

impl SideDoors<'_> {
    /// Closes them in all fields.
    pub fn close(&self, fields: &mut Map<String, Value>) {
        for (field, value) in fields {
            self.close_value(value, field.starts_with("customfield_"), 0);
        }
    }

    /// `of_app`: texts are not written by people alone.
    fn close_value(&self, value: &mut Value, of_app: bool, depth: usize) {
        if depth > DEEPEST {
            *value = Value::Null;
            return;
        }
        match value {
            Value::Array(values) => {
                if let [Value::String(key), words @ Value::String(_)] = values.as_mut_slice()
                    && of_app
                    && self.is_known(key)
                {
                    *words = Value::Null;
                }
                values
                    .iter_mut()
                    .for_each(|value| self.close_value(value, of_app, depth + 1));
            }
            Value::Object(object) if self.refers_to_issue(object) => {
                object.retain(|member, value| self.names_issue(member, value));
            }
            Value::Object(object) => {
                if object.values().any(|value| self.is_reference(value)) {
                    object.retain(|member, value| !(value.is_string() && is_title(member)));
                }
                for (member, value) in object {
                    if self.is_other_key(member) {
                        *value = Value::Null;
                    } else {
                        self.close_value(value, of_app, depth + 1);
                    }
                }
            }
            Value::String(text) if of_app => {
                if let Some(closed) = self.closed_json(text, depth).or_else(|| self.without_words(text)) {
                    *text = closed;
                }
            }
            _ => {}
        }
    }

    fn is_reference(&self, value: &Value) -> bool {
        value.as_object().is_some_and(|object| self.refers_to_issue(object))
    }

    /// An object with the key of another issue, or with an id and a summary.
    fn refers_to_issue(&self, object: &Map<String, Value>) -> bool {
        let has_content = object.keys().any(|member| CONTENT.contains(&member.as_str()));
        object.iter().any(|(member, value)| match value {
            Value::String(text) if ends_with(member, "key") => {
                self.is_other_key(text) || has_content && is_issue_key(text)
            }
            Value::String(text) => self.is_known(text) || is_id(member, value) && has_summary(object),
            Value::Number(_) => is_id(member, value) && has_summary(object),
            _ => false,
        })
    }

    /// Keeps the permitted members of such an object.
    fn names_issue(&self, member: &str, value: &Value) -> bool {
        is_id(member, value)
            || value
                .as_str()
                .is_some_and(|text| ends_with(member, "key") || self.is_known(text))
    }

    /// A key in the letters that Jira gives to keys, and not the one of the issue itself.
    fn is_other_key(&self, text: &str) -> bool {
        is_issue_key(text) && text != self.own_key && !text.contains(char::is_lowercase)
    }

    /// The key of another issue of a project that exists.
    fn is_known(&self, text: &str) -> bool {
        let project = text.rsplit_once('-').map(|(project, _)| project);
        project.is_some_and(|project| self.projects.contains(project)) && self.is_other_key(text)
    }

    /// A text that holds JSON, when that refers to issues.
    fn closed_json(&self, text: &str, depth: usize) -> Option<String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let before: Value = serde_json::from_str(text).ok()?;
        let mut closed = before.clone();
        self.close_value(&mut closed, true, depth + 1);
        (closed != before).then(|| closed.to_string())
    }

    /// A text without the words that follow a key: `KEY-1 - words`.
    fn without_words(&self, text: &str) -> Option<String> {
        // Most texts have none: nothing like the end of a key is in them.
        let mut pairs = text.as_bytes().windows(2);
        if !pairs.any(|pair| pair[0] == b'-' && pair[1].is_ascii_digit()) {
            return None;
        }
        let lines: Vec<&str> = text.split('\n').map(|line| self.line_without_words(line)).collect();
        let closed = lines.join("\n");
        (closed != text).then_some(closed)
    }

    fn line_without_words<'t>(&self, line: &'t str) -> &'t str {
        let is_of_key = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
        let mut at = 0;
        while let Some(start) = line[at..].find(is_of_key).map(|found| at + found) {
            let end = line[start..]
                .find(|character| !is_of_key(character))
                .map_or(line.len(), |found| start + found);
            let (word, rest) = (&line[start..end], &line[end..]);
            let is_first = !line[..start].contains(char::is_alphanumeric);
            let set_apart = SEPARATORS.iter().any(|separator| rest.starts_with(separator));
            let ends =
                set_apart && self.is_other_key(word) || is_first && !rest.trim().is_empty() && self.is_known(word);
            if ends {
                return &line[..end];
            }
            at = end;
        }
        line
    }
}

fn ends_with(member: &str, ending: &str) -> bool {
    member.to_ascii_lowercase().ends_with(ending)
}

/// `id`, `issueId`, with a number.
fn is_id(member: &str, value: &Value) -> bool {
    let is_number = value.is_u64() || value.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    is_number && (member == "id" || ends_with(member, "issueid") || ends_with(member, "issue_id"))
}

fn has_summary(object: &Map<String, Value>) -> bool {
    object.keys().any(|member| ends_with(member, "summary"))
}

fn is_title(member: &str) -> bool {
    ["summary", "title"].iter().any(|ending| ends_with(member, ending))
}

/// `AL-1`: letters, digits and underscores, a hyphen, digits.
pub(super) fn is_issue_key(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(project, number)| {
        let of_project = |character: char| character.is_alphanumeric() || character == '_';
        !project.is_empty()
            && project.chars().all(of_project)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn close(fields: &mut Map<String, Value>) {
        let projects = BTreeSet::from(["A".to_owned(), "B".to_owned()]);
        let doors = SideDoors {
            own_key: "A-1",
            projects: &projects,
        };
        doors.close(fields);
    }

    #[test_case(json!({"issueKey": "B-2", "issueSummary": "secret plan"}); "key and summary by other names")]
    #[test_case(json!([{"key": "B-2", "title": "secret plan"}]); "key and title")]
    #[test_case(json!({"id": 10_002, "summary": "secret plan"}); "id and summary")]
    #[test_case(json!({"issue_id": "10002", "issue_summary": "secret plan"}); "id as text")]
    #[test_case(json!({"target": "B-2", "name": "secret plan"}); "key of a known project under any name")]
    #[test_case(json!({"issue": {"key": "B-2", "title": "x"}, "title": "secret plan"}); "words beside the reference")]
    #[test_case(json!({"B-2": "secret plan", "C-9": {"name": "secret plan"}}); "by key")]
    #[test_case(json!(["B-2", "secret plan"]); "a pair")]
    #[test_case(json!("{\"key\":\"B-2\",\"summary\":\"secret plan\"}"); "json text")]
    #[test_case(json!("[\"{\\\"id\\\":2,\\\"summary\\\":\\\"secret plan\\\"}\"]"); "json text in json text")]
    #[test_case(json!("B-2 - secret plan"); "key and words")]
    #[test_case(json!("blocked by OTHER-2: secret plan"); "key of any project and words")]
    #[test_case(json!("mine\n* [B-2] secret plan"); "in a list")]
    #[test_case(json!({"options": {"text": "B-2 secret plan"}}); "key and words without a mark, deep inside")]
    fn no_words_of_another_issue_are_left(value: Value) {
        let mut fields = Map::from_iter([("customfield_7".to_owned(), value.clone())]);
        close(&mut fields);
        let left = fields["customfield_7"].to_string();
        assert!(!left.contains("secret"), "{left}");
        let names = ["B-2", "OTHER-2", "10002", "2"];
        assert!(names.iter().any(|name| left.contains(name)), "id or key stays: {left}");
    }

    #[test_case("customfield_7", json!("encoded in UTF-8, see A-1 - mine"); "its own key, and a word like a key")]
    #[test_case("customfield_7", json!({"id": "3", "value": "High", "self": "x"}); "an option")]
    #[test_case("customfield_7", json!({"accountId": "5b:1", "displayName": "Ada"}); "a user")]
    #[test_case("customfield_7", json!([{"id": 5, "name": "Sprint 5", "state": "active"}]); "sprints")]
    #[test_case("customfield_7", json!("{\"a\": [1, 2]}"); "json text without issues, letter by letter")]
    #[test_case("description", json!("B-2 - what somebody wrote about it"); "words of people")]
    #[test_case("status", json!({"id": "3", "name": "Done", "statusCategory": {"key": "done"}}); "a status")]
    fn everything_else_stays(field: &str, value: Value) {
        let mut fields = Map::from_iter([(field.to_owned(), value.clone())]);
        close(&mut fields);
        assert_eq!(fields[field], value);
    }

    #[test]
    fn other_issues_keep_id_and_key_wherever_they_are() {
        let other = json!({"id": "2", "key": "B-2", "self": "x", "fields": {"summary": "secret plan"}});
        let mut fields = json!({
            "summary": "mine",
            "project": {"id": "1", "key": "A", "name": "Alpha"},
            "parent": other,
            "subtasks": [other],
            "issuelinks": [{"id": "9", "type": {"name": "Blocks"}, "outwardIssue": other}],
            "customfield_1": {"data": {"id": 2, "key": "B_C-2", "summary": "secret plan"}},
            "customfield_2": {"key": "option-1", "value": "kept"},
            "customfield_3": [{"issueId": 2, "issueKey": "B-2", "summary": "secret plan"}],
        })
        .as_object()
        .cloned()
        .unwrap();
        close(&mut fields);
        assert_eq!(
            Value::Object(fields),
            json!({
                "summary": "mine",
                "project": {"id": "1", "key": "A", "name": "Alpha"},
                "parent": {"id": "2", "key": "B-2"},
                "subtasks": [{"id": "2", "key": "B-2"}],
                "issuelinks": [{"id": "9", "type": {"name": "Blocks"}, "outwardIssue": {"id": "2", "key": "B-2"}}],
                "customfield_1": {"data": {"id": 2, "key": "B_C-2"}},
                "customfield_2": {"key": "option-1", "value": "kept"},
                "customfield_3": [{"issueId": 2, "issueKey": "B-2"}],
            })
        );
    }
}
