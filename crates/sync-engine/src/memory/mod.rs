//! The engine on its own: a Jira and an index in memory, both with faults, and the truth that they are compared with.
//!
//! Only tests use it. What the real ones do over HTTP is for the functional tests.

mod documents;
mod faults;
mod jira;
mod sink;
mod source;

mod life;
mod lives;
mod stories;
