//! Why the service could not start or go on.

use std::time::Duration;

use elastic_client::ElasticError;
use thiserror::Error;

use super::preflight::PreflightError;

/// The reason why the service could not start or go on.
#[derive(Debug, Error)]
pub enum SupervisorError {
    /// Nothing to do.
    #[error(
        "{path} names no connectors: add an entry under connectors, as `jira-connector connector create` prints it, or \
         serve all of a type with service.worker_mode and service.service_types, or serve the API alone with \
         http.address"
    )]
    NoConnectors {
        /// The configuration file.
        path: String,
    },
    /// Elasticsearch is not usable.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The client could not be made.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Too many passes failed.
    #[error(
        "{count} passes failed within {} s (service.max_errors, service.max_errors_span); the last error: {last}",
        span.as_secs()
    )]
    TooManyErrors {
        /// Their number.
        count: usize,
        /// Within which time.
        span: Duration,
        /// The last one.
        last: ElasticError,
    },
}
