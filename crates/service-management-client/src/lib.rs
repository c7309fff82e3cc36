//! The only code that knows the wire format of the alert API that Jira Service Management and Opsgenie share.
//!
//! [`ServiceManagementClient`] sends actions on alerts and follows each to its end: the API answers 202 to everything and
//! carries it out later, or not. Limits of texts, and what is cut, are left to the callers.

#![warn(missing_docs)]

mod address;
mod answer;
mod client;

pub use address::alerts_address;
pub use client::{Accepted, Processed, ServiceManagementClient};
