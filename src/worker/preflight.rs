//! Checks before the service starts: Elasticsearch answers, is new enough, and has the connector indices.

use elastic_client::{ElasticClient, ElasticError, ServerInfo};
use thiserror::Error;
use tracing::{info, warn};

use crate::clients::{TooOld, check_version, needs_indices};
use crate::config::{ElasticsearchConfig, ServiceConfig};

/// The reason why the service cannot start.
#[derive(Debug, Error)]
pub enum PreflightError {
    /// Elasticsearch cannot be used.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Too old.
    #[error(transparent)]
    TooOld(#[from] TooOld),
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
