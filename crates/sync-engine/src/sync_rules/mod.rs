//! Sync rules: which documents are indexed. Basic rules are applied to documents, advanced rules are queries for Jira.
//!
//! Pure: values come in, verdicts and problems come out. Asking Jira about a query is left to `source`.

mod problem;

mod field_path;
mod field_type;
mod instant;
mod value_match;

mod rule;
mod rule_set;
mod validation;

mod advanced;
mod effect;
mod fingerprint;

pub use advanced::{AdvancedQuery, AdvancedRules};
pub use effect::{Effect, EffectTally, RuleEffect};
pub use field_type::{FieldType, FieldTypes};
pub use fingerprint::fingerprint;
pub use problem::Problem;
pub use rule::{Operator, Policy, Rule};
pub use rule_set::{RuleSet, Verdict};
pub use validation::validate_basic;
