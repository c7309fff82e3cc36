//! `jira-connector run`: the service in the foreground.

use tokio_util::sync::CancellationToken;

use super::context;
use super::exit::CommandError;
use crate::config::Config;
use crate::service::{Supervisor, SupervisorError, monitoring};
use crate::telemetry::{Health, Metrics};

pub(super) async fn run(config: Config) -> Result<(), CommandError> {
    let shutdown = context::cancelled_by_signals();
    let health = Health::default();
    // Served to the very end: the last seconds of a process are those that somebody wonders about.
    let ended = CancellationToken::new();
    let _served_until = ended.clone().drop_guard();
    if let Some(address) = config.service.monitoring_address {
        let metrics = Metrics::install().map_err(anyhow::Error::from)?;
        monitoring::serve(address, &config.elasticsearch, metrics, health.clone(), ended)
            .await
            .map_err(anyhow::Error::from)?;
    }
    let supervisor = Supervisor::new(config, context::worker_name()).map_err(|error| match error {
        SupervisorError::NoConnectors { .. } => CommandError::Usage(error.to_string()),
        other => CommandError::Failed(other.into()),
    })?;
    supervisor
        .with_health(health)
        .run(shutdown)
        .await
        .map_err(|error| CommandError::Failed(error.into()))
}
