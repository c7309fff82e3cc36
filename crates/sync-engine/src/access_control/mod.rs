//! Decides who may see what, as Jira does: principals, tokens of documents, and tokens that an identity satisfies.
//!
//! Pure: no I/O, no clock. Jira's permissions are read in `source::permissions`; documents carry what is made here.

mod document_tokens;
mod gaps;
mod identity;
mod identity_document;
mod in_use;
mod principal;
mod site;
mod token;
mod why;

#[cfg(test)]
mod property;

pub use document_tokens::{ACCESS_FIELD, DocumentTokens, IssueFacts, Restriction, SecurityLevel, Visibility};
pub use gaps::Gap;
pub use identity::{Identity, MAX_TOKENS, TooManyTokens};
pub use identity_document::{Person, access_query, identity_document};
pub use in_use::TokensInUse;
pub use principal::{Account, Group, Holder, Known, Relation, Subject};
pub use site::{Products, Project, RoleActors, Site};
pub use token::{ANYONE, Browse, Condition, Level, NOBODY, READERS, Readers, Token, UnknownToken, Way};
pub use why::Reason;
