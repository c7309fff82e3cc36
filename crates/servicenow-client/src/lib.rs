//! Speaks ServiceNow's wire format: the Table API, import sets of Elastic's apps, events, choices and the dictionary.
//! Which incident is meant, when one is closed and what callers may do is left to the product.
//!
//! Every answer is a `Result` with [`http_kit::NotDone`]. What only reads never ends in `Unknown`, because it changes
//! nothing; a create whose answer is lost always does, and is not sent again.
//!
//! # Signing in
//! [`Credential`]: Basic, or OAuth with a JWT, client credentials or a password. [`SigningKey`] reads RSA keys of 2048 bits
//! or more in PEM form, PKCS#8 or PKCS#1, that are not encrypted.

#![warn(missing_docs)]

mod answer;
mod catalogue;
mod client;
mod credential;
mod events;
mod import_set;
mod query;
mod signing_key;
mod table;

pub use catalogue::{Choice, Column};
pub use client::ServiceNow;
pub use credential::{Credential, Grant};
pub use import_set::{App, AppHealth};
pub use query::{Query, QueryFault};
pub use signing_key::{KeyFault, SigningKey};
pub use table::{JOURNALS, Record};
