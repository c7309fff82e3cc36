//! Who may see what, as Jira decides it: principals, tokens on documents, and the tokens that an identity satisfies.
//!
//! Pure: no I/O, no clock. Jira's permissions are read in `source::permissions`; documents carry what is made here.

mod identity;
mod identity_document;
mod in_use;
mod principal;
mod site;
mod tokens;
mod why;

#[cfg(test)]
mod property;

pub use identity::{Identity, MAX_TOKENS, TooManyTokens};
pub use identity_document::{Person, access_query, identity_document};
pub use in_use::TokensInUse;
pub use principal::{Account, Group, Holder, Known, Relation, Subject};
pub use site::{Project, RoleActors, Site};
pub use tokens::{ACCESS_FIELD, ANYONE, DocumentTokens, IssueFacts, NOBODY, Restriction, SecurityLevel, Visibility};
pub use why::Reason;
