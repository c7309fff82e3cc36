//! Managing indices: existence, creation, mapping, settings, counts. It leaves their content to bulk, search and scan.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::error::ElasticError;
use crate::index_names;
use crate::request::Request;
use crate::search::ShardCounts;
use crate::transport::Transport;

/// Index management. Every name may be that of an index or of an alias of one index.
pub struct Indices {
    transport: Transport,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
    #[serde(rename = "_shards")]
    shards: ShardCounts,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(rename = "_all")]
    all: AllIndices,
}

#[derive(Deserialize)]
struct IndexStatistics {
    /// Absent when there is none.
    #[serde(default)]
    indices: BTreeMap<String, AllIndices>,
}

#[derive(Deserialize)]
struct AllIndices {
    primaries: Primaries,
}

#[derive(Deserialize)]
struct Primaries {
    docs: Documents,
}

#[derive(Deserialize)]
struct Documents {
    count: u64,
}

#[derive(Deserialize)]
struct Refreshed {
    #[serde(rename = "_shards")]
    shards: ShardCounts,
}

impl Indices {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Whether an index or alias of this name exists.
    pub async fn exists(&self, name: &str) -> Result<bool, ElasticError> {
        let request = Request::head(&[name]).not_found_is_answer();
        Ok(self.transport.send(request).await?.status != 404)
    }

    /// Creates an index with the settings and mappings in `body` (an empty object for none). False when an index or
    /// alias of this name existed already; its settings are then untouched.
    pub async fn create(&self, name: &str, body: &Value) -> Result<bool, ElasticError> {
        match self.transport.send(Request::put(&[name]).json(body)).await {
            Ok(_) => Ok(true),
            Err(ElasticError::AlreadyExists { .. }) => Ok(false),
            Err(ElasticError::BadRequest { kind, reason, .. })
                if kind == "invalid_index_name_exception" && reason.contains("already exists as alias") =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes sure that the concrete indices behind `.elastic-connectors` and `.elastic-connectors-sync-jobs` exist.
    /// Their aliases and mappings come from the templates that Elasticsearch installs for exactly these names.
    pub async fn ensure_connector_indices(&self) -> Result<(), ElasticError> {
        for name in index_names::CONCRETE_INDICES {
            if !self.exists(name).await? {
                self.create(name, &json!({})).await?;
            }
        }
        Ok(())
    }

    /// `mappings` of the index: `properties`, `dynamic` and the rest.
    pub async fn get_mapping(&self, name: &str) -> Result<Value, ElasticError> {
        let answer = self.transport.send(Request::get(&[name, "_mapping"])).await?;
        only_index(&answer, "mappings")
    }

    /// `mappings` of every index that the name stands for, by their own names.
    pub async fn get_mappings(&self, name: &str) -> Result<Vec<(String, Value)>, ElasticError> {
        let answer = self.transport.send(Request::get(&[name, "_mapping"])).await?;
        let indices: Map<String, Value> = answer.parse()?;
        let mappings = indices
            .into_iter()
            .map(|(name, mut index)| (name, index["mappings"].take()));
        Ok(mappings.collect())
    }

    /// Adds to the mapping. Fields that exist with another type are refused as [`ElasticError::BadRequest`].
    pub async fn put_mapping(&self, name: &str, body: &Value) -> Result<(), ElasticError> {
        self.transport
            .send(Request::put(&[name, "_mapping"]).json(body))
            .await
            .map(drop)
    }

    /// `settings` of the index, with all keys below `index`.
    pub async fn get_settings(&self, name: &str) -> Result<Value, ElasticError> {
        let answer = self.transport.send(Request::get(&[name, "_settings"])).await?;
        only_index(&answer, "settings")
    }

    /// Changes dynamic settings.
    pub async fn put_settings(&self, name: &str, body: &Value) -> Result<(), ElasticError> {
        self.transport
            .send(Request::put(&[name, "_settings"]).json(body))
            .await
            .map(drop)
    }

    /// Makes everything written so far visible to searches. Costly: once per sync, not once per read.
    pub async fn refresh(&self, name: &str) -> Result<(), ElasticError> {
        let answer = self.transport.send(Request::post(&[name, "_refresh"])).await?;
        answer.parse::<Refreshed>()?.shards.check(&answer)
    }

    /// Counts the documents that match `query` (all without one), as of the last refresh.
    pub async fn count(&self, name: &str, query: Option<&Value>) -> Result<u64, ElasticError> {
        let mut request = Request::post(&[name, "_count"]);
        if let Some(query) = query {
            request = request.json(&json!({ "query": query }));
        }
        let answer = self.transport.send(request).await?;
        let Count { count, shards } = answer.parse()?;
        shards.check(&answer)?;
        Ok(count)
    }

    /// About how many documents the index holds: what was written since the last refresh is not in it. It does not
    /// count as a search, which would make an idle index refresh every second. Needs the index privilege `monitor`.
    pub async fn document_count_hint(&self, name: &str) -> Result<u64, ElasticError> {
        let answer = self
            .transport
            .send(Request::get(&[name, "_stats", "docs"]).query("filter_path", "_all.primaries.docs.count"))
            .await?;
        Ok(answer.parse::<Statistics>()?.all.primaries.docs.count)
    }

    /// The open indices that are not hidden, with the number of their documents, by name.
    pub async fn list(&self) -> Result<BTreeMap<String, u64>, ElasticError> {
        let request = Request::get(&["_stats", "docs"]).query("filter_path", "indices.*.primaries.docs.count");
        let answer = self.transport.send(request).await?;
        let indices = answer.parse::<IndexStatistics>()?.indices;
        Ok(indices
            .into_iter()
            .map(|(name, index)| (name, index.primaries.docs.count))
            .collect())
    }

    /// Deletes an index with everything in it. False when there was none. Wildcards and lists are refused.
    pub async fn delete(&self, name: &str) -> Result<bool, ElasticError> {
        if name.contains(['*', ',']) || name == "_all" {
            let reason = "one index is deleted at a time, by its full name".to_owned();
            return Err(ElasticError::InvalidRequest {
                request: format!("DELETE /{name}"),
                reason,
            });
        }
        match self.transport.send(Request::delete(&[name])).await {
            Ok(_) => Ok(true),
            Err(ElasticError::NotFound { kind, .. }) if kind == "index_not_found_exception" => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Answers about an index are keyed by its concrete name, which differs from the name asked for when that is an alias.
fn only_index(answer: &Answer, member: &str) -> Result<Value, ElasticError> {
    let mut indices: Map<String, Value> = answer.parse()?;
    let name = match (indices.len(), indices.keys().next()) {
        (1, Some(name)) => name.clone(),
        (count, _) => return Err(answer.unexpected("$", &format!("one index was expected, {count} came"))),
    };
    match indices.get_mut(&name).and_then(|index| index.get_mut(member)) {
        Some(value) => Ok(value.take()),
        None => Err(answer.unexpected(member, "missing")),
    }
}
