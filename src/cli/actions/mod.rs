//! `jira-connector actions`: the connectors of the way out on the command line.
//!
//! What each command does is left to `operations::actions`, which the HTTP API uses, too.

mod start;

mod arguments;
mod changing;
mod looking;
mod running;
mod settings;
mod setup;

pub(super) use arguments::ActionsCommand;
pub(super) use start::run;
