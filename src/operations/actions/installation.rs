//! What the operations on actions work on: kinds, stored and configured connectors, ledger and log.

use std::sync::Arc;

use elastic_client::ElasticClient;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::clients::elastic_client;
use crate::config::Config;
use crate::operations::error::{Doing as _, OperationError};
use crate::outbound::delivery::{Clock, Deliveries, ElasticLedger};
use crate::outbound::executions::{ExecutionLog, Runner};
use crate::outbound::kinds::{Kind, Registry};
use crate::outbound::secrets::Keyring;
use crate::outbound::store::{Connectors, Preconfigured};
use crate::outbound::targets::Targets;

/// The connectors of the way out, and all that they need.
#[derive(Debug, Clone)]
pub struct Actions {
    pub(super) kinds: Registry,
    pub(super) connectors: Arc<Connectors>,
    pub(super) preconfigured: Arc<Preconfigured>,
    pub(super) log: ExecutionLog,
    pub(super) http: reqwest::Client,
    pub(super) targets: Targets,
    pub(super) running: TaskTracker,
    pub(super) client: ElasticClient,
    pub(super) enabled: EnabledTypes,
    ledger: ElasticLedger,
}

/// The types of connectors that the configuration allows.
#[derive(Debug, Clone)]
pub(super) struct EnabledTypes(Arc<Vec<String>>);

impl EnabledTypes {
    pub(super) fn has(&self, kind: &str) -> bool {
        self.0.iter().any(|enabled| enabled == "*" || enabled == kind)
    }

    /// Refuses others in Kibana's words.
    pub(super) fn check(&self, kind: &str) -> Result<(), OperationError> {
        if self.has(kind) {
            return Ok(());
        }
        Err(OperationError::Forbidden(format!(
            "action type \"{kind}\" is not enabled in the Kibana config xpack.actions.enabledActionTypes \
             (actions.enabled_action_types in config.yml)"
        )))
    }
}

impl Actions {
    /// Reads the keys and the connectors of the configuration. Nothing is asked of Elasticsearch yet.
    pub fn new(config: &Config) -> Result<Self, OperationError> {
        let client = elastic_client(&config.elasticsearch).doing("cannot use Elasticsearch")?;
        let config = &config.actions;
        let keyring = config
            .encryption_key
            .as_ref()
            .map(|key| Keyring::new(key, &config.decryption_only_keys))
            .transpose()
            .map_err(|fault| OperationError::Invalid(format!("actions.encryption_key {fault}")))?;
        let targets = Targets::new(&config.allowed_hosts);
        let http = targets
            .client()
            .map_err(|error| OperationError::failed("cannot make an HTTP client", error))?;
        Ok(Self {
            kinds: Registry::default(),
            connectors: Arc::new(Connectors::new(client.clone(), keyring)),
            preconfigured: Arc::new(Preconfigured::new(&config.preconfigured)),
            log: ExecutionLog::new(client.clone()),
            http,
            targets,
            running: TaskTracker::new(),
            client: client.clone(),
            enabled: EnabledTypes(Arc::new(config.enabled_types.clone())),
            ledger: ElasticLedger::new(client.clone()),
        })
    }

    /// Refuses to begin when stored secrets were sealed with a key that is not configured. An Elasticsearch that does
    /// not answer is no reason: the service waits for it.
    pub async fn check_keys(&self) -> Result<(), OperationError> {
        match self.connectors.unknown_keys().await {
            Ok(unknown) if unknown.is_empty() => Ok(()),
            Ok(unknown) => Err(OperationError::Invalid(format!(
                "actions: stored connectors are sealed with key {}, which is not configured: put it into \
                 actions.encryption_key or actions.decryption_only_keys, or delete their documents from \
                 .jira-connector-actions",
                unknown.join(", ")
            ))),
            Err(error) => {
                warn!(error = %error, "the keys of stored connectors could not be looked at");
                Ok(())
            }
        }
    }

    /// Ends when the last execution has. New ones are still taken: stop asking first.
    pub async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }

    pub(super) fn kind(&self, id: &str) -> Result<&Arc<dyn Kind>, OperationError> {
        let unknown = || OperationError::Invalid(format!("Action type \"{id}\" is not registered."));
        self.kinds.get(id).ok_or_else(unknown)
    }

    pub(super) fn runner(&self, connector: &str) -> Runner {
        let deliveries = Deliveries::new(self.ledger.clone(), connector, Clock::of_system());
        Runner::new(
            self.log.clone(),
            self.http.clone(),
            self.targets.clone(),
            Arc::new(deliveries),
        )
    }
}
