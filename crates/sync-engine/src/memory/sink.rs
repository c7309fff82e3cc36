//! An index in memory, and a sink before it that refuses, loses and drops as Elasticsearch does.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::documents::object;
use super::documents::text;
use super::faults::Faults;
use crate::sync::document::{ACCESS_FIELD, Document, DocumentId, DocumentKind};
use crate::sync::encode::EXTRACTION_FIELD;
use crate::sync::listing::IssueId;
use crate::sync::progress::Progress;
use crate::sync::sink::{
    Flushed, IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Rehearsal, Sink, SinkError,
};

/// Operations are applied when so many wait, or at a flush.
const BATCH_SIZE: usize = 4;
const PAGE_SIZE: usize = 5;

type Fields = Map<String, Value>;
/// The documents by their `_id`.
pub(super) type Index = BTreeMap<String, Fields>;

/// What happened to the index in one sync.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) applied: u64,
    /// The documents that were deleted, as they were.
    pub(super) deleted: Vec<Fields>,
    /// The objects whose document the pipeline dropped, or that was refused.
    pub(super) not_stored: HashSet<(String, u64)>,
    pub(super) rejected_issues: HashSet<IssueId>,
    incomplete: bool,
    lost: bool,
    waiting: Vec<Operation>,
}

/// The sink of one sync.
#[derive(Debug)]
pub(super) struct MemorySink {
    pub(super) index: Arc<Mutex<Index>>,
    pub(super) log: Mutex<Log>,
    faults: Arc<Faults>,
    progress: Arc<Progress>,
}

impl MemorySink {
    pub(super) fn new(index: Arc<Mutex<Index>>, faults: Arc<Faults>, progress: Arc<Progress>) -> Self {
        Self {
            index,
            log: Mutex::default(),
            faults,
            progress,
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap()
    }

    async fn call(&self) -> Result<(), SinkError> {
        self.faults.step().await;
        if self.faults.happens(self.faults.rates.sink_call) {
            return Err(SinkError::Elasticsearch("elasticsearch answered 503".into()));
        }
        Ok(())
    }

    fn apply_waiting(&self) {
        let waiting = std::mem::take(&mut self.log.lock().unwrap().waiting);
        waiting.iter().for_each(|operation| self.apply(operation));
    }

    fn apply(&self, operation: &Operation) {
        let (mut log, rates) = (self.log.lock().unwrap(), self.faults.rates);
        if self.faults.happens(rates.lost) {
            log.lost = true;
            return;
        }
        let stored = match operation {
            Operation::Delete { id } => {
                log.deleted.extend(self.index().remove(id));
                log.applied += 1;
                self.progress.deleted();
                return;
            }
            Operation::Index { .. } if self.faults.happens(rates.refused) => None,
            Operation::Index { source, .. } if self.faults.happens(rates.dropped) => {
                log.incomplete = true;
                log.not_stored.insert(object(&parsed(source)));
                operation.settle();
                return;
            }
            Operation::Index { id, source, .. } => Some((id, ingested(source))),
            Operation::Update { id, partial, .. } => self.index().get(id.as_str()).map(|stored| {
                let mut updated = stored.clone();
                updated.extend(parsed(partial));
                (id, updated)
            }),
        };
        operation.settle();
        if let Some((id, fields)) = stored {
            self.index().insert(id.to_string(), fields);
            log.applied += 1;
            self.progress.indexed(1);
            return;
        }
        log.incomplete = true;
        self.progress.rejected("a document", "refused");
        if let Operation::Index { issue_id, source, .. } = operation {
            log.rejected_issues.extend(*issue_id);
            log.not_stored.insert(object(&parsed(source)));
        }
    }
}

fn parsed(json: &Bytes) -> Fields {
    serde_json::from_slice(json).expect("documents are JSON objects")
}

/// What the ingest pipeline makes of a document.
fn ingested(source: &Bytes) -> Fields {
    let mut fields = parsed(source);
    for flag in [
        "_extract_binary_content",
        "_reduce_whitespace",
        "_run_ml_inference",
        "_attachment_indexed_chars",
    ] {
        fields.remove(flag);
    }
    if fields.remove("_attachment").is_some() {
        let id = fields["jira_id"].as_u64().expect("every document has an id");
        fields.insert("body".into(), text(id).into());
    }
    fields
}

/// What the engine learns about a document.
fn seen(id: &str, fields: &Fields) -> IndexedDocument {
    let text = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
    let number = |field: &str| fields.get(field).and_then(Value::as_u64);
    IndexedDocument {
        id: id.to_owned(),
        kind: match fields["kind"].as_str() {
            Some("project") => DocumentKind::Project,
            Some("comment") => DocumentKind::Comment,
            Some("file") => DocumentKind::Attachment,
            _ => DocumentKind::Issue,
        },
        jira_id: number("jira_id"),
        issue_id: number("issue_id"),
        key: text("Key").or_else(|| text("issue")),
        project_name: fields
            .get("Project")
            .and_then(|project| project["name"].as_str().map(str::to_owned)),
        timestamp: text("_timestamp"),
        size: number("size"),
        extraction: text(EXTRACTION_FIELD),
        has_tokens: fields.get(ACCESS_FIELD).is_some_and(|tokens| !tokens.is_null()),
        ..IndexedDocument::default()
    }
}

fn parent(fields: &Fields) -> Option<u64> {
    fields.get("parent")?["id"].as_u64()
}

fn selects(selection: &IndexSelection, id: &str, fields: &Fields) -> bool {
    let among = |field: &str, ids: &[u64]| {
        fields
            .get(field)
            .and_then(Value::as_u64)
            .is_some_and(|id| ids.contains(&id))
    };
    match selection {
        IndexSelection::Everything => true,
        IndexSelection::WithContent => fields.contains_key(EXTRACTION_FIELD),
        IndexSelection::RefusedByPipeline => false,
        IndexSelection::WithoutJiraId => !fields.contains_key("jira_id"),
        IndexSelection::OfIssues(ids) => among("jira_id", ids) || among("issue_id", ids),
        IndexSelection::ChildrenOf(ids) => parent(fields).is_some_and(|parent| ids.contains(&parent)),
        IndexSelection::Ids(ids) => ids.iter().any(|wanted| wanted == id),
    }
}

/// A scan under way: every page may fail.
#[derive(Debug)]
pub(super) struct MemoryScan {
    pages: std::vec::IntoIter<Vec<IndexedDocument>>,
    faults: Arc<Faults>,
}

impl IndexScan for MemoryScan {
    async fn next_page(&mut self) -> Result<IndexedPage, SinkError> {
        self.faults.step().await;
        if self.faults.happens(self.faults.rates.sink_call) {
            return Err(SinkError::Elasticsearch("elasticsearch answered 503".into()));
        }
        Ok(self.pages.next().map_or(IndexedPage::End, IndexedPage::Documents))
    }
}

impl Sink for MemorySink {
    type Scan = MemoryScan;

    fn announce(&self, _documents: &[&Document]) {}

    async fn write(&self, operation: Operation) -> Result<(), SinkError> {
        self.call().await?;
        let waiting = {
            let mut log = self.log.lock().unwrap();
            log.waiting.push(operation);
            log.waiting.len()
        };
        if waiting >= BATCH_SIZE {
            self.apply_waiting();
        }
        Ok(())
    }

    async fn flush(&self) -> Result<Flushed, SinkError> {
        self.call().await?;
        self.apply_waiting();
        let log = self.log.lock().unwrap();
        if log.lost {
            return Err(SinkError::Closed("elasticsearch was too busy for too long".into()));
        }
        Ok(Flushed {
            rejected_issues: log.rejected_issues.clone(),
            all_stored: !log.incomplete,
        })
    }

    async fn scan(&self, selection: IndexSelection) -> Result<MemoryScan, SinkError> {
        self.call().await?;
        let index = self.index();
        let selected = index.iter().filter(|(id, fields)| selects(&selection, id, fields));
        let found: Vec<IndexedDocument> = selected.map(|(id, fields)| seen(id, fields)).collect();
        let pages: Vec<Vec<IndexedDocument>> = found.chunks(PAGE_SIZE).map(<[IndexedDocument]>::to_vec).collect();
        Ok(MemoryScan {
            pages: pages.into_iter(),
            faults: Arc::clone(&self.faults),
        })
    }

    async fn neighbours(&self, documents: &[&str]) -> Result<Vec<IssueId>, SinkError> {
        self.call().await?;
        let index = self.index();
        let own: Vec<&Fields> = documents.iter().filter_map(|id| index.get(*id)).collect();
        let ids: Vec<u64> = own.iter().filter_map(|fields| fields["jira_id"].as_u64()).collect();
        let parents = own.iter().filter_map(|fields| parent(fields));
        let children = index
            .values()
            .filter(|fields| parent(fields).is_some_and(|parent| ids.contains(&parent)));
        Ok(parents
            .chain(children.filter_map(|fields| fields["jira_id"].as_u64()))
            .collect())
    }

    async fn attachment(&self, id: u64) -> Result<Option<Fields>, SinkError> {
        self.call().await?;
        let index = self.index();
        let mut files = index.values().filter(|fields| {
            fields["kind"] == "file" && fields["jira_id"] == id && fields.contains_key(EXTRACTION_FIELD)
        });
        Ok(files.next().cloned())
    }

    async fn rehearse(&self, _id: &DocumentId, _source: &Bytes) -> Result<Rehearsal, SinkError> {
        self.call().await?;
        Ok(Rehearsal::Good)
    }

    async fn count(&self) -> Result<u64, SinkError> {
        self.call().await?;
        Ok(self.index().len() as u64)
    }

    async fn seems_empty(&self) -> Result<bool, SinkError> {
        self.call().await?;
        Ok(self.index().is_empty())
    }
}
