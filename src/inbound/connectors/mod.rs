//! Keeps connector records in order: fields, features, status, drafts of sync rules.

pub(crate) mod filtering_check;
pub mod registration;
pub mod rule_validation;
pub(crate) mod served;
