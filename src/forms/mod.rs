//! Forms as values: which fields something is configured with, and the checking of what was filled in.
//!
//! Whose fields they are, and what they mean, is known above.

mod field;
mod filled;
mod form;
mod problem;
mod validations;
mod value;

pub use field::{FieldDefinition, FieldType};
pub use filled::Filled;
pub use form::Form;
pub use problem::{FieldProblem, ProblemKind};
pub use value::FieldValue;
