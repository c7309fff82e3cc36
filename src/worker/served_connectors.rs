//! The connectors that this service works for: those that config.yml names, and in worker mode all of its type.
//!
//! What is done for them is left to the loops.

use std::sync::Arc;
use std::time::Duration;

use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, Versioned};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::config::{Config, ConnectorEntry, ServiceConfig};
use crate::inbound::jobs::last_sync;
use crate::inbound::source::field_definitions::SERVICE_TYPE;
use crate::telemetry;

/// A connector that exists and is ours.
#[derive(Debug)]
pub(crate) struct ServedConnector {
    pub(crate) entry: ConnectorEntry,
    pub(crate) record: Versioned<ConnectorRecord>,
}

/// Finds them, and remembers them for a short while, so that several loops ask once.
#[derive(Debug)]
pub(crate) struct ServedConnectors {
    client: ElasticClient,
    named: Vec<ConnectorEntry>,
    all_of_our_type: bool,
    good_for: Duration,
    last: Mutex<Option<(Instant, Arc<Vec<ServedConnector>>)>>,
}

impl ServedConnectors {
    pub(crate) fn new(client: ElasticClient, config: &Config) -> Self {
        let service = &config.service;
        Self {
            client,
            // Loading warned about those of other types; they belong to other services.
            named: config
                .connectors
                .iter()
                .filter(|entry| is_ours(entry))
                .cloned()
                .collect(),
            all_of_our_type: serves_all(service),
            good_for: service.idling,
            last: Mutex::new(None),
        }
    }

    /// Whether there is anything to look for at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty() && !self.all_of_our_type
    }

    /// The connectors as of one poll interval ago at the most.
    pub(crate) async fn current(&self) -> Result<Arc<Vec<ServedConnector>>, ElasticError> {
        let mut last = self.last.lock().await;
        if let Some((at, connectors)) = &*last
            && at.elapsed() < self.good_for
        {
            return Ok(Arc::clone(connectors));
        }
        let found = Arc::new(self.look().await?);
        count(&found);
        *last = Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    async fn look(&self) -> Result<Vec<ServedConnector>, ElasticError> {
        let mut found = Vec::new();
        for entry in &self.named {
            let id = entry.connector_id.as_str();
            let Some(record) = self.client.connectors().get(id).await? else {
                warn!(
                    connector.id = id,
                    "there is no such connector in elasticsearch; waiting for it. Correct connector_id in config.yml, or \
                     create one with `jira-connector connector create`"
                );
                continue;
            };
            let other = record
                .value
                .service_type
                .as_deref()
                .filter(|other| *other != SERVICE_TYPE);
            if let Some(other) = other {
                warn!(
                    connector.id = id,
                    service_type = other,
                    "the connector is of another service type; it is left alone"
                );
                continue;
            }
            found.push(ServedConnector {
                entry: entry.clone(),
                record,
            });
        }
        if self.all_of_our_type {
            let known: Vec<String> = found.iter().map(|known| known.record.id.clone()).collect();
            let others = unnamed(&self.client).await?;
            found.extend(others.filter(|other| !known.contains(&other.record.id)));
        }
        Ok(found)
    }
}

fn serves_all(service: &ServiceConfig) -> bool {
    service.worker_mode && service.service_types.iter().any(|name| name == SERVICE_TYPE)
}

/// All of our type that belong to services of users.
async fn unnamed(client: &ElasticClient) -> Result<impl Iterator<Item = ServedConnector> + use<>, ElasticError> {
    let all = client.connectors().list().await?.into_iter();
    let ours = all.filter(|record| {
        let is_ours = record.value.service_type.as_deref() == Some(SERVICE_TYPE);
        is_ours && !record.value.is_native
    });
    Ok(ours.map(|record| ServedConnector {
        entry: ConnectorEntry {
            connector_id: record.id.clone(),
            service_type: Some(SERVICE_TYPE.to_owned()),
            api_key: None,
        },
        record,
    }))
}

/// The connectors that a service with this configuration works for, also those named that do not exist.
pub(crate) async fn entries(client: &ElasticClient, config: &Config) -> Result<Vec<ConnectorEntry>, ElasticError> {
    let mut entries = config.connectors.clone();
    if serves_all(&config.service) {
        let others = unnamed(client).await?.map(|other| other.entry);
        let others = others.filter(|other| {
            let mut named = config.connectors.iter();
            named.all(|named| named.connector_id != other.connector_id)
        });
        entries.extend(others);
    }
    Ok(entries)
}

/// Whichever worker ran the last sync, its end is in the record.
fn count(found: &[ServedConnector]) {
    telemetry::connectors_served(found.len());
    for connector in found {
        if let Some(at) = last_sync::content_completed_at(&connector.record.value) {
            telemetry::last_synced(&connector.record.id, at);
        }
    }
}

/// Entries of other types belong to other services, which may read the same file.
fn is_ours(entry: &ConnectorEntry) -> bool {
    entry.service_type.as_deref().is_none_or(|given| given == SERVICE_TYPE)
}
