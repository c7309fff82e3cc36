//! Declares the writing side that the engine uses. `sink` implements it for Elasticsearch.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

use super::checkpoint::BatchTicket;
use super::document::{Document, DocumentId, DocumentKind};
use super::listing::IssueId;
use super::write_fence::WriteRefused;

/// One line or pair of lines of a bulk request.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Replaces the document or creates it.
    Index {
        /// The `_id`.
        id: DocumentId,
        /// The issue it belongs to, for telling which issues a rejection concerns.
        issue_id: Option<IssueId>,
        /// Told when the operation has an outcome.
        ticket: Option<Arc<BatchTicket>>,
        /// Whether the document carries the content of a file, which may be large.
        with_content: bool,
        /// The document as a JSON object.
        source: Bytes,
    },
    /// Changes the named fields of a document that exists, without running the ingest pipeline.
    Update {
        /// The `_id`.
        id: DocumentId,
        /// Told when the operation has an outcome.
        ticket: Option<Arc<BatchTicket>>,
        /// The partial document as a JSON object.
        partial: Bytes,
    },
    /// Removes a document.
    Delete {
        /// The `_id` as it was read from the index.
        id: String,
    },
}

impl Operation {
    /// Tells the batch that this operation has an outcome.
    pub fn settle(&self) {
        match self {
            Self::Index {
                ticket: Some(ticket), ..
            }
            | Self::Update {
                ticket: Some(ticket), ..
            } => ticket.acknowledge(),
            Self::Index { .. } | Self::Update { .. } | Self::Delete { .. } => {}
        }
    }

    /// The JSON text that it carries.
    pub fn json_mut(&mut self) -> Option<&mut Bytes> {
        match self {
            Self::Index { source, .. } => Some(source),
            Self::Update { partial, .. } => Some(partial),
            Self::Delete { .. } => None,
        }
    }

    /// Bytes that this operation holds, for budgets.
    pub fn size(&self) -> usize {
        const ACTION_LINE: usize = 64;
        match self {
            Self::Index { id, source, .. } => ACTION_LINE + id.as_str().len() + source.len(),
            Self::Update { id, partial, .. } => ACTION_LINE + id.as_str().len() + partial.len(),
            Self::Delete { id } => ACTION_LINE + id.len(),
        }
    }
}

/// The content index of one sync.
pub trait Sink: Send + Sync + 'static {
    /// Announces which documents come next, so that what they need can be prepared for many at once.
    fn announce(&self, documents: &[&Document]);

    /// Accepts an operation; waits while the byte budget is used up. Its outcome is known after [`Sink::flush`].
    fn write(&self, operation: Operation) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Returns when every operation written before has an outcome: applied, or rejected with a reason on record.
    fn flush(&self) -> impl Future<Output = Result<Flushed, SinkError>> + Send;

    /// Reads what is indexed, page by page: everything that was written and flushed before.
    fn scan(&self, selection: IndexSelection) -> impl Future<Output = Result<Self::Scan, SinkError>> + Send;

    /// The issues that these documents repeat a part of: the other ends of links, parents, sub-tasks.
    fn neighbours(&self, documents: &[&str]) -> impl Future<Output = Result<Vec<IssueId>, SinkError>> + Send;

    /// The indexed document of an attachment that has content, by its numeric id and whatever its `_id`.
    fn attachment(&self, id: u64) -> impl Future<Output = Result<Option<Map<String, Value>>, SinkError>> + Send;

    /// Tries what the ingest pipeline makes of a document with the content of a file, without writing it.
    fn rehearse(&self, id: &DocumentId, source: &Bytes) -> impl Future<Output = Result<Rehearsal, SinkError>> + Send;

    /// Counts the documents of the index, with everything that was written and flushed before.
    fn count(&self) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// Whether the index is known to hold nothing yet. Unlike a search it costs next to nothing, and it does not make
    /// Elasticsearch refresh the index every second from then on; documents of the last moments may be overlooked.
    fn seems_empty(&self) -> impl Future<Output = Result<bool, SinkError>> + Send;

    /// A scan under way.
    type Scan: IndexScan + Send;
}

/// The ingest pipeline's verdict on a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rehearsal {
    /// Nothing speaks against writing the document.
    Good,
    /// It would be written without text, for this reason.
    NoText(String),
    /// Elasticsearch does not let it be tried.
    NotPossible(String),
}

/// The outcomes of everything written since the sink was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// The issues of which a document was rejected.
    pub rejected_issues: HashSet<IssueId>,
    /// Whether the index holds every document that was written: none was rejected, or dropped by the pipeline.
    pub all_stored: bool,
}

/// Selects the documents that a scan returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexSelection {
    /// All of them.
    Everything,
    /// Attachments whose content is indexed.
    WithContent,
    /// Attachments that the ingest pipeline took no text from, and said why.
    RefusedByPipeline,
    /// Documents that carry no numeric id: made by another connector.
    WithoutJiraId,
    /// These issues, and what belongs to them.
    OfIssues(Vec<IssueId>),
    /// Issues whose parent is one of these.
    ChildrenOf(Vec<IssueId>),
    /// The documents of these `_id`s.
    Ids(Vec<String>),
}

/// A scan of the index.
pub trait IndexScan {
    /// The next page; `End` only after every document was returned.
    fn next_page(&mut self) -> impl Future<Output = Result<IndexedPage, SinkError>> + Send;
}

/// A page of a scan, or its end.
#[derive(Debug)]
pub enum IndexedPage {
    /// Documents.
    Documents(Vec<IndexedDocument>),
    /// Every document of the index was returned.
    End,
}

/// The fields of an indexed document that the engine needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexedDocument {
    /// The `_id`.
    pub id: String,
    /// The family.
    pub kind: DocumentKind,
    /// Numeric id of the Jira object; none in an index that the Python connector made.
    pub jira_id: Option<u64>,
    /// Numeric id of the issue it belongs to.
    pub issue_id: Option<u64>,
    /// Key of the issue or project.
    pub key: Option<String>,
    /// Name of a project.
    pub project_name: Option<String>,
    /// A sprint as it is stored. Only told of documents that were selected by their `_id`.
    pub sprint: Option<Value>,
    /// `_timestamp` as it is stored.
    pub timestamp: Option<String>,
    /// Size of an attachment, in bytes.
    pub size: Option<u64>,
    /// Name of the settings that the content of an attachment was extracted with; none without content.
    pub extraction: Option<String>,
    /// The ingest pipeline's complaints. Only filled for attachments that it took no text from.
    pub ingestion_error: Option<String>,
    /// Whether it carries access tokens. Only told where it matters: of attachments with content.
    pub has_tokens: bool,
}

impl IndexedDocument {
    /// `_timestamp` as an instant. Jira writes offsets without a colon.
    pub fn updated(&self) -> Option<DateTime<Utc>> {
        let parsed = DateTime::parse_from_str(self.timestamp.as_deref()?, "%Y-%m-%dT%H:%M:%S%.f%#z");
        parsed.ok().map(|instant| instant.with_timezone(&Utc))
    }
}

/// Writing failed as a whole. Single rejected documents are counted, not raised, until there are too many of them.
#[derive(Debug, Clone, Error)]
pub enum SinkError {
    /// Elasticsearch could not be reached, or refused the request as a whole.
    #[error("{0}")]
    Elasticsearch(String),
    /// The error monitor's threshold was passed.
    #[error("too many documents were refused by Elasticsearch: {0}")]
    TooManyErrors(String),
    /// The sink was closed while operations were still being written.
    #[error("the writing side has stopped: {0}")]
    Closed(String),
    /// Elasticsearch took nothing for too long.
    #[error(
        "Elasticsearch took no document for {} s (elasticsearch.bulk.queue_refresh_timeout): it is overloaded or cannot \
         be reached; give it more room, or raise the limit",
        _0.as_secs()
    )]
    Stuck(Duration),
    /// This worker may not write for its job any more.
    #[error(transparent)]
    Refused(#[from] WriteRefused),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(timestamp: &str) -> Option<DateTime<Utc>> {
        IndexedDocument {
            timestamp: Some(timestamp.to_owned()),
            ..IndexedDocument::default()
        }
        .updated()
    }

    #[test]
    fn the_same_instant_in_another_zone_is_the_same_version() {
        let new_york = updated("2024-09-19T21:57:31.666-0500");
        assert!(new_york.is_some());
        assert_eq!(new_york, updated("2024-09-20T08:27:31.666+0530"));
        assert_eq!(new_york, updated("2024-09-20T02:57:31.666Z"));
        assert_eq!(updated("yesterday"), None);
    }
}
