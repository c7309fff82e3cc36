//! What must hold before the service starts: Elasticsearch answers, is new enough, and has the connector indices.

use elastic_client::{ElasticClient, ElasticError, ServerInfo};
use thiserror::Error;
use tracing::{info, warn};

use crate::config::{ElasticsearchConfig, ServiceConfig};

/// Before this version the connector records do not exist in this form.
const OLDEST: (u32, u32) = (8, 7);
/// What the tests run against.
const TESTED: (u32, u32) = (8, 19);

/// Why the service cannot start.
#[derive(Debug, Error)]
pub enum PreflightError {
    /// Elasticsearch cannot be used.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Too old.
    #[error("Elasticsearch {version} is too old: 8.7 is the oldest that has connectors, 8.19 is recommended")]
    TooOld {
        /// Its version.
        version: String,
    },
}

/// Waits for Elasticsearch as long as the configuration allows and makes the connector indices when they are missing.
pub async fn preflight(
    client: &ElasticClient,
    elasticsearch: &ElasticsearchConfig,
    service: &ServiceConfig,
) -> Result<ServerInfo, PreflightError> {
    let server = client
        .wait_until_reachable(
            elasticsearch.max_wait_duration,
            elasticsearch.initial_backoff_duration,
            elasticsearch.backoff_multiplier,
            |error, wait| warn!(error = %error, wait_ms = wait.as_millis() as u64, "waiting for elasticsearch"),
        )
        .await?;
    check_version(&server)?;
    if needs_indices(&server) {
        info!(
            elasticsearch.version = server.version,
            "this version lacks parts of the _connector api; records are read and written in their indices"
        );
        client.forgo_connectors_api();
    }
    for attempt in 1.. {
        match client.indices().ensure_connector_indices().await {
            Ok(()) => break,
            Err(error) if attempt < service.preflight_max_attempts && error.is_retryable() => {
                warn!(error = %error, attempt, "cannot prepare the connector indices yet");
                tokio::time::sleep(service.preflight_idle).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    info!(elasticsearch.version = server.version, "elasticsearch is ready");
    Ok(server)
}

/// Before 8.15 the API is a beta, or not there at all.
pub fn needs_indices(server: &ServerInfo) -> bool {
    const FIRST_WITH_API: (u32, u32) = (8, 15);
    !server.is_serverless() && server.major_minor().is_some_and(|version| version < FIRST_WITH_API)
}

/// Refuses what is too old by name; a version that was not tested is only mentioned.
pub fn check_version(server: &ServerInfo) -> Result<(), PreflightError> {
    if server.is_serverless() {
        return Ok(());
    }
    match server.major_minor() {
        Some(version) if version < OLDEST => Err(PreflightError::TooOld {
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
