//! The port to where entries are kept: read by id, written on condition.

use std::fmt;

use futures::future::BoxFuture;
use thiserror::Error;

use super::entry::Entry;

/// Where entries are kept. Every replica sees the same.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// The version of an entry.
    type Version: Clone + Send + Sync;

    /// The entry as it is now.
    fn read<'a>(&'a self, id: &'a str) -> BoxFuture<'a, ReadEntry<Self::Version>>;

    /// Writes the entry if it is still of this version; without one, if there is none.
    fn write<'a>(
        &'a self,
        id: &'a str,
        expected: Option<Self::Version>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Written<Self::Version>, LedgerFault>>;
}

/// An entry with its version, if there is one.
pub type ReadEntry<V> = Result<Option<(Entry, V)>, LedgerFault>;

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written<V> {
    /// It is written, under this version.
    As(V),
    /// Somebody else wrote first; nothing was written.
    Conflict,
    /// The answer was lost: read the entry again.
    Unknown,
}

/// The ledger cannot be used now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the ledger of deliveries cannot be used: {0}")]
pub struct LedgerFault(pub String);
