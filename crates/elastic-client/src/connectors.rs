//! Connector records: reading them, the `_connector` API, and the updates that the API cannot do. What a state means,
//! and when to move to another, is left to the service.

use http_kit::Repeat;
use serde_json::{Map, Value, json};

use crate::api_by_index;
use crate::connector_indices::{self, Refresh, Updated, Versioned};
use crate::error::ElasticError;
use crate::index_names::CONNECTORS_ALIAS;
use crate::records::ConnectorRecord;
use crate::redaction;
use crate::request::Request;
use crate::transport::Transport;

/// The most that one search returns (`index.max_result_window`); more connectors than that are an error.
const LIST_SIZE: usize = 10_000;

/// Access to connector records.
pub struct Connectors {
    transport: Transport,
}

impl Connectors {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// One record, read in real time. `None` when there is none, or only one that was deleted (`deleted: true` is how
    /// the API deletes).
    pub async fn get(&self, id: &str) -> Result<Option<Versioned<ConnectorRecord>>, ElasticError> {
        let document = connector_indices::get(&self.transport, CONNECTORS_ALIAS, id).await?;
        Ok(document
            .map(|document| document.map(ConnectorRecord::read))
            .filter(|document| !document.value.deleted))
    }

    /// All records that are not deleted, as of the last refresh, by index name. On a fresh cluster, where the index
    /// does not exist yet, there are none.
    pub async fn list(&self) -> Result<Vec<Versioned<ConnectorRecord>>, ElasticError> {
        let body = json!({
            "size": LIST_SIZE,
            "query": { "bool": { "must_not": [{ "term": { "deleted": true } }] } },
            "sort": [{ "index_name": { "order": "asc", "missing": "_last" } }],
            "track_total_hits": true,
        });
        let documents = connector_indices::search_all(&self.transport, CONNECTORS_ALIAS, &body).await?;
        Ok(documents
            .into_iter()
            .map(|document| document.map(ConnectorRecord::read))
            .collect())
    }

    /// Creates a connector and returns its id, which Elasticsearch makes up when none is given. `body` may have
    /// `description`, `index_name`, `is_native`, `language`, `name` and `service_type`.
    ///
    /// An id in use is [`ElasticError::AlreadyExists`]: Elasticsearch itself would reset that connector to its initial
    /// state, configuration included.
    pub async fn put(&self, id: Option<&str>, body: &Value) -> Result<String, ElasticError> {
        if !self.transport.has_connectors_api() {
            return api_by_index::create_connector(&self.transport, id, body).await;
        }
        let Some(id) = id else {
            let request = Request::post(&["_connector"])
                .json(body)
                .repeat(Repeat::OnlyIfNotCarriedOut);
            return self.transport.send(request).await?.string_field("id");
        };
        let request = Request::put(&["_connector", id])
            .json(body)
            .repeat(Repeat::OnlyIfNotCarriedOut);
        let already_exists = |reason: &str| ElasticError::AlreadyExists {
            request: format!("PUT /_connector/{id}"),
            reason: reason.to_owned(),
        };
        let current = connector_indices::get(&self.transport, CONNECTORS_ALIAS, id).await?;
        let was_deleted = current
            .as_ref()
            .map(|document| document.value.get("deleted") == Some(&Value::Bool(true)));
        if was_deleted == Some(false) {
            return Err(already_exists("a connector has this id; it was left as it is"));
        }
        let result = self.transport.send(request).await?.string_field("result")?;
        if was_deleted.is_none() && result != "created" {
            return Err(already_exists(
                "someone else created a connector with this id at the same moment; it was reset to its initial state",
            ));
        }
        Ok(id.to_owned())
    }

    /// Moves `last_seen` to now.
    pub async fn check_in(&self, id: &str) -> Result<(), ElasticError> {
        self.put_part(id, "_check_in", None).await
    }

    /// Sets values of configuration fields that exist; unknown ones are [`ElasticError::BadRequest`]. Always moves the
    /// connector to `configured`. Null becomes the empty string and an array a comma separated one, because the server
    /// fails on the first and later on jobs with the second.
    pub async fn update_configuration_values(&self, id: &str, values: &Map<String, Value>) -> Result<(), ElasticError> {
        let values: Map<String, Value> = values
            .iter()
            .map(|(name, value)| (name.clone(), storable_value(value)))
            .collect();
        let body = json!({ "values": values });
        self.put_part(id, "_configuration", Some(&body)).await
    }

    /// Merges `full`, `incremental` and `access_control`, each `{enabled, interval}`.
    pub async fn update_scheduling(&self, id: &str, scheduling: &Value) -> Result<(), ElasticError> {
        let mut scheduling = scheduling.clone();
        // A body with nothing but access_control is refused by a server bug, so another entry goes along unchanged.
        if let Value::Object(entries) = &mut scheduling
            && entries.len() == 1
            && entries.contains_key("access_control")
            && let Some(connector) = self.get(id).await?
            && let Some(full) = connector
                .value
                .raw
                .get("scheduling")
                .and_then(|current| current.get("full"))
        {
            entries.insert("full".to_owned(), full.clone());
        }
        self.put_part(id, "_scheduling", Some(&json!({ "scheduling": scheduling })))
            .await
    }

    /// Notes which API key was made for this connector.
    pub async fn update_api_key_id(&self, id: &str, api_key_id: &str) -> Result<(), ElasticError> {
        self.put_part(id, "_api_key_id", Some(&json!({ "api_key_id": api_key_id })))
            .await
    }

    /// Replaces the pipeline: `name`, `extract_binary_content`, `reduce_whitespace` and `run_ml_inference`, all required.
    pub async fn update_pipeline(&self, id: &str, pipeline: &Value) -> Result<(), ElasticError> {
        self.put_part(id, "_pipeline", Some(&json!({ "pipeline": pipeline })))
            .await
    }

    /// Merges features. Needs Elasticsearch 8.15.
    pub async fn update_features(&self, id: &str, features: &Value) -> Result<(), ElasticError> {
        self.put_part(id, "_features", Some(&json!({ "features": features })))
            .await
    }

    /// Renames the connector.
    pub async fn update_name(&self, id: &str, name: &str) -> Result<(), ElasticError> {
        self.put_part(id, "_name", Some(&json!({ "name": name }))).await
    }

    /// Attaches the connector to an index, or with `None` to none.
    pub async fn update_index_name(&self, id: &str, index_name: Option<&str>) -> Result<(), ElasticError> {
        self.put_part(id, "_index_name", Some(&json!({ "index_name": index_name })))
            .await
    }

    /// Replaces draft rules and snippet: `rules` and/or `advanced_snippet`. The draft becomes `edited`.
    pub async fn update_filtering_draft(&self, id: &str, draft: &Value) -> Result<(), ElasticError> {
        self.put_part(id, "_filtering", Some(draft)).await
    }

    /// Sets the verdict on the draft: `{state, errors}`.
    pub async fn update_filtering_validation(&self, id: &str, validation: &Value) -> Result<(), ElasticError> {
        self.put_part(id, "_filtering/_validation", Some(&json!({ "validation": validation })))
            .await
    }

    /// Puts the draft in force. Refused unless its verdict is `valid`.
    pub async fn activate_filtering(&self, id: &str) -> Result<(), ElasticError> {
        self.put_part(id, "_filtering/_activate", None).await
    }

    /// Sets the verdict on the draft of the first domain, `{state, errors}`, and puts the draft in force if asked to: at
    /// once, and on condition that nobody wrote since `connector` was read. The two calls of the API leave room for an
    /// edit between them, which would be put in force without having been looked at.
    pub async fn judge_filtering_draft(
        &self,
        connector: &Versioned<ConnectorRecord>,
        verdict: &Value,
        activate: bool,
    ) -> Result<Updated, ElasticError> {
        let mut filtering = connector.value.raw.get("filtering").cloned().unwrap_or_default();
        if let Some(Value::Object(first)) = filtering.get_mut(0)
            && let Some(draft) = first.get_mut("draft").and_then(Value::as_object_mut)
        {
            draft.insert("validation".to_owned(), verdict.clone());
            if activate {
                let draft = Value::Object(draft.clone());
                first.insert("active".to_owned(), draft);
            }
        }
        // An array is replaced as a whole, so nothing of the rules in force before lingers.
        self.update_if_unchanged(connector, &json!({ "filtering": filtering }), Refresh::Immediate)
            .await
    }

    /// Deletes the connector, and its jobs if asked to; never an index or an API key.
    pub async fn delete(&self, id: &str, delete_sync_jobs: bool) -> Result<(), ElasticError> {
        if !self.transport.has_connectors_api() {
            return api_by_index::delete_connector(&self.transport, id, delete_sync_jobs).await;
        }
        let request = Request::delete(&["_connector", id]).query("delete_sync_jobs", delete_sync_jobs.to_string());
        self.transport.send(request).await.map(drop)
    }

    /// Merges `doc` into the record, on condition that nobody wrote since `version` was read; else
    /// [`ElasticError::VersionConflict`]. Objects are merged deeply, arrays replaced.
    pub async fn update_if_unchanged<T>(
        &self,
        version: &Versioned<T>,
        doc: &Value,
        refresh: Refresh,
    ) -> Result<Updated, ElasticError> {
        connector_indices::update_if_unchanged(
            &self.transport,
            CONNECTORS_ALIAS,
            &version.id,
            version.version(),
            doc,
            refresh,
        )
        .await
        .map_err(|error| redaction::without_values(error, doc))
    }

    /// Merges `doc` into the record as it is by now.
    pub async fn update_unconditionally(
        &self,
        id: &str,
        doc: &Value,
        refresh: Refresh,
    ) -> Result<Updated, ElasticError> {
        connector_indices::update_unconditionally(&self.transport, CONNECTORS_ALIAS, id, doc, refresh)
            .await
            .map_err(|error| redaction::without_values(error, doc))
    }

    async fn put_part(&self, id: &str, part: &str, body: Option<&Value>) -> Result<(), ElasticError> {
        if !self.transport.has_connectors_api() {
            let result = api_by_index::put_part(&self.transport, id, part, body).await;
            return result.map_err(|error| match body {
                Some(body) => redaction::without_values(error, body),
                None => error,
            });
        }
        let segments: Vec<&str> = ["_connector", id].into_iter().chain(part.split('/')).collect();
        let request = Request::put(&segments);
        let Some(body) = body else {
            return self.transport.send(request).await.map(drop);
        };
        let result = self.transport.send(request.json(body)).await;
        result.map(drop).map_err(|error| redaction::without_values(error, body))
    }
}

fn storable_value(value: &Value) -> Value {
    match value {
        Value::Null => Value::String(String::new()),
        Value::Array(items) => {
            let texts = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            Value::String(texts.collect::<Vec<_>>().join(","))
        }
        other => other.clone(),
    }
}
