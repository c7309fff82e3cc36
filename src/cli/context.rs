//! Finds what most commands begin with: the connector that is meant, signals, the name of this machine.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::error::CommandError;
use crate::config::Config;

/// The id of the connector that was named, or of the only one of the configuration file.
pub(super) fn pick_connector(config: &Config, named: Option<String>) -> Result<String, CommandError> {
    let path = config.path.display();
    match (named, config.connectors.as_slice()) {
        (Some(id), _) => Ok(id),
        (None, [only]) => Ok(only.connector_id.clone()),
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

/// Whether the program was started under this name, by a link to it or by a copy.
pub(super) fn is_called_as(name: &str) -> bool {
    let called = std::env::args_os().next();
    let stem = called.as_ref().and_then(|path| Path::new(path).file_stem());
    stem.is_some_and(|stem| stem == name)
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
