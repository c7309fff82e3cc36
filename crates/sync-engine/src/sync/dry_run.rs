//! A sink that writes nothing: it counts what a sync would add, change and delete.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document::{Document, DocumentId, fingerprint};
use super::listing::IssueId;
use super::sink::{Flushed, IndexScan, IndexSelection, IndexedPage, Operation, Rehearsal, Sink, SinkError};

/// Reads through another sink and only counts what is written.
#[derive(Debug)]
pub struct DryRunSink<K> {
    inner: Arc<K>,
    /// `_timestamp` of every indexed document.
    indexed: HashMap<u64, Option<String>>,
    added: AtomicU64,
    changed: AtomicU64,
    unchanged: AtomicU64,
    deleted: AtomicU64,
}

/// Counts the changes that a sync would make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Documents that the index lacks.
    pub added: u64,
    /// Documents whose `_timestamp` is another one than the indexed.
    pub changed: u64,
    /// Documents that would be written again as they are.
    pub unchanged: u64,
    /// Documents that would be removed.
    pub deleted: u64,
}

#[derive(Deserialize)]
struct Stamp {
    #[serde(rename = "_timestamp")]
    timestamp: Option<String>,
}

impl<K: Sink> DryRunSink<K> {
    /// Learns what is indexed.
    pub async fn new(inner: Arc<K>) -> Result<Self, SinkError> {
        let mut indexed = HashMap::new();
        let mut scan = inner.scan(IndexSelection::Everything).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            indexed.extend(
                documents
                    .into_iter()
                    .map(|document| (fingerprint(&document.id), document.timestamp)),
            );
        }
        let zero = AtomicU64::default;
        Ok(Self {
            inner,
            indexed,
            added: zero(),
            changed: zero(),
            unchanged: zero(),
            deleted: zero(),
        })
    }

    /// The counts so far.
    pub fn forecast(&self) -> Forecast {
        Forecast {
            added: self.added.load(Relaxed),
            changed: self.changed.load(Relaxed),
            unchanged: self.unchanged.load(Relaxed),
            deleted: self.deleted.load(Relaxed),
        }
    }
}

impl<K: Sink> Sink for DryRunSink<K> {
    type Scan = K::Scan;

    fn announce(&self, _: &[&Document]) {}

    async fn write(&self, operation: Operation) -> Result<(), SinkError> {
        let counter = match &operation {
            Operation::Delete { .. } => &self.deleted,
            Operation::Update { .. } => &self.unchanged,
            Operation::Index { id, source, .. } => match self.indexed.get(&id.fingerprint()) {
                None => &self.added,
                Some(indexed) => {
                    let stamp: Stamp = serde_json::from_slice(source)
                        .map_err(|error| SinkError::Closed(format!("a document could not be read back: {error}")))?;
                    if stamp.timestamp == *indexed {
                        &self.unchanged
                    } else {
                        &self.changed
                    }
                }
            },
        };
        counter.fetch_add(1, Relaxed);
        Ok(())
    }

    async fn flush(&self) -> Result<Flushed, SinkError> {
        Ok(Flushed::default())
    }

    async fn scan(&self, selection: IndexSelection) -> Result<K::Scan, SinkError> {
        self.inner.scan(selection).await
    }

    async fn neighbours(&self, documents: &[&str]) -> Result<Vec<IssueId>, SinkError> {
        self.inner.neighbours(documents).await
    }

    async fn attachment(&self, id: u64) -> Result<Option<Map<String, Value>>, SinkError> {
        self.inner.attachment(id).await
    }

    async fn rehearse(&self, _id: &DocumentId, _source: &Bytes) -> Result<Rehearsal, SinkError> {
        Ok(Rehearsal::Good)
    }

    async fn count(&self) -> Result<u64, SinkError> {
        self.inner.count().await
    }

    async fn seems_empty(&self) -> Result<bool, SinkError> {
        self.inner.seems_empty().await
    }
}
