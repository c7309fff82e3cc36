//! Holds what operations work on: a configuration and the Elasticsearch that it names.

use std::time::Duration;

use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, ServerInfo, SyncJobRecord, Versioned};

use super::error::{Doing as _, OperationError};
use crate::clients::{check_version, elastic_client, needs_indices};
use crate::config::{Config, ConnectorEntry};

/// Whoever asks for something wants to hear soon that a cluster is down, whatever retries the configuration allows.
const PATIENCE: Duration = Duration::from_secs(5);

/// A configuration and a client that has reached its Elasticsearch.
#[derive(Debug, Clone)]
pub struct Installation<'c> {
    /// The client for connector records and jobs.
    pub client: ElasticClient,
    /// The configuration.
    pub config: &'c Config,
}

impl<'c> Installation<'c> {
    /// Reaches Elasticsearch once. Operations do not wait for one that is down; the service does.
    pub async fn connect(config: &'c Config) -> Result<Self, OperationError> {
        let doing = "cannot use Elasticsearch";
        let client = elastic_client(&config.elasticsearch).doing(doing)?;
        let server = reach(&client).await.doing(doing)?;
        check_version(&server).map_err(|error| OperationError::failed(doing, error))?;
        if needs_indices(&server) {
            client.forgo_connectors_api();
        }
        Ok(Self { client, config })
    }

    /// The entry of a connector in `config.yml`; one without an entry is used with the global credentials.
    pub fn entry(&self, connector_id: &str) -> ConnectorEntry {
        let mut entries = self.config.connectors.iter();
        let named = entries.find(|entry| entry.connector_id == connector_id).cloned();
        named.unwrap_or_else(|| ConnectorEntry {
            connector_id: connector_id.to_owned(),
            service_type: None,
            api_key: None,
        })
    }

    /// The client for the index of a connector.
    pub(super) fn data_client(&self, connector_id: &str) -> Result<ElasticClient, OperationError> {
        crate::clients::client_for_connector(&self.client, &self.entry(connector_id)).doing("cannot use Elasticsearch")
    }

    /// A connector's record.
    pub(super) async fn connector(&self, id: &str) -> Result<Versioned<ConnectorRecord>, OperationError> {
        let found = self
            .client
            .connectors()
            .get(id)
            .await
            .doing("cannot read the connector")?;
        found.ok_or_else(|| {
            OperationError::NotFound(format!(
                "there is no connector {id}; `connector list` shows those there are"
            ))
        })
    }

    /// A job's record.
    pub(super) async fn job(&self, id: &str) -> Result<Versioned<SyncJobRecord>, OperationError> {
        let found = self.client.sync_jobs().get(id).await.doing("cannot read the job")?;
        found
            .ok_or_else(|| OperationError::NotFound(format!("there is no job {id}; `sync list` shows those there are")))
    }
}

/// Asks a cluster who it is.
pub(super) async fn reach(client: &ElasticClient) -> Result<ServerInfo, ElasticError> {
    client
        .wait_until_reachable(PATIENCE, Duration::from_secs(1), 2.0, |_, _| {})
        .await
}
