//! Finds what a set of basic rules must not contain, such as senseless comparisons, before a sync meets it.

use std::collections::HashMap;

use serde_json::Value;

use super::field_type::{FieldType, FieldTypes};
use super::instant::Instant;
use super::problem::Problem;
use super::rule::{Operator, Rule};
use super::rule_set::RuleSet;
use super::value_match::{is_number, parse_bool};

/// Checks the `rules` of a record. The rules when there is nothing wrong with them, else every problem found.
pub fn validate_basic(records: &[Value], types: &FieldTypes) -> Result<RuleSet, Vec<Problem>> {
    let mut problems = match_all(records);
    problems.extend(inverted_default(records));
    match RuleSet::read(records) {
        Ok(set) => {
            problems.extend(duplicates(set.rules()));
            problems.extend(set.rules().iter().filter_map(|rule| senseless(rule, types)));
            if problems.is_empty() { Ok(set) } else { Err(problems) }
        }
        Err(form) => {
            problems.extend(form);
            Err(problems)
        }
    }
}

/// An expression that matches everything makes every later rule pointless.
fn match_all(records: &[Value]) -> Vec<Problem> {
    let member = |record: &Value, name: &str| -> String {
        let text = record.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let concerned = records.iter().filter(|record| {
        !Rule::is_default(record)
            && member(record, "rule").eq_ignore_ascii_case("regex")
            && matches!(member(record, "value").as_str(), ".*" | "(.*)")
    });
    concerned
        .map(|record| {
            let message = "this regular expression matches everything, empty text too; write .+ for \"has a value\"";
            Problem::of_rule(&member(record, "id"), message)
        })
        .collect()
}

/// The framework ignores it; obeying or ignoring it would both surprise somebody.
fn inverted_default(records: &[Value]) -> Option<Problem> {
    let default = records.iter().find(|record| Rule::is_default(record))?;
    let policy = default.get("policy").and_then(Value::as_str)?;
    policy.eq_ignore_ascii_case("exclude").then(|| {
        let message = "the default rule always includes what no other rule matched; to leave out the rest, add a last \
                       rule that excludes, such as field Type, rule regex, value .+";
        Problem::of_rule(super::rule::DEFAULT_ID, message)
    })
}

/// Two rules that ask the same question: the second can never decide. Every such pair is reported, at both rules.
fn duplicates(rules: &[Rule]) -> Vec<Problem> {
    let mut first: HashMap<(&str, &str, &str), &Rule> = HashMap::new();
    let mut problems = Vec::new();
    for rule in rules {
        let question = (rule.field.as_str(), rule.operator.as_str(), rule.value.as_str());
        if let Some(earlier) = first.get(&question) {
            for (one, other) in [(*earlier, rule), (rule, *earlier)] {
                let message = format!("it asks the same as rule {}; remove one of them", other.id);
                problems.push(Problem::of_rule(&one.id, message));
            }
        } else {
            first.insert(question, rule);
        }
    }
    problems
}

fn senseless(rule: &Rule, types: &FieldTypes) -> Option<Problem> {
    let kind = types.get(&rule.field)?;
    let (field, value) = (&rule.field, &rule.value);
    let ordering = matches!(rule.operator, Operator::GreaterThan | Operator::LessThan);
    if !ordering && !matches!(rule.operator, Operator::Equals) {
        return None;
    }
    let message = match kind {
        FieldType::Bool if ordering => format!("{field} is true or false, which have no order; use equals"),
        FieldType::Bool if parse_bool(value).is_none() => {
            format!("{field} is true or false, and \"{value}\" is neither")
        }
        FieldType::Number if !is_number(value) => format!("{field} holds numbers, and \"{value}\" is none"),
        FieldType::Date if Instant::parse(value).is_none() => format!(
            "{field} holds dates, and \"{value}\" is none; write 2026-11-22, or 2026-11-22T10:00:00Z for a time"
        ),
        FieldType::Object => format!(
            "{field} is an object, which equals nothing and has no order; name one of its fields, such as {field}.name"
        ),
        FieldType::Bool | FieldType::Number | FieldType::Date | FieldType::Text => return None,
    };
    Some(Problem::of_rule(&rule.id, message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn rule(id: &str, field: &str, operator: &str, value: &str) -> Value {
        json!({"id": id, "order": 1, "policy": "exclude", "field": field, "rule": operator, "value": value})
    }

    fn ids(records: &[Value]) -> Vec<String> {
        let mut types = FieldTypes::default();
        types.learn("Custom_Fields.Story Points".into(), FieldType::Number);
        match validate_basic(records, &types) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(|problem| problem.id).collect(),
        }
    }

    #[test_case(&json!({}), 6; "nothing at all")]
    #[test_case(&json!("x"), 6; "not even an object")]
    #[test_case(&json!({"id": "a", "order": 1, "policy": "exclude", "field": "f", "rule": "equals", "value": ""}), 1; "an empty value")]
    #[test_case(&json!({"id": "a", "order": "1", "policy": "exclude", "field": "f", "rule": "equals", "value": "v"}), 1; "order as text")]
    #[test_case(&json!({"id": "a", "order": 1, "policy": "drop", "field": "f", "rule": "equals", "value": "v"}), 1; "unknown policy")]
    #[test_case(&json!({"id": "a", "order": 1, "policy": "exclude", "field": "f", "rule": "like", "value": "v"}), 1; "unknown rule")]
    #[test_case(&json!({"id": "a", "order": 1, "policy": "EXCLUDE", "field": "f", "rule": "Equals", "value": "v"}), 0; "case of words does not matter")]
    #[test_case(&rule("a", "f", "regex", "(x"), 1; "no regular expression")]
    #[test_case(&rule("a", "f", "regex", "(?!x)"), 0; "look-around, as Python has it")]
    #[test_case(&rule("a", "f", "regex", ".*"), 1; "everything")]
    #[test_case(&rule("a", "f", "regex", "(.*)"), 1; "everything in a group")]
    #[test_case(&json!({"id": "DEFAULT", "order": 0, "policy": "include", "field": "_", "rule": "regex", "value": ".*"}), 0; "the default rule")]
    fn form(record: &Value, problems: usize) {
        let found = ids(std::slice::from_ref(record));
        assert_eq!(found.len(), problems, "{found:?}");
    }

    #[test]
    fn a_turned_default_rule_is_refused() {
        let turned =
            json!({"id": "DEFAULT", "field": "_", "order": 0, "policy": "exclude", "rule": "regex", "value": ".*"});
        assert_eq!(ids(&[turned]), ["DEFAULT"]);
    }

    #[test]
    fn duplicates_are_reported_at_both_rules_whatever_their_policy() {
        let mut second = rule("b", "Type", "equals", "Bug");
        second["policy"] = json!("include");
        assert_eq!(ids(&[rule("a", "Type", "equals", "Bug"), second]), ["a", "b"]);
    }

    #[test_case("size", ">", "10" => true)]
    #[test_case("size", ">", "ten" => false; "words against numbers")]
    #[test_case("size", "equals", "ten" => false; "a number never equals a word")]
    #[test_case("size", "starts_with", "ten" => true; "text of anything")]
    #[test_case("Issue.created", "<", "2026-11-22" => true; "a day")]
    #[test_case("Issue.created", "<", "last week" => false; "words against dates")]
    #[test_case("Issue.issuetype.subtask", "equals", "yes" => true; "truth")]
    #[test_case("Issue.issuetype.subtask", ">", "false" => false; "truth has no order")]
    #[test_case("Issue.issuetype.subtask", "equals", "perhaps" => false; "neither true nor false")]
    #[test_case("Issue.status", "equals", "Done" => false; "an object equals nothing")]
    #[test_case("Issue.status.name", "equals", "Done" => true; "its field does")]
    #[test_case("Custom_Fields.Story Points", ">", "many" => false; "learned from Jira")]
    #[test_case("Custom_Fields.Anything", ">", "many" => true; "of unknown type")]
    fn sense(field: &str, operator: &str, value: &str) -> bool {
        ids(&[rule("a", field, operator, value)]).is_empty()
    }
}
