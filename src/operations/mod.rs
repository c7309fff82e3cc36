//! Carries out commands and calls: typed input, a view that can be serialized, one error. Nothing here prints or knows
//! HTTP; that is left to the faces.

mod error;
mod installation;
mod revealed;

pub mod actions;

pub mod access_keys;
pub mod access_view;
pub mod check;
pub mod connectors;
pub mod dry_run;
pub mod indices;
pub mod rules;
pub mod syncs;
pub mod verify;

pub use crate::inbound::text_extraction::run_child as extract_text;
pub use error::{Cause, OperationError};
pub use installation::Installation;
