//! What the `_connector` API must answer, endpoint by endpoint, as data that runs on any node.
//!
//! The `.yml` files hold the steps; `step.rs` says what a step may hold. What the program makes of the answers is for
//! the scenarios.

mod step;

mod expectation;
mod runner;
mod variables;

mod coverage;
mod files;
