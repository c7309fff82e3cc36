//! Sending one request and getting one believable answer: connection, limits, retry, account check, errors.
//!
//! Which requests make up a listing or an issue is left to the modules above.

mod announced;
mod body;
mod credential;
mod fault;
mod gate;
mod http_client;
mod mending;
mod named_wait;
mod pace;
mod proxies;
pub(crate) mod redirect;
mod refusal;
mod request;
mod retry;
mod sender;
#[cfg(test)]
mod simulation;
mod stats;
mod ticker;

pub(crate) use body::{content_type, parse_json};
pub(crate) use fault::{Failure, reading_failed};
pub(crate) use gate::{Admission, PauseScope};
pub(crate) use request::Request;
pub(crate) use sender::{Answered, Transport};

pub use request::EndpointClass;
pub use stats::{ClassStats, RequestStats};
