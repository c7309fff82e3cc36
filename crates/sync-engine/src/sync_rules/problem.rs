//! Describes problems of rules in the form of a connector's `validation.errors`.

use std::fmt;

use serde_json::{Value, json};

/// The id that stands for the advanced snippet in validation errors.
pub(super) const ADVANCED_SNIPPET: &str = "advanced_snippet";

/// One entry of `validation.errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule it concerns; empty when a rule has no id, `advanced_snippet` for the advanced rules.
    pub id: String,
    /// The problem and its cure.
    pub message: String,
}

impl Problem {
    pub(super) fn of_rule(id: &str, message: impl Into<String>) -> Self {
        Self {
            id: id.to_owned(),
            message: message.into(),
        }
    }

    /// A problem of the advanced snippet.
    pub fn of_snippet(message: impl Into<String>) -> Self {
        Self::of_rule(ADVANCED_SNIPPET, message)
    }

    /// The entry as the record holds it.
    pub fn to_json(&self) -> Value {
        let ids: Vec<&str> = (!self.id.is_empty()).then_some(self.id.as_str()).into_iter().collect();
        json!({ "ids": ids, "messages": [self.message] })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id.is_empty() {
            write!(f, "{}", self.message)
        } else {
            write!(f, "{}: {}", self.id, self.message)
        }
    }
}
