//! Kibana's connector API, in the three spellings that its clients use: what goes in and out, and who may.
//!
//! What a call does is left to `operations::actions`.

mod router;

mod bodies;
mod connectors;
mod document;
mod endpoints;
mod execute;
mod shared;
mod spelling;
mod status;

pub use document::openapi;
pub(super) use router::routes;
pub(super) use shared::Api;
