//! Scenarios on a real Elasticsearch and our own Jira: set up, sync, change something, sync, compare the index.
//!
//! The program is used as people use it: built, with a config.yml. Rules without I/O are tested beside their code.

#![expect(clippy::print_stderr, reason = "a failed test shows the log of the program")]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on ends with a panic; helpers are tests too"
)]

#[expect(unused_imports, reason = "tests/it uses the rest of the harness")]
mod harness;

mod access;
mod conformance;
mod scenarios;
mod states;
