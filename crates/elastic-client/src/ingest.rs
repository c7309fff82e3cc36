//! Trying what an ingest pipeline makes of a document, without writing anything. Writing is left to `bulk`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::error::ElasticError;
use crate::error_mapping::reason_with_causes;
use crate::request::Request;
use crate::transport::Transport;

/// The fate of a document that is only tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The reason why a pipeline without failure handlers, or the mapping, would refuse it.
    pub refused: Option<String>,
    /// Those of the fields asked for that the document would have; an empty object when a pipeline drops it.
    pub source: Value,
}

#[derive(Deserialize)]
struct WireAnswer {
    /// Missing when the filter leaves nothing.
    #[serde(default)]
    docs: Vec<WireEntry>,
}

#[derive(Deserialize)]
struct WireEntry {
    doc: Option<WireDocument>,
}

#[derive(Deserialize)]
struct WireDocument {
    #[serde(rename = "_source")]
    source: Option<Value>,
    error: Option<Value>,
}

/// `POST _ingest/INDEX/_simulate`, which wants no more than leave to write to the index. (The older
/// `_ingest/pipeline/NAME/_simulate` wants a privilege of the cluster that keys of connectors do not have.)
pub(crate) async fn simulate(
    transport: &Transport,
    index: &str,
    pipeline: Option<&str>,
    id: &str,
    source: &Bytes,
    fields: &[&str],
) -> Result<Simulated, ElasticError> {
    let fields = fields.iter().map(|field| format!(",docs.doc._source.{field}"));
    let filter = format!("docs.doc.error{}", fields.collect::<String>());
    let mut request = Request::post(&["_ingest", index, "_simulate"]).query("filter_path", filter);
    if let Some(pipeline) = pipeline {
        request = request.query("pipeline", pipeline);
    }
    let answer = transport.send(request.encoded_json(body(id, source))).await?;
    read(&answer)
}

/// The document is encoded already and may be many megabytes.
fn body(id: &str, source: &Bytes) -> Vec<Bytes> {
    let head = format!("{{\"docs\":[{{\"_id\":{},\"_source\":", json!(id));
    vec![Bytes::from(head), source.clone(), Bytes::from_static(b"}]}")]
}

fn read(answer: &Answer) -> Result<Simulated, ElasticError> {
    let WireAnswer { docs } = answer.parse()?;
    let document = docs.into_iter().next().and_then(|entry| entry.doc);
    let (source, error) = document.map_or((None, None), |document| (document.source, document.error));
    Ok(Simulated {
        refused: error.as_ref().map(reason_with_causes),
        source: source.unwrap_or_else(|| json!({})),
    })
}
