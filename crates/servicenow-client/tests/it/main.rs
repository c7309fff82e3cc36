//! The client against the fixture: what is written, what is found, and what is said when an answer is lost.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected ends there")]

mod faults;
mod records;
mod signing_in;
mod site;
