//! One execution: parameters are checked, the kind runs, what came of it is told in one form and recorded.
//!
//! Who may ask for it, and in which spelling the answer goes out, is left to the faces.

mod execution;
mod log;
mod log_index;
mod parameters;
mod runner;

pub use execution::{Execution, Failure, Fault, Repetition, Source};
pub use log::{ExecutionLog, ExecutionRecord, Outcome};
pub use parameters::{Settings, settings};
pub use runner::{Request, Runner};
