//! `.jira`: issues of Jira Cloud and Data Center, made, brought up to date, commented and closed.

mod answer;
mod close;
mod comments;
mod content;
mod definition;
mod field_value;
mod fields;
mod kind;
mod looking_up;
mod making;
mod probe;
mod push;
mod recovery;
mod site;

pub(super) use kind::Jira;
