//! The HTTP face: the API for the connectors of the way out, and what those who watch the service ask for. What a call
//! does is left to `operations`.

pub mod monitoring;
pub mod server;

mod answers;
mod api;
mod callers;

pub use api::openapi;
