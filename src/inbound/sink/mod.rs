//! The writing side: operations become batches, batches become bulk requests, every item gets one outcome.
//!
//! Elasticsearch's wire format is known to `elastic-client` only; what is written is decided in `sync`.

pub mod content_index;
pub mod error_monitor;
pub mod identity_index;
pub mod index_sink;

mod batcher;
mod delivery;
mod in_flight;
mod mapping_ahead;
mod mapping_repair;
mod new_fields;
mod rehearsal;
mod scan;

pub use content_index::ContentIndex;
pub use identity_index::{AccessIndexError, IdentityIndex, StoredIdentity};
pub use index_sink::{IndexSink, RequestRetry, SinkOptions, Target};
pub use new_fields::NewFields;
