//! A small Jira with every kind of permission, its own rules of who sees what, and random changes.
//!
//! It shares nothing with the product: its rules are Jira's, applied to people and issues one by one.

mod changes;
mod site;
mod world;

pub(crate) use changes::shuffle;
pub(crate) use site::Site;
pub(crate) use world::{Holder, Issue, Seen, World};
