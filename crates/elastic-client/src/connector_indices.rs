//! Direct access to `.elastic-connectors` and `.elastic-connectors-sync-jobs`: the only module that reads or writes
//! these indices past the `_connector` API. What the fields mean is left to `records`.
//!
//! No read refreshes first: refreshing these indices every second is what made the peer lose running jobs. Single
//! documents are read by id, which is always current; searches see writes after at most the refresh interval.

use http_kit::Repeat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::documents;
use crate::error::ElasticError;
use crate::request::Request;
use crate::search::SearchResponse;
use crate::transport::Transport;

/// A document as it was read, with the version that a conditional update refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// `_id`.
    pub id: String,
    /// `_seq_no`: grows with every write to the index.
    pub seq_no: u64,
    /// `_primary_term`.
    pub primary_term: u64,
    /// The content.
    pub value: T,
}

impl<T> Versioned<T> {
    /// The same document after an update of our own, so that the next conditional update refers to that.
    #[must_use]
    pub fn at(self, updated: Updated) -> Self {
        Self {
            seq_no: updated.seq_no,
            primary_term: updated.primary_term,
            ..self
        }
    }

    /// The version alone.
    #[must_use]
    pub fn version(&self) -> Updated {
        Updated {
            seq_no: self.seq_no,
            primary_term: self.primary_term,
        }
    }

    /// The same version with another view of the content.
    #[must_use]
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Versioned<U> {
        Versioned {
            id: self.id,
            seq_no: self.seq_no,
            primary_term: self.primary_term,
            value: view(self.value),
        }
    }
}

/// The version of a document after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updated {
    /// `_seq_no` now.
    pub seq_no: u64,
    /// `_primary_term` now.
    pub primary_term: u64,
}

/// When a write becomes visible to searches; reading by id sees it at once in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// After the refresh interval of the index.
    #[default]
    None,
    /// The call returns once it is visible.
    WaitFor,
    /// The index is refreshed for it, as the `_connector` API does for each of its writes. For rare writes.
    Immediate,
}

impl Refresh {
    /// The request with the wish.
    pub(crate) fn ask(self, request: Request) -> Request {
        match self {
            Self::None => request,
            Self::WaitFor => request.query("refresh", "wait_for"),
            Self::Immediate => request.query("refresh", "true"),
        }
    }
}

#[derive(Deserialize)]
struct WireUpdated {
    #[serde(rename = "_seq_no")]
    seq_no: u64,
    #[serde(rename = "_primary_term")]
    primary_term: u64,
}

/// Reads one document; a missing index has no documents.
pub(crate) async fn get(
    transport: &Transport,
    alias: &str,
    id: &str,
) -> Result<Option<Versioned<Map<String, Value>>>, ElasticError> {
    let document = match documents::get_versioned(transport, alias, id).await {
        Err(ElasticError::NotFound { kind, .. }) if kind == "index_not_found_exception" => return Ok(None),
        other => other?,
    };
    let Some(document) = document else { return Ok(None) };
    let Value::Object(value) = document.source else {
        let request = format!("GET /{alias}/_doc/{id}");
        let reason = "an object was expected".to_owned();
        return Err(ElasticError::BadAnswer {
            request,
            path: "_source".to_owned(),
            reason,
        });
    };
    Ok(Some(Versioned {
        id: document.id,
        seq_no: document.seq_no,
        primary_term: document.primary_term,
        value,
    }))
}

/// The documents of one search, as many as `body` asks for; a missing index has none.
pub(crate) async fn search_first(
    transport: &Transport,
    alias: &str,
    body: &Value,
) -> Result<Vec<Versioned<Map<String, Value>>>, ElasticError> {
    let Some(response) = search(transport, alias, body).await? else {
        return Ok(Vec::new());
    };
    versioned_hits(alias, response)
}

/// The documents of one search, which is an error when it finds more than `body` asks for: the list must be whole.
pub(crate) async fn search_all(
    transport: &Transport,
    alias: &str,
    body: &Value,
) -> Result<Vec<Versioned<Map<String, Value>>>, ElasticError> {
    let Some(response) = search(transport, alias, body).await? else {
        return Ok(Vec::new());
    };
    let found = response.hits.len() as u64;
    match response.total {
        Some(total) if total == found && response.total_is_exact => versioned_hits(alias, response),
        total => Err(ElasticError::PartialAnswer {
            request: format!("POST /{alias}/_search"),
            reason: format!("{found} of {} documents fit into one answer", total.unwrap_or_default()),
        }),
    }
}

async fn search(transport: &Transport, alias: &str, body: &Value) -> Result<Option<SearchResponse>, ElasticError> {
    match documents::search(transport, alias, body).await {
        Err(ElasticError::NotFound { kind, .. }) if kind == "index_not_found_exception" => Ok(None),
        other => other.map(Some),
    }
}

fn versioned_hits(alias: &str, response: SearchResponse) -> Result<Vec<Versioned<Map<String, Value>>>, ElasticError> {
    let hits = response.hits.into_iter().map(|hit| match hit.source {
        Value::Object(value) => Ok(Versioned {
            id: hit.id,
            seq_no: hit.seq_no,
            primary_term: hit.primary_term,
            value,
        }),
        _ => Err(ElasticError::BadAnswer {
            request: format!("POST /{alias}/_search"),
            path: "hits.hits._source".to_owned(),
            reason: "an object was expected".to_owned(),
        }),
    });
    hits.collect()
}

/// Partial update on condition that the document is still the one that was read. Every such update writes, even when
/// it changes no value: its success proves that nobody else had written, and moves `_seq_no`.
pub(crate) async fn update_if_unchanged(
    transport: &Transport,
    alias: &str,
    id: &str,
    condition: Updated,
    doc: &Value,
    refresh: Refresh,
) -> Result<Updated, ElasticError> {
    let request = update_request(alias, id, refresh)
        .query("if_seq_no", condition.seq_no.to_string())
        .query("if_primary_term", condition.primary_term.to_string())
        .json(&json!({ "doc": doc, "detect_noop": false }))
        .repeat(Repeat::OnlyIfNotCarriedOut);
    send_update(transport, request).await.map_err(|error| match error {
        // It was accepted, but without the version nothing can be built on it.
        ElasticError::BadAnswer { request, path, reason } => ElasticError::OutcomeUnknown {
            request,
            reason: format!("unexpected answer at {path}: {reason}"),
        },
        other => other,
    })
}

/// Partial update of whatever the document is by now. Objects are merged deeply, arrays replaced.
pub(crate) async fn update_unconditionally(
    transport: &Transport,
    alias: &str,
    id: &str,
    doc: &Value,
    refresh: Refresh,
) -> Result<Updated, ElasticError> {
    let request = update_request(alias, id, refresh)
        .query("retry_on_conflict", "3")
        .json(&json!({ "doc": doc }));
    send_update(transport, request).await
}

fn update_request(alias: &str, id: &str, refresh: Refresh) -> Request {
    // Without require_alias an update before the indices exist would create one under the alias's name, which then
    // could never become the alias.
    refresh.ask(Request::post(&[alias, "_update", id]).query("require_alias", "true"))
}

async fn send_update(transport: &Transport, request: Request) -> Result<Updated, ElasticError> {
    let WireUpdated { seq_no, primary_term } = transport.send(request).await?.parse()?;
    Ok(Updated { seq_no, primary_term })
}
