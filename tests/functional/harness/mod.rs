//! What scenarios are made of: a Jira, a real Elasticsearch, the built program, and comparisons between them.
//!
//! It has its own small Elasticsearch client, so that no misreading is shared with the product. What is asserted about
//! the product's behaviour is left to the scenarios.

mod elastic;
pub(crate) mod files;
mod filtering;
mod jira;
mod job;
mod node;
mod program;
mod settled;
mod stack;
mod wire;

pub(crate) use elastic::Elastic;
pub(crate) use filtering::rule;
pub(crate) use jira::Jira;
pub(crate) use job::Job;
pub(crate) use node::Node;
pub(crate) use program::{Output, Service, run_program};
pub(crate) use settled::{eventually, within};
pub(crate) use stack::{Setup, Stack, Synced};
pub(crate) use wire::{Line, Wire};
