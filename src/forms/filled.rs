//! A form with the values of one record: what is in force, what counts, and everything that is wrong.
//!
//! All problems are reported at once and by the label that people see. What values mean is left to whose form it is.

use serde_json::{Map, Value};

use super::field::FieldDefinition;
use super::form::Form;
use super::problem::{FieldProblem, ProblemKind};
use super::validations;
use super::value::{FieldValue, convert};

/// A form and a record that holds its values.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'r> {
    form: Form,
    record: &'r Map<String, Value>,
}

impl Form {
    /// Looks at the values of a record.
    pub fn read<'r>(&self, record: &'r Map<String, Value>) -> Filled<'r> {
        Filled { form: *self, record }
    }
}

impl Filled<'_> {
    /// The value in force for a field. A field that the record lacks has its default.
    pub fn get(&self, key: &str) -> Result<FieldValue, FieldProblem> {
        let field = self.form.find(key).expect("callers ask for defined fields only");
        let stored = self.stored(key, "value");
        let value = convert(field, stored)?;
        if value != FieldValue::Unset || field.required {
            return Ok(value);
        }
        match field.default {
            Some(text) => convert(field, &literal(text)),
            None => Ok(FieldValue::Unset),
        }
    }

    /// Whether a field is asked for at all, given the other values.
    pub fn applies(&self, field: &FieldDefinition) -> bool {
        let has = |(other, wanted): &(&str, &str)| match (self.get(other), literal(wanted)) {
            (Ok(FieldValue::Text(text)), Value::String(wanted)) => text == wanted,
            (Ok(FieldValue::Bool(value)), Value::Bool(wanted)) => value == wanted,
            _ => false,
        };
        field.depends_on.iter().all(has) && !field.unless.iter().any(has)
    }

    /// Every problem of every field that applies.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let applicable = self.form.fields.iter().filter(|field| self.applies(field));
        applicable.filter_map(|field| self.check(field).err()).collect()
    }

    fn stored(&self, key: &str, member: &str) -> &Value {
        let entry = self.record.get(key).and_then(|entry| entry.get(member));
        entry.unwrap_or(&Value::Null)
    }

    fn check(&self, field: &FieldDefinition) -> Result<(), FieldProblem> {
        let value = self.get(field.key)?;
        let not_allowed = |is: String, cure: String| Err(field.problem(ProblemKind::NotAllowed, is, cure));
        match &value {
            FieldValue::Unset if field.required => {
                return Err(field.problem(ProblemKind::Missing, "is empty", "it is required"));
            }
            FieldValue::Unset if field.needed => {
                let because = field
                    .depends_on
                    .last()
                    .map_or("", |(_, wanted)| wanted.trim_matches('"'));
                return Err(field.problem(ProblemKind::Missing, "is empty", format!("{because} needs it")));
            }
            FieldValue::Number(number) => {
                if let Some(limit) = field.less_than.filter(|limit| number >= limit) {
                    return not_allowed(format!("is {number}"), format!("it must be less than {limit}"));
                }
                if let Some(limit) = field.greater_than.filter(|limit| number <= limit) {
                    return not_allowed(format!("is {number}"), format!("it must be greater than {limit}"));
                }
            }
            FieldValue::Text(text)
                if !field.options.is_empty() && field.options.iter().all(|(_, value)| value != text) =>
            {
                let allowed: Vec<&str> = field.options.iter().map(|(_, value)| *value).collect();
                let cure = format!("it must be one of {}", allowed.join(", "));
                return not_allowed(format!("is \"{text}\""), cure);
            }
            _ => {}
        }
        // An administrator may have added validations to those of the definition.
        match validations::violation(self.stored(field.key, "validations"), &value) {
            None => Ok(()),
            Some(problem) => Err(field.problem(ProblemKind::Refused, problem, "")),
        }
    }
}

fn literal(text: &str) -> Value {
    serde_json::from_str(text).expect("literals of definitions are JSON")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    const TEXT: FieldDefinition = FieldDefinition::TEXT;
    const FORM: Form = Form {
        fields: &[
            FieldDefinition {
                key: "method",
                label: "Method",
                options: &[("Basic", "basic"), ("Token", "token")],
                ..TEXT
            },
            FieldDefinition {
                key: "password",
                label: "Password",
                sensitive: true,
                unless: &[("method", "\"token\"")],
                ..TEXT
            },
            FieldDefinition {
                key: "token",
                label: "Token",
                required: false,
                needed: true,
                depends_on: &[("method", "\"token\"")],
                ..TEXT
            },
            FieldDefinition {
                key: "tries",
                label: "Tries",
                kind: super::super::FieldType::Int,
                default: Some("3"),
                required: false,
                less_than: Some(10),
                greater_than: Some(0),
                ..TEXT
            },
        ],
    };

    fn problems(values: Value) -> Vec<String> {
        let mut record = FORM.blank();
        for (key, value) in values.as_object().unwrap() {
            record[key]["value"] = value.clone();
        }
        FORM.read(&record).problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_problem_names_field_fault_and_cure() {
        assert_eq!(
            problems(json!({ "method": "oauth", "password": {}, "tries": 10 })),
            [
                "\"Method\" (method) is \"oauth\"; it must be one of basic, token",
                "\"Password\" (password) is a value of another type; it must be text",
                "\"Tries\" (tries) is 10; it must be less than 10",
            ]
        );
    }

    #[test]
    fn a_field_that_does_not_count_is_not_asked_for() {
        assert_eq!(
            problems(json!({ "method": "basic" })),
            ["\"Password\" (password) is empty; it is required"]
        );
        assert_eq!(
            problems(json!({ "method": "token" })),
            ["\"Token\" (token) is empty; token needs it"]
        );
        assert_eq!(problems(json!({ "method": "token", "token": "t" })), [""; 0]);
    }

    #[test]
    fn an_empty_field_has_its_default() {
        let mut record = FORM.blank();
        assert_eq!(FORM.read(&record).get("tries"), Ok(FieldValue::Number(3)));
        record.remove("tries");
        assert_eq!(FORM.read(&record).get("tries"), Ok(FieldValue::Number(3)));
    }

    #[test]
    fn validations_of_the_record_hold() {
        let mut record = FORM.blank();
        record["method"]["value"] = "token".into();
        record["token"]["value"] = "abc".into();
        record["token"]["validations"] = json!([{ "type": "regex", "constraint": "[0-9]+" }]);
        let problems = FORM.read(&record).problems();
        assert_eq!((problems.len(), problems[0].kind), (1, ProblemKind::Refused));
    }
}
