//! Reads and writes connectors. Each write is conditional: what somebody else wrote in the meantime is never lost.

use elastic_client::{Collection, ElasticClient, ElasticError, Refresh, Versioned};
use serde_json::{Map, Value, json};

use super::error::StoreError;
use super::index::{CONNECTORS_INDEX, ensure_index};
use super::record::{Author, Content, Head, Record};
use crate::outbound::connector::Connector;
use crate::outbound::secrets::Keyring;

/// More connectors than this are not listed but refused: the list would not be whole.
const MOST_LISTED: usize = 10_000;

/// The connectors of the index.
#[derive(Debug)]
pub struct Connectors {
    client: ElasticClient,
    keyring: Option<Keyring>,
}

/// What a rotation of keys came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Connectors with secrets.
    pub total: u64,
    /// Those that lie under the current key now and did not before.
    pub rotated: u64,
    /// Those that no known key opens.
    pub failed: u64,
}

impl Connectors {
    /// Reads and writes with this client and these keys. Without keys no secret can be stored or read.
    pub fn new(client: ElasticClient, keyring: Option<Keyring>) -> Self {
        Self { client, keyring }
    }

    /// Makes one. It can be listed when this returns.
    pub async fn create(&self, id: &str, kind: &str, content: Content, author: &Author) -> Result<Head, StoreError> {
        let record = Record::new(id, kind, content, author, self.keyring.as_ref()).ok_or(StoreError::NoKey)?;
        ensure_index(&self.client).await?;
        let document = document(&record);
        match self.collection().create(id, &document, Refresh::Immediate).await {
            Ok(_) => Ok(record.head(id)),
            Err(ElasticError::AlreadyExists { .. }) => Err(StoreError::Exists(id.to_owned())),
            // Nobody else seals with the same random key in the same millisecond.
            Err(unknown @ ElasticError::OutcomeUnknown { .. }) => match self.collection().get(id).await? {
                Some(found) if found.value == document => Ok(record.head(id)),
                Some(_) => Err(StoreError::Exists(id.to_owned())),
                None => Err(unknown.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces name, settings and secrets.
    pub async fn update(&self, id: &str, content: Content, author: &Author) -> Result<Head, StoreError> {
        let mut found = self.read(id).await?;
        if !found.value.set(id, content, author, self.keyring.as_ref()) {
            return Err(StoreError::NoKey);
        }
        let document = document(&found.value);
        let written = self
            .collection()
            .replace(id, found.version(), &document, Refresh::Immediate)
            .await;
        match written {
            Ok(_) => Ok(found.value.head(id)),
            Err(ElasticError::VersionConflict { .. }) => Err(StoreError::Changed(id.to_owned())),
            Err(unknown @ ElasticError::OutcomeUnknown { .. }) => match self.collection().get(id).await? {
                Some(now) if now.value == document => Ok(found.value.head(id)),
                _ => Err(unknown.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes it.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let found = self.read(id).await?;
        match self.collection().delete(id, found.version(), Refresh::Immediate).await {
            Ok(()) => Ok(()),
            Err(ElasticError::VersionConflict { .. }) => Err(StoreError::Changed(id.to_owned())),
            Err(unknown @ ElasticError::OutcomeUnknown { .. }) => match self.collection().get(id).await? {
                None => Ok(()),
                Some(_) => Err(unknown.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The one of this id, without its secrets.
    pub async fn head(&self, id: &str) -> Result<Head, StoreError> {
        let found = self.read(id).await?;
        Ok(self.shown(id, &found.value))
    }

    /// All of them, without their secrets.
    pub async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        let all = self.all().await?;
        Ok(all.iter().map(|found| self.shown(&found.id, &found.value)).collect())
    }

    /// With its secrets, for a run.
    pub async fn open(&self, id: &str) -> Result<Connector, StoreError> {
        let found = self.read(id).await?;
        found
            .value
            .opened(id, self.keyring.as_ref())
            .map_err(|fault| StoreError::Sealed {
                id: id.to_owned(),
                fault,
            })
    }

    /// Seals everything with the current key. Can be cut off and begun again at any time.
    pub async fn rotate(&self, dry_run: bool) -> Result<Rotated, StoreError> {
        let keyring = self.keyring.as_ref().ok_or(StoreError::NoKey)?;
        let mut rotated = Rotated::default();
        for mut found in self.all().await? {
            let Some(envelope) = &found.value.secrets else { continue };
            rotated.total += 1;
            if envelope.key_id() == keyring.current_id() {
                continue;
            }
            let Ok(rewrapped) = envelope.rewrapped(keyring) else {
                rotated.failed += 1;
                continue;
            };
            rotated.rotated += 1;
            if dry_run {
                continue;
            }
            found.value.secrets = Some(rewrapped);
            let written = self
                .collection()
                .replace(&found.id, found.version(), &document(&found.value), Refresh::None)
                .await;
            match written {
                Ok(_) => {}
                // It was changed in the meantime, by a service that may have the old key: the next run looks again.
                Err(ElasticError::VersionConflict { .. }) => rotated.rotated -= 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(rotated)
    }

    /// The ids of keys that are needed and not configured.
    pub async fn unknown_keys(&self) -> Result<Vec<String>, StoreError> {
        let mut unknown: Vec<String> = self
            .all()
            .await?
            .into_iter()
            .filter_map(|found| found.value.secrets)
            .map(|envelope| envelope.key_id().to_owned())
            .filter(|id| self.keyring.as_ref().is_none_or(|keys| !keys.knows(id)))
            .collect();
        unknown.sort();
        unknown.dedup();
        Ok(unknown)
    }

    fn shown(&self, id: &str, record: &Record) -> Head {
        let mut head = record.head(id);
        head.is_missing_secrets |= record.opened(id, self.keyring.as_ref()).is_err();
        head
    }

    async fn read(&self, id: &str) -> Result<Versioned<Record>, StoreError> {
        let found = self.collection().get(id).await?;
        parsed(found.ok_or_else(|| StoreError::NotFound(id.to_owned()))?)
    }

    async fn all(&self) -> Result<Vec<Versioned<Record>>, StoreError> {
        let body = json!({ "size": MOST_LISTED, "sort": [{ "name": "asc" }], "track_total_hits": true });
        let found = self.collection().search_all(&body).await?;
        found.into_iter().map(parsed).collect()
    }

    fn collection(&self) -> Collection {
        self.client.collection(CONNECTORS_INDEX)
    }
}

fn document(record: &Record) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(document)) => document,
        other => unreachable!("a record is always an object: {other:?}"),
    }
}

fn parsed(found: Versioned<Map<String, Value>>) -> Result<Versioned<Record>, StoreError> {
    let version = found.version();
    let Versioned { id, value, .. } = found;
    let record = serde_json::from_value(Value::Object(value)).map_err(|error| StoreError::Unreadable {
        id: id.clone(),
        reason: error.to_string(),
    })?;
    Ok(Versioned {
        id,
        seq_no: version.seq_no,
        primary_term: version.primary_term,
        value: record,
    })
}
