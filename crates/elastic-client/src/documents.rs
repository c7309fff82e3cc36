//! Reading single documents and searches of any index. It leaves writing to `bulk`, whole indices to `scan.rs`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::error::ElasticError;
use crate::error_mapping::reason_with_causes;
use crate::request::Request;
use crate::search::SearchResponse;
use crate::transport::Transport;

/// Refused when a shard does not answer, rather than answered with what the others know.
pub(crate) async fn search(transport: &Transport, index: &str, body: &Value) -> Result<SearchResponse, ElasticError> {
    let request = Request::post(&[index, "_search"])
        .query("allow_partial_search_results", "false")
        .query("seq_no_primary_term", "true")
        .json(body);
    SearchResponse::read(&transport.send(request).await?)
}

/// A document read by its id, with its version.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) seq_no: u64,
    pub(crate) primary_term: u64,
    pub(crate) source: Value,
}

#[derive(Deserialize)]
struct WireDocument {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_seq_no")]
    seq_no: u64,
    #[serde(rename = "_primary_term")]
    primary_term: u64,
    #[serde(rename = "_source")]
    source: Value,
}

/// `GET index/_doc/id`. The error is the caller's when the index is missing.
pub(crate) async fn get_versioned(
    transport: &Transport,
    index: &str,
    id: &str,
) -> Result<Option<Document>, ElasticError> {
    let answer = transport
        .send(Request::get(&[index, "_doc", id]).not_found_is_answer())
        .await?;
    if answer.status == 404 {
        return missing_document(&answer).map(|()| None);
    }
    let WireDocument {
        id,
        seq_no,
        primary_term,
        source,
    } = answer.parse()?;
    Ok(Some(Document {
        id,
        seq_no,
        primary_term,
        source,
    }))
}

pub(crate) async fn get(transport: &Transport, index: &str, id: &str) -> Result<Option<Value>, ElasticError> {
    Ok(get_versioned(transport, index, id)
        .await?
        .map(|document| document.source))
}

/// A 404 says "no such document" only when it says so in Elasticsearch's words; any other is an error.
fn missing_document(answer: &Answer) -> Result<(), ElasticError> {
    let body: Value = answer.json()?;
    if body.get("found") == Some(&Value::Bool(false)) {
        return Ok(());
    }
    let error = body
        .get("error")
        .ok_or_else(|| answer.unexpected("found", "404 without found and without error"))?;
    Err(ElasticError::NotFound {
        request: answer.request.clone(),
        kind: error.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        reason: reason_with_causes(error),
    })
}

#[derive(Deserialize)]
struct WireDocuments {
    docs: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    #[serde(default)]
    found: Option<bool>,
    #[serde(rename = "_source", default)]
    source: Value,
    error: Option<Value>,
}

pub(crate) async fn get_many(
    transport: &Transport,
    index: &str,
    ids: &[&str],
    source_fields: &[&str],
) -> Result<Vec<Option<Value>>, ElasticError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let request = Request::post(&[index, "_mget"])
        // An empty list of fields would mean all of them.
        .query("_source", if source_fields.is_empty() { "false".to_owned() } else { source_fields.join(",") })
        .query("filter_path", "docs.found,docs._source,docs.error")
        .json(&json!({ "ids": ids }));
    let answer = transport.send(request).await?;
    let wire: WireDocuments = answer.parse()?;
    if wire.docs.len() != ids.len() {
        return Err(answer.unexpected("docs", "not as many documents as were asked for"));
    }
    wire.docs
        .into_iter()
        .map(|item| match (item.found, item.error) {
            (_, Some(error)) => Err(ElasticError::NotFound {
                request: answer.request.clone(),
                kind: error.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
                reason: reason_with_causes(&error),
            }),
            (Some(true), None) if item.source.is_null() => Ok(Some(json!({}))),
            (Some(true), None) => Ok(Some(item.source)),
            (Some(false), None) => Ok(None),
            (None, None) => Err(answer.unexpected("docs.found", "true or false was expected")),
        })
        .collect()
}
