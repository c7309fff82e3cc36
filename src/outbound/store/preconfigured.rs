//! The connectors of `config.yml`: read at the start, never changed.

use serde_json::{Map, Value};

use super::record::{Head, Origin};
use crate::config::PreconfiguredConnector;
use crate::outbound::connector::{Connector, Secrets};

/// The connectors of `config.yml`.
#[derive(Debug, Default)]
pub struct Preconfigured(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    connector: Connector,
    expose_config: bool,
}

impl Preconfigured {
    /// Takes them from the file. Their settings are checked when they are used, as Kibana does.
    pub fn new(entries: &[PreconfiguredConnector]) -> Self {
        Self(entries.iter().map(entry).collect())
    }

    /// The one of this id.
    pub fn get(&self, id: &str) -> Option<&Connector> {
        self.entry(id).map(|entry| &entry.connector)
    }

    /// The one of this id, as it is shown.
    pub fn head(&self, id: &str) -> Option<Head> {
        self.entry(id).map(Entry::head)
    }

    /// All of them, as they are shown.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        self.0.iter().map(Entry::head)
    }

    fn entry(&self, id: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.connector.id == id)
    }
}

fn entry(given: &PreconfiguredConnector) -> Entry {
    use secrecy::ExposeSecret;
    let secrets: Map<String, Value> = given
        .secrets
        .iter()
        .map(|(name, secret)| (name.clone(), Value::from(secret.expose_secret())))
        .collect();
    Entry {
        connector: Connector {
            id: given.id.clone(),
            kind: given.kind.clone(),
            name: given.name.clone(),
            config: given.config.clone(),
            secrets: Secrets::from_json(&secrets),
        },
        expose_config: given.expose_config,
    }
}

impl Entry {
    fn head(&self) -> Head {
        Head {
            id: self.connector.id.clone(),
            kind: self.connector.kind.clone(),
            name: self.connector.name.clone(),
            config: self.expose_config.then(|| self.connector.config.clone()),
            is_missing_secrets: false,
            origin: Origin::Preconfigured,
        }
    }
}
