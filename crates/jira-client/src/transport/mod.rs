//! Sending one request and getting one believable answer: credential, account check, errors, and what Jira's faults
//! mean for limits and for another try.
//!
//! Which requests make up a listing or an issue is left to the modules above.

mod answer_form;
mod body;
mod credential;
mod fault;
mod mending;
pub(crate) mod redirect;
mod refusal;
mod request;
mod sender;
mod stats;

pub(crate) use body::{content_type, parse_json};
pub(crate) use fault::{Failure, reading_failed};
pub(crate) use request::{Request, SEARCH};
pub(crate) use sender::{Answered, Transport};

pub use request::EndpointClass;
pub use stats::{ClassStats, RequestStats};
