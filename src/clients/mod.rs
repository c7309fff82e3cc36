//! Elasticsearch clients as the configuration asks for them, and which versions they work with.

mod elastic;
mod version;

pub use elastic::{USER_AGENT, client_for_connector, elastic_client};
pub use version::{TooOld, check_version, needs_indices};
