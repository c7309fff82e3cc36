//! Holds what the loops of the service share, their rhythm among it. Each loop does its own work.

use std::time::Duration;

use elastic_client::{ElasticClient, ElasticError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::failure_budget::FailureBudget;
use super::served_connectors::ServedConnectors;
use crate::config::Config;
use crate::telemetry::{self, Health};

/// One running service, as its loops see it.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) config: Config,
    pub(crate) client: ElasticClient,
    /// Names this process in job records.
    pub(crate) name: String,
    pub(crate) served: ServedConnectors,
    pub(crate) failures: FailureBudget,
    /// Told by each loop when it turns.
    pub(crate) health: Health,
    /// Cancelled when the service goes down.
    pub(crate) stop: CancellationToken,
    /// Wakes who looks for jobs when there is a new one.
    pub(crate) new_content_job: Notify,
    pub(crate) new_access_control_job: Notify,
}

impl Worker {
    /// Counts a failed pass and says so.
    pub(crate) fn failed(&self, what: &'static str, connector_id: Option<&str>, error: ElasticError) {
        warn!(connector.id = connector_id, error = %error, "{what} failed; trying again later");
        telemetry::pass_failed();
        self.failures.note(error);
    }

    /// Waits, unless the service goes down first. Says whether to go on.
    pub(crate) async fn pause(&self, interval: Duration) -> bool {
        self.stop
            .run_until_cancelled(tokio::time::sleep(interval))
            .await
            .is_some()
    }
}
