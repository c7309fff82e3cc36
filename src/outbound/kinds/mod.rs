//! The outside systems: for each a kind with its forms as values, and what its sub-actions do there.
//!
//! A kind sees one checked call at a time. Storage, callers and answers are left to others.

mod jira;
mod kept;
mod kind;
mod mapping;
mod notice;
mod registry;
mod service_management;
mod servicenow;

pub use kind::{Call, Check, Definition, Kind, Manner, SubAction};
pub use notice::Notice;
pub use registry::Registry;
