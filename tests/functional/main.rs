//! Scenarios on a real Elasticsearch and our own Jira: set up, sync, change something, sync, compare the index.
//!
//! The program is used as people use it: built, with a config.yml. Rules without I/O are tested beside their code.

mod harness;
mod scenarios;
