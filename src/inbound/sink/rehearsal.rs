//! Asks what the ingest pipeline makes of a file before its document replaces another one.
//!
//! `sync` decides what follows from the answer.

use bytes::Bytes;
use elastic_client::ElasticError;
use serde_json::Value;
use sync_engine::sync::encode::INGESTION_ERRORS_FIELD;
use sync_engine::sync::{Rehearsal, SinkError};

use super::index_writer::IndexWriter;

/// Elastic's pipelines note a failed step in the document and go on. Pipelines of users may note nothing: they are
/// believed. A document that would be refused as a whole is left to the bulk request, which replaces nothing then.
pub(super) async fn run(index: &IndexWriter, id: &str, source: &Bytes) -> Result<Rehearsal, SinkError> {
    let simulate = |field: &'static str| {
        let pipeline = index.pipeline.as_deref();
        async move {
            let fields = [field];
            let simulated = index.client.simulate_ingest(&index.name, pipeline, id, source, &fields);
            simulated.await.map(|mut document| document.source[field].take())
        }
    };
    // The text itself, which may be long, is only looked at when something went wrong.
    let reason = match simulate(INGESTION_ERRORS_FIELD).await {
        Ok(noted) => match said(&noted) {
            Some(reason) => reason,
            None => return Ok(Rehearsal::Good),
        },
        Err(error) => return not_tried(error),
    };
    Ok(match simulate("body").await {
        Ok(Value::String(text)) if !text.is_empty() => Rehearsal::Good,
        Ok(_) => Rehearsal::NoText(reason),
        Err(error) => return not_tried(error),
    })
}

/// The notes of a pipeline, if any: a list of texts, or one text.
pub(super) fn said(noted: &Value) -> Option<String> {
    let texts: Vec<&str> = match noted {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// A refusal is the same every time; anything else may pass.
fn not_tried(error: ElasticError) -> Result<Rehearsal, SinkError> {
    match error {
        ElasticError::Forbidden { .. }
        | ElasticError::NotFound { .. }
        | ElasticError::BadRequest { .. }
        | ElasticError::TooLarge { .. } => Ok(Rehearsal::NotPossible(error.to_string())),
        _ => Err(SinkError::Elasticsearch(error.to_string())),
    }
}
