//! The entrance: calls about the server itself, and views of its parts. It leaves sending to the transport.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_kit::Repeat;
use serde_json::Value;
use tokio::time::Instant;

use crate::api_keys::ApiKeys;
use crate::bulk::{BulkRequest, BulkResponse};
use crate::collection::Collection;
use crate::config::{Credentials, ElasticConfig};
use crate::connectors::Connectors;
use crate::documents;
use crate::error::ElasticError;
use crate::indices::Indices;
use crate::ingest::{self, Simulated};
use crate::request::Request;
use crate::scan::Scan;
use crate::search::SearchResponse;
use crate::server_info::{License, ServerInfo};
use crate::sync_jobs::SyncJobs;
use crate::transport::Transport;

/// A client of one Elasticsearch with one set of credentials. Cloning is cheap and shares the connections.
#[derive(Clone)]
pub struct ElasticClient {
    transport: Transport,
}

impl fmt::Debug for ElasticClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ElasticClient")
            .field("host", &self.transport.host())
            .finish_non_exhaustive()
    }
}

impl ElasticClient {
    /// Prepares a client; nothing is sent yet.
    pub fn new(config: ElasticConfig) -> Result<Self, ElasticError> {
        Ok(Self {
            transport: Transport::new(&config)?,
        })
    }

    /// The same server and connections with other credentials, such as the API key of one connector.
    pub fn with_credentials(&self, credentials: Credentials) -> Result<Self, ElasticError> {
        Ok(Self {
            transport: self.transport.with_credentials(&credentials)?,
        })
    }

    /// Scheme, host and port, for messages; never user information.
    #[must_use]
    pub fn host(&self) -> &str {
        self.transport.host()
    }

    /// `GET /`. Needs the cluster privilege `monitor`.
    pub async fn info(&self) -> Result<ServerInfo, ElasticError> {
        let answer = self.transport.send(Request::get(&[])).await;
        ServerInfo::read(answer, self.transport.host())
    }

    /// Asks until the server answers, or `max_wait` is over; the waits in between grow from `initial_backoff` by
    /// `multiplier`. Only a server that cannot be reached or is not up yet is waited for: wrong credentials, a bad
    /// certificate or another product at this address are reported at once. `on_wait` hears of each fault before the
    /// wait that follows it.
    pub async fn wait_until_reachable(
        &self,
        max_wait: Duration,
        initial_backoff: Duration,
        multiplier: f64,
        mut on_wait: impl FnMut(&ElasticError, Duration),
    ) -> Result<ServerInfo, ElasticError> {
        let started = Instant::now();
        let mut wait = initial_backoff;
        loop {
            let left = max_wait.saturating_sub(started.elapsed()).max(Duration::from_secs(1));
            let request = Request::get(&[])
                .repeat(Repeat::Never)
                .timeout(Some(left.min(Duration::from_secs(30))));
            let answer = self.transport.send(request).await;
            let error = match ServerInfo::read(answer, self.transport.host()) {
                Ok(server) => return Ok(server),
                Err(error) => error,
            };
            let wait_now = wait.max(error.retry_after().unwrap_or_default());
            if !error.is_unreachable() || started.elapsed() + wait_now > max_wait {
                return Err(error);
            }
            on_wait(&error, wait_now);
            tokio::time::sleep(wait_now).await;
            wait = wait.mul_f64(multiplier.max(1.0));
        }
    }

    /// `GET /_license`. Needs the cluster privilege `monitor`.
    pub async fn license(&self) -> Result<License, ElasticError> {
        License::read(&self.transport.send(Request::get(&["_license"])).await?)
    }

    /// `POST /_security/user/_has_privileges`: which of the privileges in `body` the current credentials have.
    pub async fn has_privileges(&self, body: Value) -> Result<Value, ElasticError> {
        let request = Request::post(&["_security", "user", "_has_privileges"]).json(&body);
        self.transport.send(request).await?.json()
    }

    /// `PUT /_security/privilege`: registers application privileges; those of the same name are replaced.
    pub async fn put_privileges(&self, body: &Value) -> Result<(), ElasticError> {
        let request = Request::put(&["_security", "privilege"]).json(body);
        self.transport.send(request).await.map(drop)
    }

    /// From now on, for all clones of this client too, connector records and jobs are read and written in their indices
    /// only, without the `_connector` API: for versions before 8.15, and for those who switch it off.
    pub fn forgo_connectors_api(&self) {
        self.transport.forgo_connectors_api();
    }

    /// Connector records, see [`Connectors`].
    #[must_use]
    pub fn connectors(&self) -> Connectors {
        Connectors::new(self.transport.clone())
    }

    /// Sync jobs, see [`SyncJobs`].
    #[must_use]
    pub fn sync_jobs(&self) -> SyncJobs {
        SyncJobs::new(self.transport.clone())
    }

    /// Indices, see [`Indices`].
    #[must_use]
    pub fn indices(&self) -> Indices {
        Indices::new(self.transport.clone())
    }

    /// The documents of an index of our own, see [`Collection`].
    #[must_use]
    pub fn collection(&self, index: &str) -> Collection {
        Collection::new(self.transport.clone(), index)
    }

    /// API keys, see [`ApiKeys`].
    #[must_use]
    pub fn api_keys(&self) -> ApiKeys {
        ApiKeys::new(self.transport.clone())
    }

    /// One `_search`, whole or an error. It sees what the last refresh made visible. A missing index is
    /// [`ElasticError::NotFound`].
    pub async fn search(&self, index: &str, body: &Value) -> Result<SearchResponse, ElasticError> {
        documents::search(&self.transport, index, body).await
    }

    /// The `_source` of one document, read in real time; `None` when there is no such document. A missing index is
    /// [`ElasticError::NotFound`].
    pub async fn get_document(&self, index: &str, id: &str) -> Result<Option<Value>, ElasticError> {
        documents::get(&self.transport, index, id).await
    }

    /// The given fields of many documents, read in real time, in the order of `ids`; `None` for those that do not
    /// exist, an empty object for those that have none of the fields.
    pub async fn get_documents(
        &self,
        index: &str,
        ids: &[&str],
        source_fields: &[&str],
    ) -> Result<Vec<Option<Value>>, ElasticError> {
        documents::get_many(&self.transport, index, ids, source_fields).await
    }

    /// Sends one bulk request, again if need be: its operations are by id, so repeating them is harmless. The answer
    /// has one result for each operation, in the order sent.
    pub async fn bulk(&self, request: &BulkRequest) -> Result<BulkResponse, ElasticError> {
        request.send(&self.transport, Repeat::Idempotent).await
    }

    /// Like [`Self::bulk`] with a single attempt, for operations that must not go out late, such as deletions that
    /// are only permitted shortly after a sync job's claim was renewed.
    pub async fn bulk_once(&self, request: &BulkRequest) -> Result<BulkResponse, ElasticError> {
        request.send(&self.transport, Repeat::Never).await
    }

    /// Reads every document of an index that matches `query` (all without one), with the given fields of its source.
    #[must_use]
    pub fn scan(&self, index: &str, source_fields: &[&str], query: Option<Value>) -> Scan {
        Scan::new(self.transport.clone(), index, source_fields, query)
    }

    /// What would become of a document if it were written to `index` through `pipeline` (the index's own without one);
    /// nothing is written. Of its fields only these are returned. Needs leave to write to the index; 8.12 and later.
    pub async fn simulate_ingest(
        &self,
        index: &str,
        pipeline: Option<&str>,
        id: &str,
        source: &Bytes,
        fields: &[&str],
    ) -> Result<Simulated, ElasticError> {
        ingest::simulate(&self.transport, index, pipeline, id, source, fields).await
    }

    /// Whether an ingest pipeline of this name exists. Needs `monitor` or `read_pipeline`.
    pub async fn pipeline_exists(&self, name: &str) -> Result<bool, ElasticError> {
        let request = Request::get(&["_ingest", "pipeline", name]).not_found_is_answer();
        Ok(self.transport.send(request).await?.status != 404)
    }
}
