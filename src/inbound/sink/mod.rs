//! The writing side: operations become batches, batches become bulk requests, every item gets one outcome.
//!
//! Elasticsearch's wire format is known to `elastic-client` only; what is written is decided in `sync`.

pub mod content_index;
pub mod error_monitor;
pub mod identity_index;
pub mod identity_store;
pub mod index_sink;

mod batcher;
#[cfg(test)]
mod bulk_answers;
mod claimant;
mod cutting;
mod delivery;
mod in_flight;
#[cfg(test)]
mod index_contents;
mod index_owner;
mod index_writer;
mod mapping;
mod mapping_ahead;
#[cfg(test)]
mod mini_node;
mod new_fields;
mod options;
mod outcomes;
mod rehearsal;
mod repair;
mod scan;
mod user_keys;

pub use claimant::{Claimant, OwnerError, Ownership};
pub use content_index::{ContentIndex, PrepareError, Prepared};
pub use identity_index::{AccessIndexError, IdentityIndex};
pub use identity_store::IdentityStore;
pub use index_sink::IndexSink;
pub use new_fields::NewFields;
pub use options::{BatchLimits, SinkOptions, Target};
pub use user_keys::{user_key_metadata, user_key_name};
