//! `jira-connector run`: the service in the foreground.

use super::context;
use super::exit::CommandError;
use crate::config::Config;
use crate::service::{Supervisor, SupervisorError};

pub(super) async fn run(config: Config) -> Result<(), CommandError> {
    let shutdown = context::cancelled_by_signals();
    let supervisor = Supervisor::new(config, context::worker_name()).map_err(|error| match error {
        SupervisorError::NoConnectors { .. } => CommandError::Usage(error.to_string()),
        other => CommandError::Failed(other.into()),
    })?;
    supervisor
        .run(shutdown)
        .await
        .map_err(|error| CommandError::Failed(error.into()))
}
