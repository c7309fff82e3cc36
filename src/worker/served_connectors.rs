//! The connectors that this service works for: those that config.yml names, and in worker mode all of its type.
//!
//! The loops do the work for them.

use std::sync::Arc;
use std::time::Duration;

use elastic_client::{ElasticClient, ElasticError};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::config::{Config, ConnectorEntry};
use crate::inbound::connectors::served::{ServedConnector, is_ours, serves_all, unnamed};
use crate::inbound::jobs::last_sync;
use crate::inbound::source::field_definitions::SERVICE_TYPE;
use crate::telemetry;

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

/// Whichever worker ran the last sync, its end is in the record.
fn count(found: &[ServedConnector]) {
    telemetry::connectors_served(found.len());
    for connector in found {
        if let Some(at) = last_sync::content_completed_at(&connector.record.value) {
            telemetry::last_synced(&connector.record.id, at);
        }
    }
}
