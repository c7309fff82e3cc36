//! Connectors and sync jobs, which all workers share: the port to their records, Elasticsearch behind it, and memory for
//! tests. How records are changed is left to `coordination`.

mod elastic;
#[cfg(test)]
pub(crate) mod memory;
mod port;

pub use port::{JobRecords, SyncRecords};
