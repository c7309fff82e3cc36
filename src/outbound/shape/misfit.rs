//! Where a value has not the form that it must have, in the words that Kibana used until 9.0: they name the field.

use std::fmt;

use serde_json::Value;

/// The first place that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The way to the place, from the outside in.
    pub path: Vec<String>,
    /// The problem, and what would fit.
    pub problem: String,
}

impl Misfit {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            problem: problem.into(),
        }
    }

    /// A value of another type, or none.
    pub(super) fn of_type(expected: &str, value: Option<&Value>) -> Self {
        let got = match value {
            None => "undefined",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(_)) => "number",
            Some(Value::String(_)) => "string",
            Some(Value::Array(_)) => "Array",
            Some(Value::Object(_)) => "Object",
        };
        Self::new(format!("expected value of type [{expected}] but got [{got}]"))
    }

    pub(super) fn within(mut self, name: impl Into<String>) -> Self {
        self.path.insert(0, name.into());
        self
    }

    /// The same with the way to the value in front: `request body`.
    #[must_use]
    pub fn below(self, place: &str) -> Self {
        self.within(place)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "[{}]: {}", self.path.join("."), self.problem)
        }
    }
}
