//! The command line of Elastic's connector framework for people, for whoever starts this program under its name,
//! `connectors`. It says the same in other words as our own commands.

mod start;

mod arguments;
mod asking;
mod index;
mod job;
mod login;

pub(super) use arguments::FrameworkArguments;
pub(super) use start::{is_called, start};
