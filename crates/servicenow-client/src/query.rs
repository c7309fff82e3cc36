//! Encoded queries that say what they were told to say. Sending them is left to `table`.
//!
//! An instance passes over what it does not understand, and then means every record. So values that could end a
//! condition are refused, and [`Query::fits`] checks what came back.

use serde_json::{Map, Value};
use thiserror::Error;

/// Conditions that must all hold, and an order.
#[derive(Debug, Clone, Default)]
pub struct Query {
    conditions: Vec<(String, Vec<String>)>,
    newest_first: bool,
}

/// Why a condition cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryFault {
    /// No column has such a name.
    #[error("`{0}` is no name of a column: use letters, digits and `_`")]
    Field(String),
    /// It would mean the records without a value, which are strangers to the caller.
    #[error("the value for `{0}` is empty: give one")]
    Empty(String),
    /// It would end the condition, or be run as a script.
    #[error(
        "the value for `{0}` holds `^`, a control character or `javascript:`, which change the query: use another value"
    )]
    Unsafe(String),
}

impl Query {
    /// The column has this value.
    pub fn equals(self, field: &str, value: &str) -> Result<Self, QueryFault> {
        self.is_one_of(field, &[value])
    }

    /// The column has one of these values.
    pub fn is_one_of(mut self, field: &str, values: &[&str]) -> Result<Self, QueryFault> {
        if !is_name(field) {
            return Err(QueryFault::Field(field.to_owned()));
        }
        if values.is_empty() || values.iter().any(|value| value.trim().is_empty()) {
            return Err(QueryFault::Empty(field.to_owned()));
        }
        if values.iter().any(|value| is_unsafe(value)) {
            return Err(QueryFault::Unsafe(field.to_owned()));
        }
        let values = values.iter().map(|&value| value.to_owned()).collect();
        self.conditions.push((field.to_owned(), values));
        Ok(self)
    }

    /// The newest record comes first.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    pub(crate) fn encoded(&self) -> String {
        let condition = |(field, values): &(String, Vec<String>)| {
            let alternatives: Vec<String> = values.iter().map(|value| format!("{field}={value}")).collect();
            alternatives.join("^OR")
        };
        let mut parts: Vec<String> = self.conditions.iter().map(condition).collect();
        if self.newest_first {
            parts.push("ORDERBYDESCsys_created_on".to_owned());
        }
        parts.join("^")
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|(field, _)| field.as_str())
    }

    /// Whether a record is one that was asked for. Databases compare without case; this does not.
    pub fn fits(&self, record: &Map<String, Value>) -> bool {
        self.holds(record, |found, wanted| found == wanted)
    }

    /// Whether an instance that understood the query may have answered with this record.
    pub(crate) fn may_fit(&self, record: &Map<String, Value>) -> bool {
        self.holds(record, |found, wanted| {
            found.trim().to_lowercase() == wanted.trim().to_lowercase()
        })
    }

    fn holds(&self, record: &Map<String, Value>, same: impl Fn(&str, &str) -> bool) -> bool {
        self.conditions.iter().all(|(field, values)| {
            let found = record.get(field).and_then(Value::as_str);
            found.is_some_and(|found| values.iter().any(|wanted| same(found, wanted)))
        })
    }
}

/// Whether this is a name of a table or a column.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `^` ends a condition, and a line break may; a value that begins with `javascript:` is run on the instance.
fn is_unsafe(value: &str) -> bool {
    value.contains('^') || value.contains(char::is_control) || value.to_lowercase().contains("javascript:")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case("x^ORactive=true"; "an alternative")]
    #[test_case("x^NQactive=true"; "a new query")]
    #[test_case("x\nactive=true"; "a line break")]
    #[test_case("JavaScript:gs.getUserID()"; "a script")]
    fn a_value_cannot_change_the_query(value: &str) {
        let refused = Query::default().equals("correlation_id", value).unwrap_err();
        assert_eq!(refused, QueryFault::Unsafe("correlation_id".to_owned()));
    }

    #[test_case(""; "nothing")]
    #[test_case("  "; "blanks")]
    fn an_empty_id_does_not_mean_a_strangers_record(value: &str) {
        assert!(matches!(
            Query::default().equals("correlation_id", value),
            Err(QueryFault::Empty(_))
        ));
    }

    #[test]
    fn a_field_cannot_change_the_query() {
        assert!(Query::default().equals("active=true^x", "1").is_err());
    }

    #[test]
    fn conditions_are_joined_and_ordered() {
        let query = Query::default().equals("correlation_id", "rule:1=2").unwrap();
        let query = query.is_one_of("name", &["task", "incident"]).unwrap().newest_first();
        assert_eq!(
            query.encoded(),
            "correlation_id=rule:1=2^name=task^ORname=incident^ORDERBYDESCsys_created_on"
        );
    }

    #[test]
    fn a_record_that_was_not_asked_for_is_recognised() {
        let query = Query::default().equals("correlation_id", "a").unwrap();
        let record = |value: Value| value.as_object().cloned().unwrap();
        assert!(query.fits(&record(json!({ "correlation_id": "a" }))));
        assert!(!query.fits(&record(json!({ "correlation_id": "A" }))));
        assert!(query.may_fit(&record(json!({ "correlation_id": "A" }))));
        assert!(!query.may_fit(&record(json!({ "correlation_id": "b" }))));
        assert!(!query.may_fit(&record(json!({}))));
    }
}
