//! What is wrong with a field: which one, what, and how to put it right.

use std::fmt;

use super::field::FieldDefinition;

/// A problem with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Key of the field.
    pub key: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Which kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong. Never the value of a sensitive field.
    pub problem: String,
    /// What is allowed; empty when the problem says it.
    pub cure: String,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// Nothing was filled in where something must be.
    Missing,
    /// A value of another type.
    WrongType,
    /// A value outside the bounds or choices of the definition.
    NotAllowed,
    /// A value that a validation of the record refuses.
    Refused,
}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({}) {}", self.label, self.key, self.problem)?;
        if self.cure.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", self.cure)
    }
}

impl FieldDefinition {
    /// A problem with this field.
    pub fn problem(&self, kind: ProblemKind, problem: impl Into<String>, cure: impl Into<String>) -> FieldProblem {
        FieldProblem {
            key: self.key,
            label: self.label,
            kind,
            problem: problem.into(),
            cure: cure.into(),
        }
    }
}
