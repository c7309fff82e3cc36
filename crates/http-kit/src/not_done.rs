//! Says why a write to another system is not known to be done: the one word of all clients that write.
//!
//! Who asked, what is recorded and whether it is tried again is left to the caller.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

/// A write that did not come to a confirmed end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotDone {
    /// The other side says no; the same request would be refused again.
    #[error("{message}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// Its words and, where we know one, the cure.
        message: String,
        /// What it says of single fields, by their names there.
        fields: BTreeMap<String, String>,
    },
    /// The other side limits the rate and did nothing.
    #[error("{message}")]
    Throttled {
        /// How long it asks to wait.
        wait: Duration,
        /// Its words, and which limit it was.
        message: String,
    },
    /// The request surely did not reach the other side, or was surely not acted upon.
    #[error("{0}")]
    NotSent(String),
    /// The request may have been carried out: look before it is sent again.
    #[error("{0}")]
    Unknown(String),
}
