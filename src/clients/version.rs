//! Knows which versions of Elasticsearch can be used, and how. The callers refuse to start.

use elastic_client::ServerInfo;
use thiserror::Error;
use tracing::warn;

/// Before this version the connector records do not exist in this form.
const OLDEST: (u32, u32) = (8, 7);
/// The version that the tests run against.
const TESTED: (u32, u32) = (8, 19);
/// Before this version the connector API is a beta, or not there at all.
const FIRST_WITH_API: (u32, u32) = (8, 15);

/// This Elasticsearch has no connectors.
#[derive(Debug, Error)]
#[error("Elasticsearch {version} is too old: 8.7 is the oldest that has connectors, 8.19 is recommended")]
pub struct TooOld {
    /// Its version.
    pub version: String,
}

/// Whether records are read and written in their indices, for lack of the connector API.
pub fn needs_indices(server: &ServerInfo) -> bool {
    !server.is_serverless() && server.major_minor().is_some_and(|version| version < FIRST_WITH_API)
}

/// Refuses what is too old by name; a version that was not tested is only mentioned.
pub fn check_version(server: &ServerInfo) -> Result<(), TooOld> {
    match server.major_minor().filter(|_| !server.is_serverless()) {
        Some(version) if version < OLDEST => Err(TooOld {
            version: server.version.clone(),
        }),
        Some(version) if version != TESTED => {
            warn!(
                elasticsearch.version = server.version,
                "this version of elasticsearch was not tested; 8.19 was"
            );
            Ok(())
        }
        _ => Ok(()),
    }
}
