//! Documents of an index of our own, written one by one under conditions: made once, replaced and deleted as they were
//! read. What they mean is left to their owners.

use http_kit::Repeat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::connector_indices::{self, Refresh, Updated, Versioned};
use crate::error::ElasticError;
use crate::indices::Indices;
use crate::request::Request;
use crate::transport::Transport;

/// The documents of one index. An index that does not exist has none.
#[derive(Clone)]
pub struct Collection {
    transport: Transport,
    index: String,
}

#[derive(Deserialize)]
struct WireWritten {
    #[serde(rename = "_seq_no")]
    seq_no: u64,
    #[serde(rename = "_primary_term")]
    primary_term: u64,
}

impl Collection {
    pub(crate) fn new(transport: Transport, index: &str) -> Self {
        Self {
            transport,
            index: index.to_owned(),
        }
    }

    /// Makes the index with these properties, hidden and strict, on one shard. False when it was there. A write to an index
    /// that is not there would make it without them.
    pub async fn make_index(&self, properties: &Value) -> Result<bool, ElasticError> {
        let body = json!({
            "settings": { "index": { "hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1" } },
            "mappings": { "dynamic": "strict", "properties": properties },
        });
        Indices::new(self.transport.clone()).create(&self.index, &body).await
    }

    /// The document of this id, as it is now.
    pub async fn get(&self, id: &str) -> Result<Option<Versioned<Map<String, Value>>>, ElasticError> {
        connector_indices::get(&self.transport, &self.index, id).await
    }

    /// Makes the document. [`ElasticError::AlreadyExists`] when there is one of this id,
    /// [`ElasticError::OutcomeUnknown`] when the answer was lost: read it again.
    pub async fn create(
        &self,
        id: &str,
        document: &Map<String, Value>,
        refresh: Refresh,
    ) -> Result<Updated, ElasticError> {
        let request = refresh
            .ask(Request::put(&[&self.index, "_create", id]))
            .repeat(Repeat::OnlyIfNotCarriedOut)
            .json(&Value::Object(document.clone()));
        self.written(request).await.map_err(|error| match error {
            ElasticError::VersionConflict { request, reason } => ElasticError::AlreadyExists { request, reason },
            other => other,
        })
    }

    /// Replaces the document on condition that it is still the one that was read.
    pub async fn replace(
        &self,
        id: &str,
        condition: Updated,
        document: &Map<String, Value>,
        refresh: Refresh,
    ) -> Result<Updated, ElasticError> {
        let request = refresh
            .ask(Request::put(&[&self.index, "_doc", id]))
            .query("if_seq_no", condition.seq_no.to_string())
            .query("if_primary_term", condition.primary_term.to_string())
            .repeat(Repeat::OnlyIfNotCarriedOut)
            .json(&Value::Object(document.clone()));
        self.written(request).await
    }

    /// Deletes the document on condition that it is still the one that was read.
    pub async fn delete(&self, id: &str, condition: Updated, refresh: Refresh) -> Result<(), ElasticError> {
        let request = refresh
            .ask(Request::delete(&[&self.index, "_doc", id]))
            .query("if_seq_no", condition.seq_no.to_string())
            .query("if_primary_term", condition.primary_term.to_string())
            .repeat(Repeat::OnlyIfNotCarriedOut);
        self.written(request).await.map(drop)
    }

    /// The documents that a search finds, all of them: more than it asks for is an error.
    pub async fn search_all(&self, body: &Value) -> Result<Vec<Versioned<Map<String, Value>>>, ElasticError> {
        connector_indices::search_all(&self.transport, &self.index, body).await
    }

    /// The first documents that a search finds, as many as it asks for.
    pub async fn search_first(&self, body: &Value) -> Result<Vec<Versioned<Map<String, Value>>>, ElasticError> {
        connector_indices::search_first(&self.transport, &self.index, body).await
    }

    async fn written(&self, request: Request) -> Result<Updated, ElasticError> {
        let answer = self.transport.send(request).await?;
        let read: Result<WireWritten, _> = answer.parse();
        match read {
            Ok(WireWritten { seq_no, primary_term }) => Ok(Updated { seq_no, primary_term }),
            // It was accepted, but without the version nothing can be built on it.
            Err(error) => Err(ElasticError::OutcomeUnknown {
                request: answer.request.clone(),
                reason: error.to_string(),
            }),
        }
    }
}
