//! `jira-connector run`: the service in the foreground, or a part of it.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::arguments::{Run, RunAction};
use super::connector_show;
use super::context;
use super::error::CommandError;
use super::output::Output;
use crate::config::Config;
use crate::http::monitoring;
use crate::http::server::Server;
use crate::operations::actions::Actions;
use crate::telemetry::{Health, Metrics};
use crate::worker::supervisor::Action;
use crate::worker::supervisor::Supervisor;
use crate::worker::supervisor_error::SupervisorError;

/// Whether the options ask for a service, rather than for a look at something.
pub(super) fn serves(options: &Run) -> bool {
    options.actions.is_empty() || options.actions.iter().any(|action| loop_of(*action).is_some())
}

/// Refuses `list` and `config` beside something else: one of the two would silently not be done.
pub(super) fn refuse_mixtures(options: &Run) -> Result<(), CommandError> {
    let looks = options.actions.iter().find(|action| loop_of(**action).is_none());
    match looks {
        Some(look) if options.actions.len() > 1 => {
            let name = if *look == RunAction::List { "list" } else { "config" };
            let text = format!("cannot use the `{name}` action with other actions; ask for it alone");
            Err(CommandError::Usage(text))
        }
        _ => Ok(()),
    }
}

/// Runs the service until it is told to stop.
pub(super) async fn run(config: Config, options: &Run) -> Result<(), CommandError> {
    let shutdown = context::cancelled_by_signals();
    let health = Health::default();
    // Served to the very end: the last seconds of a process are those that somebody wonders about.
    let ended = CancellationToken::new();
    let _served_until = ended.clone().drop_guard();
    let server = serve(&config, &health, shutdown.clone(), ended).await?;
    let mut supervisor = Supervisor::new(config, context::worker_name()).map_err(|error| match error {
        SupervisorError::NoConnectors { .. } => CommandError::Usage(error.to_string()),
        other => CommandError::Failed(other.into()),
    })?;
    if !options.actions.is_empty() {
        supervisor = supervisor.with_actions(options.actions.iter().filter_map(|action| loop_of(*action)));
    }
    let result = supervisor.with_health(health).run(shutdown.clone()).await;
    // Also when the loops ended by themselves.
    shutdown.cancel();
    if let Some(server) = server {
        server.ended().await;
    }
    result.map_err(|error| CommandError::Failed(error.into()))
}

/// Begins to serve what the configuration asks for. `ended` is for those who watch, `shutdown` for those who call.
async fn serve(
    config: &Config,
    health: &Health,
    shutdown: CancellationToken,
    ended: CancellationToken,
) -> Result<Option<Server>, CommandError> {
    if config.service.monitoring_address.is_none() && config.http.address.is_none() {
        return Ok(None);
    }
    let metrics = Metrics::install().map_err(anyhow::Error::from)?;
    monitoring::keep_up(metrics.clone(), ended.clone());
    if let Some(address) = config.service.monitoring_address {
        monitoring::serve(address, &config.elasticsearch, metrics.clone(), health.clone(), ended)
            .await
            .map_err(anyhow::Error::from)?;
    }
    let Some(address) = config.http.address else {
        return Ok(None);
    };
    let actions = Actions::new(config)?;
    actions.check_keys().await?;
    let server = Server::start(config, address, actions, (metrics, health.clone()), shutdown)
        .await
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    Ok(Some(server))
}

/// The part that ends by itself.
pub(super) async fn once(options: &Run, config: &Config, output: &Output) -> Result<(), CommandError> {
    if options.actions.contains(&RunAction::List) {
        return connector_show::list(config, output).await;
    }
    // Secrets are a type that does not print.
    let text = format!("{config:#?}");
    output.result(&json!({ "config": text }), &text);
    Ok(())
}

fn loop_of(action: RunAction) -> Option<Action> {
    match action {
        RunAction::Schedule => Some(Action::Schedule),
        RunAction::SyncContent => Some(Action::SyncContent),
        RunAction::SyncAccessControl => Some(Action::SyncAccessControl),
        RunAction::Cleanup => Some(Action::Cleanup),
        RunAction::List | RunAction::Config => None,
    }
}
