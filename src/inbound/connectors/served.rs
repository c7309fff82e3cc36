//! Finds the connectors of this program: entries of `config.yml`, and in worker mode all of its type.
//!
//! Looking for them again and again is left to `worker`.

use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, Versioned};

use crate::config::{ConnectorEntry, ServiceConfig};
use crate::inbound::source::field_definitions::SERVICE_TYPE;

/// A connector that exists and is ours.
#[derive(Debug)]
pub(crate) struct ServedConnector {
    pub(crate) entry: ConnectorEntry,
    pub(crate) record: Versioned<ConnectorRecord>,
}

/// Whether connectors are served that `config.yml` does not name.
pub(crate) fn serves_all(service: &ServiceConfig) -> bool {
    service.worker_mode && service.service_types.iter().any(|name| name == SERVICE_TYPE)
}

/// Entries of other types belong to other services, which may read the same file.
pub(crate) fn is_ours(entry: &ConnectorEntry) -> bool {
    entry.service_type.as_deref().is_none_or(|given| given == SERVICE_TYPE)
}

/// All of our type that belong to services of users.
pub(crate) async fn unnamed(
    client: &ElasticClient,
) -> Result<impl Iterator<Item = ServedConnector> + use<>, ElasticError> {
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
pub(crate) async fn entries(
    client: &ElasticClient,
    named: &[ConnectorEntry],
    service: &ServiceConfig,
) -> Result<Vec<ConnectorEntry>, ElasticError> {
    let mut entries = named.to_vec();
    if serves_all(service) {
        let others = unnamed(client).await?.map(|other| other.entry);
        entries.extend(others.filter(|other| named.iter().all(|named| named.connector_id != other.connector_id)));
    }
    Ok(entries)
}
