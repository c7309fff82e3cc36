//! The HTTP endpoint for those who watch the service: `/metrics`, `/health/live`, `/health/ready`.
//!
//! `telemetry` decides what is counted and when a loop is stuck. Nothing here changes anything.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use elastic_client::{ElasticClient, ElasticError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clients::elastic_client;
use crate::config::ElasticsearchConfig;
use crate::telemetry::{Health, Metrics};

/// The content type of Prometheus' text format.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Whoever asks for health wants an answer soon; a silent Elasticsearch counts as away.
const LONGEST_ASKING: Duration = Duration::from_secs(3);
/// An answer of Elasticsearch counts this long, however many ask.
const REMEMBERED: Duration = Duration::from_secs(5);

/// The endpoint cannot be offered.
#[derive(Debug, Error)]
pub enum MonitoringError {
    /// The address is taken, or not one of this machine.
    #[error("service.monitoring_address: cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The client for asking Elasticsearch could not be made.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

#[derive(Debug)]
struct Watched {
    metrics: Metrics,
    health: Health,
    client: ElasticClient,
    /// When Elasticsearch was last asked, and what was wrong.
    asked: Mutex<Option<(Instant, Result<(), String>)>>,
}

/// Answers until `stop` is cancelled. Returns, with the address, as soon as connections are accepted.
pub async fn serve(
    address: SocketAddr,
    elasticsearch: &ElasticsearchConfig,
    metrics: Metrics,
    health: Health,
    stop: CancellationToken,
) -> Result<SocketAddr, MonitoringError> {
    let failed = |source| MonitoringError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = routes(elasticsearch, metrics, health)?;
    info!(address = %address, "metrics and health are served");
    tokio::spawn(async move {
        let serving = axum::serve(listener, router).into_future();
        if let Some(Err(error)) = stop.run_until_cancelled(serving).await {
            warn!(error = %error, "metrics and health are not served any more");
        }
    });
    Ok(address)
}

/// The routes alone, for a server that has others besides.
pub(super) fn routes(
    elasticsearch: &ElasticsearchConfig,
    metrics: Metrics,
    health: Health,
) -> Result<Router, ElasticError> {
    // One try: the question is whether Elasticsearch answers now.
    let once = ElasticsearchConfig {
        max_retries: 1,
        ..elasticsearch.clone()
    };
    let watched = Arc::new(Watched {
        metrics,
        health,
        client: elastic_client(&once)?,
        asked: Mutex::default(),
    });
    let router = Router::new()
        .route("/metrics", get(show_metrics))
        .route("/health/live", get(show_live))
        .route("/health/ready", get(show_ready))
        .with_state(watched);
    Ok(router)
}

/// Keeps the memory of the metrics small until `stop` is cancelled.
pub fn keep_up(metrics: Metrics, stop: CancellationToken) {
    tokio::spawn(async move {
        let tidying = async {
            loop {
                tokio::time::sleep(Metrics::KEEP_UP_INTERVAL).await;
                metrics.keep_up();
            }
        };
        stop.run_until_cancelled(tidying).await;
    });
}

async fn show_metrics(State(watched): State<Arc<Watched>>) -> Response {
    watched.health.record_ages();
    ([(CONTENT_TYPE, PROMETHEUS_TEXT)], watched.metrics.render()).into_response()
}

async fn show_live(State(watched): State<Arc<Watched>>) -> (StatusCode, String) {
    let stuck = watched.health.stuck();
    if stuck.is_empty() {
        return (StatusCode::OK, "live\n".to_owned());
    }
    let late = stuck
        .iter()
        .map(|stuck| format!("loop {} has not turned for {} s\n", stuck.name, stuck.age.as_secs()));
    (StatusCode::SERVICE_UNAVAILABLE, late.collect())
}

async fn show_ready(State(watched): State<Arc<Watched>>) -> (StatusCode, String) {
    if !watched.health.has_started() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the start-up checks are not done\n".to_owned(),
        );
    }
    match watched.reach_elasticsearch().await {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        // Never with the address of the cluster: whoever may ask for health need not know it.
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("elasticsearch {reason}\n")),
    }
}

impl Watched {
    /// Whether Elasticsearch answers, asked at most every few seconds and by one at a time.
    async fn reach_elasticsearch(&self) -> Result<(), String> {
        let mut asked = self.asked.lock().await;
        if let Some((at, answer)) = asked.as_ref()
            && at.elapsed() < REMEMBERED
        {
            return answer.clone();
        }
        let answer = match tokio::time::timeout(LONGEST_ASKING, self.client.info()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                warn!(error = %error, "not ready: elasticsearch cannot be used");
                Err(error.status().map_or_else(
                    || "does not answer".to_owned(),
                    |status| format!("answers with status {status}"),
                ))
            }
            Err(_) => Err("does not answer in time".to_owned()),
        };
        *asked = Some((Instant::now(), answer.clone()));
        answer
    }
}
