//! A connector as it lies in the index, and as it is shown: never with its secrets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::outbound::connector::{Connector, Secrets};
use crate::outbound::secrets::{Envelope, EnvelopeFault, Keyring};

/// What a caller sets of a connector.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its name, for people.
    pub name: String,
    /// Its settings, checked.
    pub config: Map<String, Value>,
    /// Its secrets, checked.
    pub secrets: Secrets,
}

/// Who writes, and when.
#[derive(Debug, Clone)]
pub struct Author {
    /// The user, or the API key.
    pub name: String,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// A connector without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its id.
    pub id: String,
    /// The id of its kind.
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// Its settings; none when they are not to be shown.
    pub config: Option<Map<String, Value>>,
    /// It cannot run before its secrets are set again.
    pub is_missing_secrets: bool,
    /// Where it is kept.
    pub origin: Origin,
}

/// Where a connector is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the index.
    Stored,
    /// In `config.yml`.
    Preconfigured,
}

/// The document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) config: Map<String, Value>,
    pub(super) secrets: Option<Envelope>,
    pub(super) is_missing_secrets: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) created_by: String,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) updated_by: String,
}

impl Record {
    /// A new one. Without secrets no key is needed.
    pub(super) fn new(
        id: &str,
        kind: &str,
        content: Content,
        author: &Author,
        keyring: Option<&Keyring>,
    ) -> Option<Self> {
        let mut record = Self {
            kind: kind.to_owned(),
            name: String::new(),
            config: Map::new(),
            secrets: None,
            is_missing_secrets: false,
            created_at: author.at,
            created_by: author.name.clone(),
            updated_at: author.at,
            updated_by: author.name.clone(),
        };
        record.set(id, content, author, keyring).then_some(record)
    }

    /// Replaces everything that a caller sets. False when the secrets cannot be sealed for want of a key.
    pub(super) fn set(&mut self, id: &str, content: Content, author: &Author, keyring: Option<&Keyring>) -> bool {
        self.name = content.name;
        self.config = content.config;
        self.is_missing_secrets = false;
        self.updated_at = author.at;
        author.name.clone_into(&mut self.updated_by);
        self.secrets = None;
        if content.secrets.is_empty() {
            return true;
        }
        let Some(keyring) = keyring else { return false };
        let plain = Value::Object(content.secrets.to_json()).to_string();
        self.secrets = Some(Envelope::seal(plain.as_bytes(), &self.owner(id), keyring));
        true
    }

    /// What the secrets belong to: without this very text they cannot be opened.
    fn owner(&self, id: &str) -> String {
        json!(["connector", id, self.kind, self.config]).to_string()
    }

    /// With its secrets, for a run.
    pub(super) fn opened(&self, id: &str, keyring: Option<&Keyring>) -> Result<Connector, EnvelopeFault> {
        let secrets = match (&self.secrets, keyring) {
            (None, _) => Secrets::default(),
            (Some(envelope), None) => {
                return Err(EnvelopeFault::UnknownKey {
                    kid: envelope.key_id().to_owned(),
                });
            }
            (Some(envelope), Some(keyring)) => {
                let plain = envelope.open(&self.owner(id), keyring)?;
                let members = serde_json::from_slice(&plain).map_err(|_| EnvelopeFault::Changed)?;
                Secrets::from_json(&members)
            }
        };
        Ok(Connector {
            id: id.to_owned(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            config: self.config.clone(),
            secrets,
        })
    }

    pub(super) fn head(&self, id: &str) -> Head {
        Head {
            id: id.to_owned(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            config: Some(self.config.clone()),
            is_missing_secrets: self.is_missing_secrets,
            origin: Origin::Stored,
        }
    }
}
