//! The bare loader: the same documents in the same bulk bodies, sent as fast as Elasticsearch takes them.
//!
//! It needs what any connector needs at least. `targets` compares with it.

use std::time::Instant;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::elastic::{Elastic, IndexWork};
use crate::jira::Jira;
use crate::meter::{CpuSeconds, Meter};
use crate::worker::Connector;

/// Limits of one body: the defaults of `elasticsearch.bulk` in config.yml, two lines a document.
const DOCUMENTS: usize = 250;
const BYTES: usize = 3 * 1024 * 1024;
const INDEX: &str = "bench-loader";
const CONCURRENT_DOWNLOADS: usize = 8;

/// Everything that is sent, and where to.
#[derive(Debug)]
pub(crate) struct Loader {
    bodies: Vec<Bytes>,
    documents: usize,
    definition: Value,
    pipeline: String,
}

/// One load with so many requests in flight.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Load {
    pub(crate) in_flight: usize,
    pub(crate) seconds: f64,
    pub(crate) documents_per_second: f64,
    pub(crate) cpu_seconds: CpuSeconds,
    pub(crate) index_work: IndexWork,
    pub(crate) disturbed: bool,
}

impl Loader {
    /// Reads the documents back from an index that a sync has filled, and makes of them what was sent for it: the
    /// pipeline took its flags and the contents of attachments away. The index is made with the mapping that the sync
    /// ended up with: fields whose values are of several types would be refused as they were at first.
    pub(crate) async fn prepare(elastic: &Elastic, jira: &Jira, connector: &Connector) -> anyhow::Result<Self> {
        let record = elastic.get(&format!("/_connector/{}", connector.id)).await?;
        let mut documents = Vec::new();
        elastic
            .scan(&connector.index, None, |id, mut source| {
                let fields = source.as_object_mut().context("a document without fields")?;
                fields.remove("body");
                for flag in ["extract_binary_content", "reduce_whitespace", "run_ml_inference"] {
                    fields.insert(format!("_{flag}"), record["pipeline"][flag].clone());
                }
                documents.push((id, source));
                Ok(())
            })
            .await?;
        let lines: Vec<Bytes> = stream::iter(documents)
            .map(|(id, source)| line(jira, id, source))
            .buffered(CONCURRENT_DOWNLOADS)
            .try_collect()
            .await?;
        Ok(Self {
            documents: lines.len(),
            bodies: bodies(&lines),
            definition: elastic.definition(&connector.index).await?,
            pipeline: connector.pipeline.clone(),
        })
    }

    pub(crate) fn documents(&self) -> usize {
        self.documents
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bodies.iter().map(Bytes::len).sum()
    }

    /// Loads everything into a new index, refreshes it and counts.
    pub(crate) async fn load(&self, elastic: &Elastic, jira: &Jira, in_flight: usize) -> anyhow::Result<Load> {
        elastic.delete_index(INDEX).await?;
        elastic.create_index(INDEX, &self.definition).await?;
        let meter = Meter::start(elastic, jira.pid(), None).await?;
        let began = Instant::now();
        stream::iter(self.bodies.iter().cloned())
            .map(|body| elastic.bulk(INDEX, &self.pipeline, body))
            .buffer_unordered(in_flight)
            .try_collect::<()>()
            .await?;
        elastic.refresh(INDEX).await?;
        let seconds = began.elapsed().as_secs_f64();
        let cpu_seconds = meter.cpu().await?;
        let count = elastic.get(&format!("/{INDEX}/_count")).await?["count"].as_u64();
        if count != Some(self.documents as u64) {
            bail!(
                "the loader sent {} documents and the index holds {count:?}",
                self.documents
            );
        }
        Ok(Load {
            in_flight,
            seconds,
            documents_per_second: self.documents as f64 / seconds,
            cpu_seconds,
            index_work: elastic.work(INDEX).await?,
            disturbed: cpu_seconds.is_disturbed(seconds),
        })
    }
}

/// The two lines of one document.
async fn line(jira: &Jira, id: String, mut source: Value) -> anyhow::Result<Bytes> {
    // Only documents whose content was sent carry the settings that it was extracted with.
    if !source["_extraction"].is_null() {
        let attachment = source["jira_id"].as_u64().context("an attachment without jira_id")?;
        let content = jira.content(attachment).await?;
        source["_attachment"] = BASE64.encode(&content).into();
    }
    let mut line = serde_json::to_vec(&json!({ "index": { "_id": id } }))?;
    line.push(b'\n');
    serde_json::to_writer(&mut line, &source)?;
    line.push(b'\n');
    Ok(line.into())
}

fn bodies(lines: &[Bytes]) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    let (mut open, mut documents) = (Vec::new(), 0);
    for line in lines {
        if documents == DOCUMENTS || (documents > 0 && open.len() + line.len() > BYTES) {
            bodies.push(std::mem::take(&mut open).into());
            documents = 0;
        }
        open.extend_from_slice(line);
        documents += 1;
    }
    if documents > 0 {
        bodies.push(open.into());
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_limited_by_documents_and_bytes_and_lose_nothing() {
        let small = vec![Bytes::from_static(b"{}\n{}\n"); DOCUMENTS + 1];
        let sizes: Vec<usize> = bodies(&small).iter().map(Bytes::len).collect();
        assert_eq!(sizes, [DOCUMENTS * 6, 6]);
        let large = [Bytes::from(vec![b' '; BYTES + 1]), Bytes::from_static(b"{}\n")];
        assert_eq!(bodies(&large).len(), 2, "a document above the limit goes alone");
    }
}
