//! The engine's [`AccessStore`] in Elasticsearch: identities through the usual sink, marks and tokens through
//! `identity_index`, keys through `user_keys`.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;

use elastic_client::ElasticClient;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use sync_engine::access_control::Token;
use sync_engine::access_sync::{AccessStore, StoredIdentity, UserKey};
use sync_engine::sync::{DocumentId, Operation, Sink, SinkError};

use super::identity_index::IdentityIndex;
use super::index_sink::IndexSink;
use super::user_keys::user_keys;

/// The index of identities beside a content index, while a sync writes to it.
#[derive(Debug)]
pub struct IdentityStore<'a> {
    /// For keys, which the connector's own key may not touch.
    client: &'a ElasticClient,
    index: IdentityIndex,
    sink: &'a IndexSink,
    content_index: &'a str,
    written: Mutex<Written>,
}

/// The sink tells by number which of its documents were refused.
#[derive(Debug, Default)]
struct Written {
    names: Vec<String>,
    refused: BTreeSet<u64>,
}

impl<'a> IdentityStore<'a> {
    /// The identities of a content index; `sink` writes to them.
    pub fn new(client: &'a ElasticClient, index: IdentityIndex, sink: &'a IndexSink, content_index: &'a str) -> Self {
        Self {
            client,
            index,
            sink,
            content_index,
            written: Mutex::default(),
        }
    }
}

fn failed(error: impl Display) -> SinkError {
    SinkError::Elasticsearch(error.to_string())
}

impl AccessStore for IdentityStore<'_> {
    async fn access_field(&self) -> Result<String, SinkError> {
        self.index.access_field().await.map_err(failed)
    }

    async fn stored(&self) -> Result<HashMap<String, StoredIdentity>, SinkError> {
        self.index.stored().await.map_err(failed)
    }

    async fn tokens(&self, field: &str, pattern: &str) -> Result<Vec<String>, SinkError> {
        self.index.tokens(field, pattern).await.map_err(failed)
    }

    async fn write(&self, id: &str, identity: Map<String, Value>) -> Result<(), SinkError> {
        let number = {
            let mut written = self.written.lock();
            written.names.push(id.to_owned());
            written.names.len() as u64 - 1
        };
        self.sink
            .write(Operation::Index {
                id: DocumentId::new(id.to_owned()),
                issue_id: Some(number),
                ticket: None,
                with_content: false,
                source: Value::Object(identity).to_string().into(),
            })
            .await
    }

    async fn remove(&self, id: &str) -> Result<(), SinkError> {
        self.sink.write(Operation::Delete { id: id.to_owned() }).await
    }

    async fn flush(&self) -> Result<BTreeSet<String>, SinkError> {
        let flushed = self.sink.flush().await?;
        let mut written = self.written.lock();
        let refused: BTreeSet<u64> = flushed.rejected_issues.into_iter().collect();
        let new: Vec<u64> = refused.difference(&written.refused).copied().collect();
        written.refused = refused;
        Ok(new
            .into_iter()
            .map(|number| written.names[number as usize].clone())
            .collect())
    }

    async fn mark_public(&self, field: &str, public: &BTreeSet<Token>) -> Result<u64, SinkError> {
        let texts = public.iter().map(ToString::to_string).collect();
        self.index.mark_public(field, &texts).await.map_err(failed)
    }

    async fn deny_unmarked(&self, field: &str) -> Result<u64, SinkError> {
        self.index.deny_unmarked(field).await.map_err(failed)
    }

    async fn count(&self, field: &str, tokens: &BTreeSet<String>, without: Option<&str>) -> Result<u64, SinkError> {
        self.index.count(field, tokens, without).await.map_err(failed)
    }

    async fn keys(&self) -> Result<Vec<UserKey>, SinkError> {
        user_keys(self.client, self.content_index).await.map_err(failed)
    }

    async fn invalidate(&self, key: &str) -> Result<(), SinkError> {
        self.client.api_keys().invalidate(key).await.map_err(failed)
    }
}
