//! Opens what most commands need: the configuration file, a client, and the connector that is meant.

use std::time::Duration;

use anyhow::Context as _;
use elastic_client::{ElasticClient, ElasticError, ServerInfo};
use tokio_util::sync::CancellationToken;

use super::exit::CommandError;
use crate::config::{Config, ConnectorEntry};

/// Whoever typed a command wants to hear soon that a cluster is down, whatever retries the configuration allows.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks a cluster who it is. Commands do not wait for one that is down; the service does.
pub(super) async fn reach(client: &ElasticClient) -> Result<ServerInfo, ElasticError> {
    client
        .wait_until_reachable(PATIENCE, Duration::from_secs(1), 2.0, |_, _| {})
        .await
}

/// A client that has reached Elasticsearch once.
pub(super) async fn connect(config: &Config) -> Result<ElasticClient, CommandError> {
    let client = crate::clients::elastic_client(&config.elasticsearch).map_err(anyhow::Error::from)?;
    let server = reach(&client).await.context("cannot use Elasticsearch")?;
    crate::clients::check_version(&server).map_err(anyhow::Error::from)?;
    if crate::clients::needs_indices(&server) {
        client.forgo_connectors_api();
    }
    Ok(client)
}

/// The connector that was named, or the only one of the configuration file.
pub(super) fn pick_connector(config: &Config, named: Option<String>) -> Result<ConnectorEntry, CommandError> {
    let path = config.path.display();
    match (named, config.connectors.as_slice()) {
        (Some(id), entries) => Ok(entries
            .iter()
            .find(|entry| entry.connector_id == id)
            .cloned()
            .unwrap_or(ConnectorEntry {
                connector_id: id,
                service_type: None,
                api_key: None,
            })),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(CommandError::Usage(format!(
            "{path} names no connector; add one under connectors, or give its id"
        ))),
        (None, several) => {
            let ids: Vec<&str> = several.iter().map(|entry| entry.connector_id.as_str()).collect();
            Err(CommandError::Usage(format!(
                "{path} names several connectors; give the id of one: {}",
                ids.join(", ")
            )))
        }
    }
}

/// The complaint about an id that nobody knows.
pub(super) fn no_such_connector(id: &str) -> anyhow::Error {
    anyhow::anyhow!("there is no connector {id}; `connector list` shows those there are")
}

/// A token that is cancelled by the first Ctrl-C or SIGTERM; the second ends the process at once.
pub(super) fn cancelled_by_signals() -> CancellationToken {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        for attempt in 1.. {
            wait_for_signal().await;
            if attempt > 1 {
                std::process::exit(130);
            }
            cancelled.cancel();
        }
    });
    token
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to in a tokio runtime");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    tokio::signal::ctrl_c()
        .await
        .expect("signals can be listened to in a tokio runtime");
}

/// The machine's name, for job records and logs.
pub(super) fn worker_name() -> String {
    gethostname().unwrap_or_else(|| "unknown".to_owned())
}

fn gethostname() -> Option<String> {
    let from_kernel =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    from_kernel
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}
