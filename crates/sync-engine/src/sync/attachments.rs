//! Attachments: which content is indexed already, which has to be fetched, and how much of it is held at once.
//!
//! The download itself, with its checks, is left to `source`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tracing::warn;

use super::checkpoint::BatchTicket;
use super::content_sync::ContentSync;
use super::document::{Document, DocumentId, DocumentKind, fingerprint};
use super::encode;
use super::encoded_file::FileEncoder;
use super::error::SyncError;
use super::listing::IssueId;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::{FileContent, PendingAttachment, Source, SourceError};
use crate::access_control::ACCESS_FIELD;

/// The byte budget is counted in units of this size, because a semaphore counts in 32 bits.
const BUDGET_UNIT: usize = 1024;

/// The attachments that the index has.
#[derive(Debug, Default)]
pub(super) struct IndexedAttachments {
    by_id: HashMap<u64, IndexedAttachment>,
}

/// Texts are kept as fingerprints: there may be as many of these as files in Jira.
#[derive(Debug)]
struct IndexedAttachment {
    document: u64,
    size: Option<u64>,
    extraction: Option<u64>,
    has_tokens: bool,
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

/// The next step for the content of one attachment.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// The same content was extracted with the same settings: refresh the metadata only.
    Unchanged,
    /// The same, under the `_id` of an older key: take it over from there.
    UnderOlderId,
    /// Fetch it. A failure must not take away what was extracted earlier.
    Fetch { earlier: Earlier },
    /// Index the metadata without content.
    NotWanted,
}

/// The place of indexed content that differs from the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    Nowhere,
    /// In the document that is about to be written.
    SameId,
    /// In one that will be removed, because the key of the issue is another one now.
    OlderId,
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
            let extraction = indexed.extraction.as_deref().map(fingerprint);
            self.by_id.insert(
                id,
                IndexedAttachment {
                    document,
                    size,
                    extraction,
                    has_tokens: indexed.has_tokens,
                },
            );
        }
    }

    /// A partial update keeps what it does not name, and tokens of a time with document level security would go on
    /// hiding the file.
    fn remove_old_tokens(&self, document: &mut Document) {
        let indexed = self.by_id.get(&document.jira_id);
        if indexed.is_some_and(|indexed| indexed.has_tokens) {
            document.fields.entry(ACCESS_FIELD).or_insert(Value::Null);
        }
    }

    /// `keeps_content`: what is indexed stays although nothing can be extracted.
    fn judge(&self, pending: &PendingAttachment, extraction: Option<&str>, keeps_content: bool) -> Content {
        if pending.content_skipped.is_some() {
            return Content::NotWanted;
        }
        let Some(wanted) = extraction else {
            let found = self.by_id.get(&pending.document.jira_id).filter(|_| keeps_content);
            return match found.map(|found| found.document == pending.document.id.fingerprint()) {
                Some(true) => Content::Unchanged,
                Some(false) => Content::UnderOlderId,
                None => Content::NotWanted,
            };
        };
        let Some(found) = self.by_id.get(&pending.document.jira_id) else {
            return Content::Fetch {
                earlier: Earlier::Nowhere,
            };
        };
        let same_id = found.document == pending.document.id.fingerprint();
        let same_content = found.size == Some(pending.size) && found.extraction == Some(fingerprint(wanted));
        match (same_content, same_id) {
            (true, true) => Content::Unchanged,
            (true, false) => Content::UnderOlderId,
            (false, true) => Content::Fetch {
                earlier: Earlier::SameId,
            },
            (false, false) => Content::Fetch {
                earlier: Earlier::OlderId,
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
pub(super) struct Download<S, K> {
    pub(super) sync: Arc<ContentSync<S, K>>,
    indexed: Arc<IndexedAttachments>,
    budget: Arc<Semaphore>,
    budget_units: usize,
}

impl<S: Source, K: Sink> Download<S, K> {
    async fn run(self, queued: QueuedAttachment) -> Result<(), SyncError> {
        let QueuedAttachment { mut attachment, ticket } = queued;
        attachment.document = self.sync.with_readers(attachment.document);
        let options = &self.sync.options;
        let wanted = self
            .indexed
            .judge(&attachment, options.extraction.as_deref(), options.keeps_content);
        // Held until the sink has taken the document.
        let _held = match wanted {
            Content::Fetch { .. } | Content::UnderOlderId => Some(self.hold(attachment.size).await?),
            Content::Unchanged | Content::NotWanted => None,
        };
        let operation = match wanted {
            Content::Unchanged => {
                self.indexed.remove_old_tokens(&mut attachment.document);
                self.sync.progress.attachment_unchanged();
                update(attachment.document, ticket)
            }
            Content::NotWanted => {
                if attachment.content_skipped.is_some() {
                    self.sync.progress.content_not_wanted();
                }
                self.index(attachment.document, ticket)
            }
            Content::UnderOlderId => match self.sync.sink.attachment(attachment.document.jira_id).await? {
                Some(older) => {
                    self.sync.progress.attachment_unchanged();
                    with_content(attachment.document, ticket, |document| {
                        encode::carried_over(document, older)
                    })
                }
                None if options.extraction.is_none() => self.index(attachment.document, ticket),
                None => self.fetched(attachment, ticket, Earlier::Nowhere).await?,
            },
            Content::Fetch { earlier } => self.fetched(attachment, ticket, earlier).await?,
        };
        Ok(self.sync.sink.write(operation).await?)
    }

    /// Waits for so much of the byte budget.
    async fn hold(&self, size: u64) -> Result<SemaphorePermit<'_>, SyncError> {
        let units = FileEncoder::encoded_size(size).div_ceil(BUDGET_UNIT as u64) as usize;
        let units = units.clamp(1, self.budget_units);
        let closed = |_| SourceError::new("the download budget was closed", true);
        Ok(self.budget.acquire_many(units as u32).await.map_err(closed)?)
    }

    async fn fetched(
        &self,
        attachment: PendingAttachment,
        ticket: Arc<BatchTicket>,
        earlier: Earlier,
    ) -> Result<Operation, SyncError> {
        let options = &self.sync.options;
        Ok(match self.fetch(&attachment).await? {
            Some(content) => {
                let extraction = options.extraction.as_deref().unwrap_or_default();
                let flags = options.pipeline_flags;
                match content {
                    FileContent::File(content) => {
                        self.through_the_pipeline(attachment.document, ticket, earlier, content)
                            .await?
                    }
                    FileContent::Text { text, truncated } => with_content(attachment.document, ticket, |document| {
                        encode::whole_with_text(document, flags, extraction, text, truncated)
                    }),
                    FileContent::NoText { reason } => {
                        self.without_text(attachment.document, ticket, earlier, &reason).await?
                    }
                }
            }
            None => self.to_be_tried_again(attachment.document, ticket, earlier).await?,
        })
    }

    /// Puts content that could not be had on record, and its issue on the list of what to read again.
    pub(super) fn not_had(&self, id: &DocumentId, issue_id: Option<IssueId>, reason: &str) {
        self.sync.progress.skipped(&format!("content of {id}"), reason);
        if let Some(issue_id) = issue_id {
            self.sync.failed_part(issue_id, reason);
        }
    }

    /// Keeps the text that was extracted earlier searchable.
    pub(super) async fn without_new_content(
        &self,
        mut document: Document,
        ticket: Arc<BatchTicket>,
        earlier: Earlier,
    ) -> Result<Operation, SyncError> {
        let older = match earlier {
            Earlier::SameId => {
                self.indexed.remove_old_tokens(&mut document);
                return Ok(update(document, ticket));
            }
            Earlier::OlderId => self.sync.sink.attachment(document.jira_id).await?,
            Earlier::Nowhere => None,
        };
        Ok(match older {
            Some(older) => with_content(document, ticket, |document| encode::carried_over(document, older)),
            None => self.index(document, ticket),
        })
    }

    /// The content, or none when it could not be had, which is on record then.
    async fn fetch(&self, attachment: &PendingAttachment) -> Result<Option<FileContent>, SyncError> {
        let downloaded = self.sync.source.download(attachment).await;
        self.sync.progress.requests(self.sync.source.requests());
        match downloaded {
            Ok(content) => {
                self.sync.progress.attachment_downloaded();
                Ok(Some(content))
            }
            Err(error) if error.is_fatal() => Err(error.into()),
            // Noted on the document, so that it is asked for again when the file changes and not before.
            Err(error) if error.is_for_good() => Ok(Some(FileContent::NoText {
                reason: error.to_string(),
            })),
            Err(error) => {
                let id = &attachment.document.id;
                warn!(document.id = %id, error = %error, "could not fetch the content of an attachment");
                self.not_had(id, attachment.document.issue_id, &error.to_string());
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

fn with_content(document: Document, ticket: Arc<BatchTicket>, encode: impl FnOnce(Document) -> Bytes) -> Operation {
    let (id, issue_id) = (document.id.clone(), document.issue_id);
    Operation::Index {
        id,
        issue_id,
        ticket: Some(ticket),
        with_content: true,
        source: encode(document),
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
            extraction: Some(fingerprint("pipeline:p")),
            has_tokens: false,
        };
        IndexedAttachments {
            by_id: HashMap::from([(70, found)]),
        }
    }

    #[test]
    fn the_same_content_with_the_same_settings_is_not_fetched_again() {
        let indexed = indexed("AL-1-70");
        assert_eq!(
            indexed.judge(&pending(5, None), Some("pipeline:p"), false),
            Content::Unchanged
        );
        assert_eq!(
            indexed.judge(&pending(5, None), Some("pipeline:q"), false),
            Content::Fetch {
                earlier: Earlier::SameId
            }
        );
        assert_eq!(
            indexed.judge(&pending(6, None), Some("pipeline:p"), false),
            Content::Fetch {
                earlier: Earlier::SameId
            }
        );
    }

    #[test]
    fn content_under_an_older_id_is_taken_over_unless_it_differs() {
        let judged = |size| indexed("OLD-1-70").judge(&pending(size, None), Some("pipeline:p"), false);
        assert_eq!(judged(5), Content::UnderOlderId);
        assert_eq!(
            judged(6),
            Content::Fetch {
                earlier: Earlier::OlderId
            }
        );
    }

    #[test]
    fn content_that_is_not_wanted_is_not_fetched() {
        assert_eq!(
            indexed("AL-1-70").judge(&pending(5, Some("too large")), Some("pipeline:p"), false),
            Content::NotWanted
        );
        assert_eq!(
            indexed("AL-1-70").judge(&pending(5, None), None, false),
            Content::NotWanted
        );
    }

    #[test]
    fn content_stays_when_nothing_can_be_extracted_for_now() {
        let judged = |id: &str| indexed(id).judge(&pending(5, None), None, true);
        assert_eq!(judged("AL-1-70"), Content::Unchanged);
        assert_eq!(judged("OLD-1-70"), Content::UnderOlderId);
        let none = IndexedAttachments::default();
        assert_eq!(none.judge(&pending(5, None), None, true), Content::NotWanted);
    }
}
