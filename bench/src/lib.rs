//! Two programs that run the product from outside: `command` measures it (`make bench`), `ftest` checks it (`make ftest`).
//!
//! They share the servers, the processes and the comparison of an index with Jira's model; none of the product's code.

pub mod command;
pub mod ftest;

mod correctness;
mod elastic;
mod extraction;
mod jira;
mod loader;
mod machine;
mod measurement;
mod meter;
mod options;
mod process;
mod report;
mod session;
mod survey;
mod table;
mod targets;
mod worker;
