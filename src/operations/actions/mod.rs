//! Operations on the connectors of the way out: make, change, show, test and run them.
//!
//! Each is given in terms of ours; the three spellings of Kibana's API are left to `http`.

mod installation;

mod create;
mod delete;
mod execute;
mod show;
mod test;
mod types;
mod update;
mod webhook;

mod connector_id;
mod rights;
mod settings;

pub use crate::outbound::executions::Fault as ExecutionFault;
pub use crate::outbound::executions::{Execution, ExecutionRecord, Failure, Outcome, Repetition, Source};
pub use crate::outbound::shape::{Shape, check, optional, required};
pub use create::NewAction;
pub use execute::ActionCall;
pub use installation::Actions;
pub use rights::{Rights, rights_of};
pub use show::ActionView;
pub use test::{TestLine, TestReport};
pub use types::kind_schemas;
pub use types::{FieldView, SubActionView, TypeForm, TypeView};
pub use update::ActionChange;
pub use webhook::webhook_form;
