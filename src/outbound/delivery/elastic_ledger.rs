//! The ledger in Elasticsearch.

use std::sync::Arc;

use elastic_client::{Collection, ElasticClient, ElasticError, Refresh, Updated};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use super::entry::Entry;
use super::ledger::{Ledger, LedgerFault, ReadEntry, Written};

const INDEX: &str = ".jira-connector-deliveries";

/// The ledger in Elasticsearch.
#[derive(Debug, Clone)]
pub struct ElasticLedger {
    client: ElasticClient,
    /// A write to a missing index would make it, without its mapping.
    ready: Arc<OnceCell<()>>,
}

impl ElasticLedger {
    /// Keeps entries with this client.
    pub fn new(client: ElasticClient) -> Self {
        Self {
            client,
            ready: Arc::default(),
        }
    }

    fn collection(&self) -> Collection {
        self.client.collection(INDEX)
    }

    async fn make_ready(&self) -> Result<(), ElasticError> {
        let made = self
            .ready
            .get_or_try_init(|| async { self.collection().make_index(&properties()).await.map(drop) });
        made.await.copied()
    }

    async fn read_entry(&self, id: &str) -> ReadEntry<Updated> {
        let Some(found) = self.collection().get(id).await.map_err(fault)? else {
            return Ok(None);
        };
        let version = found.version();
        let entry = serde_json::from_value(Value::Object(found.value))
            .map_err(|error| LedgerFault(format!("entry {id} cannot be read: {error}")))?;
        Ok(Some((entry, version)))
    }

    async fn write_entry(
        &self,
        id: &str,
        expected: Option<Updated>,
        entry: &Entry,
    ) -> Result<Written<Updated>, LedgerFault> {
        self.make_ready().await.map_err(fault)?;
        let document = document(entry);
        let written = match expected {
            None => self.collection().create(id, &document, Refresh::None).await,
            Some(version) => self.collection().replace(id, version, &document, Refresh::None).await,
        };
        match written {
            Ok(version) => Ok(Written::As(version)),
            Err(ElasticError::AlreadyExists { .. } | ElasticError::VersionConflict { .. }) => Ok(Written::Conflict),
            Err(ElasticError::OutcomeUnknown { .. }) => Ok(Written::Unknown),
            Err(error) => Err(fault(error)),
        }
    }
}

impl Ledger for ElasticLedger {
    type Version = Updated;

    fn read<'a>(&'a self, id: &'a str) -> BoxFuture<'a, ReadEntry<Updated>> {
        Box::pin(self.read_entry(id))
    }

    fn write<'a>(
        &'a self,
        id: &'a str,
        expected: Option<Updated>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Written<Updated>, LedgerFault>> {
        Box::pin(self.write_entry(id, expected, entry))
    }
}

fn fault(error: ElasticError) -> LedgerFault {
    LedgerFault(error.to_string())
}

fn document(entry: &Entry) -> Map<String, Value> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(document)) => document,
        other => unreachable!("an entry is always an object: {other:?}"),
    }
}

fn properties() -> Value {
    json!({
        "connector": { "type": "keyword" },
        "key": { "type": "keyword", "ignore_above": 1024 },
        "state": { "type": "keyword" },
        "holder": { "type": "keyword" },
        "held_until": { "type": "date" },
        "unsure_since": { "type": "date" },
        "external": { "properties": { "id": { "type": "keyword" }, "key": { "type": "keyword" } } },
    })
}
