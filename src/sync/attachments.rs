//! Attachments: which content is indexed already, which has to be fetched, and how much of it is held at once.
//!
//! The download itself, with its checks, is left to `source`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::warn;

use super::checkpoint::BatchTicket;
use super::content_sync::ContentSync;
use super::document::{Document, DocumentKind, fingerprint};
use super::encode;
use super::error::SyncError;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::{ItemFailure, PendingAttachment, Source, SourceError};

/// The byte budget is counted in units of this size, because a semaphore counts in 32 bits.
const BUDGET_UNIT: usize = 1024;

/// The attachments that the index has.
#[derive(Debug, Default)]
pub(super) struct IndexedAttachments {
    by_id: HashMap<u64, IndexedAttachment>,
}

#[derive(Debug)]
struct IndexedAttachment {
    document: u64,
    size: Option<u64>,
    extraction: Option<String>,
}

impl<'a> FromIterator<&'a IndexedDocument> for IndexedAttachments {
    fn from_iter<I: IntoIterator<Item = &'a IndexedDocument>>(documents: I) -> Self {
        let mut all = Self::default();
        documents.into_iter().for_each(|document| all.add(document));
        all
    }
}

/// An attachment on its way, with the batch that it belongs to.
#[derive(Debug)]
pub(super) struct QueuedAttachment {
    pub(super) attachment: PendingAttachment,
    pub(super) ticket: Arc<BatchTicket>,
}

/// What has to be done about the content of one attachment.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// The same content was extracted with the same settings: refresh the metadata only.
    Unchanged,
    /// Fetch it. `indexed_before`: a failure must not replace the document that is there.
    Fetch { indexed_before: bool },
    /// Index the metadata without content.
    NotWanted,
}

impl IndexedAttachments {
    /// Reads those that have content from the index.
    pub(super) async fn read<K: Sink>(sink: &K) -> Result<Self, SyncError> {
        let mut all = Self::default();
        let mut scan = sink.scan(IndexSelection::WithContent).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            documents.iter().for_each(|document| all.add(document));
        }
        Ok(all)
    }

    fn add(&mut self, indexed: &IndexedDocument) {
        if let (DocumentKind::Attachment, Some(id)) = (indexed.kind, indexed.jira_id) {
            let (document, size) = (fingerprint(&indexed.id), indexed.size);
            let extraction = indexed.extraction.clone();
            self.by_id.insert(
                id,
                IndexedAttachment {
                    document,
                    size,
                    extraction,
                },
            );
        }
    }

    fn judge(&self, pending: &PendingAttachment, extraction: Option<&str>) -> Content {
        let indexed = self
            .by_id
            .get(&pending.document.jira_id)
            .filter(|found| found.document == pending.document.id.fingerprint());
        let (Some(wanted), None) = (extraction, &pending.content_skipped) else {
            return Content::NotWanted;
        };
        match indexed {
            Some(found) if found.size == Some(pending.size) && found.extraction.as_deref() == Some(wanted) => {
                Content::Unchanged
            }
            found => Content::Fetch {
                indexed_before: found.is_some(),
            },
        }
    }
}

/// Takes attachments from the queue until it closes.
pub(super) async fn download_all<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    indexed: Arc<IndexedAttachments>,
    mut queue: mpsc::Receiver<QueuedAttachment>,
) -> Result<(), SyncError> {
    let budget_units = (sync.options.download_budget_bytes / BUDGET_UNIT).max(1);
    let budget = Arc::new(Semaphore::new(budget_units));
    let mut in_flight = JoinSet::new();
    while let Some(queued) = queue.recv().await {
        while in_flight.len() >= sync.options.concurrent_downloads.max(1) {
            join_one(&mut in_flight).await?;
        }
        let download = Download {
            sync: Arc::clone(sync),
            indexed: Arc::clone(&indexed),
            budget: Arc::clone(&budget),
            budget_units,
        };
        in_flight.spawn(download.run(queued));
    }
    while !in_flight.is_empty() {
        join_one(&mut in_flight).await?;
    }
    Ok(())
}

async fn join_one(in_flight: &mut JoinSet<Result<(), SyncError>>) -> Result<(), SyncError> {
    match in_flight.join_next().await {
        Some(joined) => joined.map_err(|error| SyncError::TaskFailed(error.to_string()))?,
        None => Ok(()),
    }
}

/// One attachment on its way from metadata to a document.
struct Download<S, K> {
    sync: Arc<ContentSync<S, K>>,
    indexed: Arc<IndexedAttachments>,
    budget: Arc<Semaphore>,
    budget_units: usize,
}

impl<S: Source, K: Sink> Download<S, K> {
    async fn run(self, queued: QueuedAttachment) -> Result<(), SyncError> {
        let QueuedAttachment { attachment, ticket } = queued;
        let extraction = self.sync.options.extraction.as_deref();
        let operation = match self.indexed.judge(&attachment, extraction) {
            Content::Unchanged => {
                self.sync.progress.attachment_unchanged();
                update(attachment.document, ticket)
            }
            Content::NotWanted => {
                if attachment.content_skipped.is_some() {
                    self.sync.progress.content_not_wanted();
                }
                self.index(attachment.document, ticket)
            }
            Content::Fetch { indexed_before } => {
                let units = (attachment.size as usize)
                    .div_ceil(BUDGET_UNIT)
                    .clamp(1, self.budget_units);
                let closed = |_| SourceError::new("the download budget was closed", true);
                let _held = self.budget.acquire_many(units as u32).await.map_err(closed)?;
                match self.fetch(&attachment).await? {
                    Some(content) => {
                        let Document { id, issue_id, .. } = &attachment.document;
                        let (id, issue_id) = (id.clone(), *issue_id);
                        let (flags, extraction) = (self.sync.options.pipeline_flags, extraction.unwrap_or_default());
                        let source = encode::whole_with_content(attachment.document, flags, extraction, &content);
                        drop(content);
                        Operation::Index {
                            id,
                            issue_id,
                            ticket: Some(ticket),
                            with_content: true,
                            source,
                        }
                    }
                    // What was extracted earlier stays searchable; the next sync tries again.
                    None if indexed_before => update(attachment.document, ticket),
                    None => self.index(attachment.document, ticket),
                }
            }
        };
        Ok(self.sync.sink.write(operation).await?)
    }

    /// The content, or none when it could not be had, which is on record then.
    async fn fetch(&self, attachment: &PendingAttachment) -> Result<Option<Bytes>, SyncError> {
        let downloaded = self.sync.source.download(attachment).await;
        self.sync.progress.requests(self.sync.source.requests());
        match downloaded {
            Ok(content) => {
                self.sync.progress.attachment_downloaded();
                Ok(Some(content))
            }
            Err(error) if error.is_fatal() => Err(error.into()),
            Err(error) => {
                let id = &attachment.document.id;
                warn!(document.id = %id, error = %error, "could not fetch the content of an attachment");
                let (item, reason) = (format!("content of {id}"), error.to_string());
                self.sync.progress.skipped(&item, &reason);
                if let Some(issue_id) = attachment.document.issue_id {
                    self.sync.failed_item(&ItemFailure { issue_id, item, reason });
                }
                Ok(None)
            }
        }
    }

    fn index(&self, document: Document, ticket: Arc<BatchTicket>) -> Operation {
        let (id, issue_id) = (document.id.clone(), document.issue_id);
        let source = encode::whole(document, self.sync.options.pipeline_flags);
        Operation::Index {
            id,
            issue_id,
            ticket: Some(ticket),
            with_content: false,
            source,
        }
    }
}

fn update(document: Document, ticket: Arc<BatchTicket>) -> Operation {
    Operation::Update {
        id: document.id.clone(),
        ticket: Some(ticket),
        partial: encode::partial(document),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::sync::document::DocumentId;

    fn pending(size: u64, content_skipped: Option<&str>) -> PendingAttachment {
        let id = DocumentId::new("AL-1-70".into());
        let document = Document {
            id,
            kind: DocumentKind::Attachment,
            jira_id: 70,
            issue_id: Some(7),
            fields: Map::new(),
        };
        let content_skipped = content_skipped.map(str::to_owned);
        PendingAttachment {
            document,
            filename: "a.txt".into(),
            size,
            content_url: None,
            content_skipped,
        }
    }

    fn indexed(id: &str) -> IndexedAttachments {
        let document = fingerprint(id);
        let found = IndexedAttachment {
            document,
            size: Some(5),
            extraction: Some("pipeline:p".into()),
        };
        IndexedAttachments {
            by_id: HashMap::from([(70, found)]),
        }
    }

    #[test]
    fn the_same_content_with_the_same_settings_is_not_fetched_again() {
        let indexed = indexed("AL-1-70");
        assert_eq!(indexed.judge(&pending(5, None), Some("pipeline:p")), Content::Unchanged);
        assert_eq!(
            indexed.judge(&pending(5, None), Some("pipeline:q")),
            Content::Fetch { indexed_before: true }
        );
        assert_eq!(
            indexed.judge(&pending(6, None), Some("pipeline:p")),
            Content::Fetch { indexed_before: true }
        );
    }

    #[test]
    fn content_under_an_older_id_is_fetched_for_the_new_one() {
        let judged = indexed("OLD-1-70").judge(&pending(5, None), Some("pipeline:p"));
        assert_eq!(judged, Content::Fetch { indexed_before: false });
    }

    #[test]
    fn content_that_is_not_wanted_is_not_fetched() {
        assert_eq!(
            indexed("AL-1-70").judge(&pending(5, Some("too large")), Some("pipeline:p")),
            Content::NotWanted
        );
        assert_eq!(indexed("AL-1-70").judge(&pending(5, None), None), Content::NotWanted);
    }
}
