//! Asks for the configuration fields that a connector still lacks, in Kibana's order and under Kibana's labels.
//!
//! Fields that are optional are only asked for when the answers need them: their defaults are right for most.

use serde_json::{Value, json};

use super::error::CommandError;
use super::field_values::typed;
use super::prompt::Ask;
use crate::operations::connectors::{FieldDefinition, FieldType, FieldValues, Form, all};

/// Completes the values that were `given` with the command; those are only asked for when they are wrong.
pub(super) fn complete(given: &mut FieldValues, ask: &dyn Ask, note: &dyn Fn(&str)) -> Result<(), CommandError> {
    let mut form = Form::of(given);
    let known = given.clone();
    let mut wrong: Vec<String> = Vec::new();
    loop {
        for field in all().iter().filter(|field| !field.advanced) {
            let wanted =
                wrong.is_empty() && field.required && !known.has(field.key) || wrong.iter().any(|key| key == field.key);
            // Asked anew for each field, because earlier answers decide which later fields apply.
            if wanted && form.applies(field) {
                given.set(field.key, question(field, form.value(field.key), ask)?);
                form.fill(given);
            }
        }
        let Err(invalid) = form.problems() else {
            return Ok(());
        };
        let keys: Vec<String> = invalid.problems.iter().map(|problem| problem.key.to_owned()).collect();
        let can_be_asked = |key: &String| all().iter().any(|field| field.key == key && !field.advanced);
        if !keys.iter().any(can_be_asked) {
            return Err(CommandError::Usage(invalid.to_string()));
        }
        note(&invalid.to_string());
        wrong = keys;
    }
}

fn question(field: &FieldDefinition, current: &Value, ask: &dyn Ask) -> Result<Value, CommandError> {
    let label = match field.tooltip {
        Some(tooltip) => format!("{} ({})", field.label, tooltip.trim_end_matches('.')),
        None => field.label.to_owned(),
    };
    if field.sensitive {
        return ask.secret(&label).map(Value::from);
    }
    if !field.options.is_empty() {
        let labels: Vec<&str> = field.options.iter().map(|(label, _)| *label).collect();
        let chosen = field
            .options
            .iter()
            .position(|(_, value)| current == value)
            .unwrap_or(0);
        let choice = ask.choose(field.label, &labels, chosen)?;
        return Ok(json!(field.options[choice].1));
    }
    if field.kind == FieldType::Bool {
        return ask.confirm(&label, current == &Value::Bool(true)).map(Value::from);
    }
    let suggested = match current {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    typed(field.key, ask.text(&label, &suggested, !field.required)?.trim())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use pretty_assertions::assert_eq;

    use super::*;

    /// Answers by a word of the question, and remembers what was asked.
    struct Scripted {
        answers: Vec<(&'static str, &'static str)>,
        asked: RefCell<Vec<String>>,
    }

    impl Scripted {
        fn next(&self, kind: &str, question: &str) -> String {
            self.asked.borrow_mut().push(format!("{kind} {question}"));
            let asked_before = self
                .asked
                .borrow()
                .iter()
                .filter(|asked| asked.ends_with(question))
                .count();
            let fitting = self.answers.iter().filter(|(word, _)| question.starts_with(word));
            fitting
                .take(asked_before)
                .last()
                .unwrap_or_else(|| panic!("nobody expected the question {question}"))
                .1
                .to_owned()
        }
    }

    impl Ask for Scripted {
        fn text(&self, question: &str, _: &str, _: bool) -> Result<String, CommandError> {
            Ok(self.next("text", question))
        }
        fn secret(&self, question: &str) -> Result<String, CommandError> {
            Ok(self.next("secret", question))
        }
        fn choose(&self, question: &str, choices: &[&str], _: usize) -> Result<usize, CommandError> {
            let answer = self.next("choose", question);
            Ok(choices.iter().position(|choice| *choice == answer).unwrap())
        }
        fn confirm(&self, question: &str, _: bool) -> Result<bool, CommandError> {
            Ok(self.next("confirm", question) == "yes")
        }
    }

    fn interview(given: Value, answers: Vec<(&'static str, &'static str)>) -> (FieldValues, Vec<String>, Vec<String>) {
        let scripted = Scripted {
            answers,
            asked: RefCell::default(),
        };
        let notes = RefCell::new(Vec::new());
        let mut values = FieldValues::default();
        for (key, value) in given.as_object().unwrap() {
            values.set(key, value.clone());
        }
        let note = |text: &str| notes.borrow_mut().push(text.to_owned());
        complete(&mut values, &scripted, &note).unwrap();
        (values, scripted.asked.into_inner(), notes.into_inner())
    }

    #[test]
    fn only_what_applies_and_was_not_given_is_asked() {
        let given = json!({"data_source": "jira_cloud", "jira_url": "https://example.atlassian.net"});
        let (values, asked, _) = interview(
            given,
            vec![
                ("Jira Cloud email", "me@example.com"),
                ("Jira Cloud API token", "hush"),
                ("Jira project keys", "*"),
                ("Enable SSL", "no"),
                ("Enable document level security", "no"),
            ],
        );
        let kinds: Vec<&str> = asked
            .iter()
            .map(|asked| asked.split_whitespace().next().unwrap())
            .collect();
        assert_eq!(kinds, ["text", "secret", "text", "confirm", "confirm"], "{asked:?}");
        assert_eq!(values.as_map()["api_token"], "hush");
        assert!(Form::of(&values).problems().is_ok());
    }

    #[test]
    fn a_wrong_answer_is_explained_and_only_its_question_is_asked_again() {
        let given = json!({
            "data_source": "jira_cloud", "account_email": "me@example.com", "api_token": "hush", "projects": "*",
            "ssl_enabled": false, "use_document_level_security": false,
        });
        let answers = vec![
            ("Jira host url", "example"),
            ("Jira host url", "https://example.atlassian.net"),
        ];
        let (_, asked, notes) = interview(given, answers);
        assert_eq!(asked, ["text Jira host url", "text Jira host url"]);
        assert!(notes.len() == 1 && notes[0].contains("is not a URL"), "{notes:?}");
    }
}
