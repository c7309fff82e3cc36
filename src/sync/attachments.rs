//! Attachments: which content is indexed already, which has to be fetched, and how much of it is held at once.
//!
//! The download itself, with its checks, is left to `source`.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tracing::warn;

use super::document::{DocumentKind, fingerprint};
use super::encode;
use super::error::SyncError;
use super::full::FullSync;
use super::sink::{IndexScan, IndexedPage, Operation, Sink};
use super::source::{PendingAttachment, Source, SourceError};

/// The byte budget is counted in units of this size, because a semaphore counts in 32 bits.
const BUDGET_UNIT: usize = 1024;

/// The attachments that the index has.
#[derive(Debug, Default)]
pub(super) struct IndexedAttachments {
    by_id: HashMap<u64, IndexedAttachment>,
}

#[derive(Debug)]
struct IndexedAttachment {
    document: u128,
    size: Option<u64>,
    extraction: Option<String>,
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
    /// Reads them from the index.
    pub(super) async fn read<K: Sink>(sink: &K) -> Result<Self, SyncError> {
        let mut by_id = HashMap::new();
        let mut scan = sink.scan().await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            for indexed in documents {
                if let (DocumentKind::Attachment, Some(id)) = (indexed.kind, indexed.jira_id) {
                    let document = fingerprint(&indexed.id);
                    by_id.insert(
                        id,
                        IndexedAttachment {
                            document,
                            size: indexed.size,
                            extraction: indexed.extraction,
                        },
                    );
                }
            }
        }
        Ok(Self { by_id })
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
    sync: &Arc<FullSync<S, K>>,
    indexed: Arc<IndexedAttachments>,
    mut queue: mpsc::Receiver<PendingAttachment>,
) -> Result<(), SyncError> {
    let budget = Arc::new(Semaphore::new(
        (sync.options.download_budget_bytes / BUDGET_UNIT).max(1),
    ));
    let mut in_flight = JoinSet::new();
    while let Some(pending) = queue.recv().await {
        while in_flight.len() >= sync.options.concurrent_downloads.max(1) {
            join_one(&mut in_flight).await?;
        }
        in_flight.spawn(index_attachment(
            Arc::clone(sync),
            Arc::clone(&indexed),
            Arc::clone(&budget),
            pending,
        ));
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

async fn index_attachment<S: Source, K: Sink>(
    sync: Arc<FullSync<S, K>>,
    indexed: Arc<IndexedAttachments>,
    budget: Arc<Semaphore>,
    pending: PendingAttachment,
) -> Result<(), SyncError> {
    let flags = sync.options.pipeline_flags;
    let issue_id = pending.document.issue_id;
    let id = pending.document.id.clone();
    let operation = match indexed.judge(&pending, sync.options.extraction.as_deref()) {
        Content::Unchanged => {
            sync.progress.attachment_unchanged();
            Operation::Update {
                id,
                partial: encode::partial(pending.document),
            }
        }
        Content::NotWanted => {
            if let Some(reason) = &pending.content_skipped {
                sync.progress.skipped(&format!("content of {id}"), reason);
            }
            Operation::Index {
                id,
                issue_id,
                source: encode::whole(pending.document, flags),
            }
        }
        Content::Fetch { indexed_before } => {
            let units = (pending.size as usize)
                .div_ceil(BUDGET_UNIT)
                .clamp(1, budget_units(&sync.options));
            let _held = budget
                .acquire_many(units as u32)
                .await
                .map_err(|_| SyncError::Source(SourceError::new("the download budget was closed", true)))?;
            let downloaded = sync.source.download(&pending).await;
            sync.progress.requests(sync.source.requests());
            match downloaded {
                Ok(content) => {
                    sync.progress.attachment_downloaded();
                    let extraction = sync.options.extraction.as_deref().unwrap_or_default();
                    let source = encode::whole_with_content(pending.document, flags, extraction, &content);
                    drop(content);
                    return Ok(sync.sink.write(Operation::Index { id, issue_id, source }).await?);
                }
                Err(error) => {
                    warn!(document.id = %id, error = %error, "could not fetch the content of an attachment");
                    sync.progress.skipped(&format!("content of {id}"), &error.to_string());
                    if indexed_before {
                        // What was extracted earlier stays searchable; the next sync tries again.
                        Operation::Update {
                            id,
                            partial: encode::partial(pending.document),
                        }
                    } else {
                        Operation::Index {
                            id,
                            issue_id,
                            source: encode::whole(pending.document, flags),
                        }
                    }
                }
            }
        }
    };
    Ok(sync.sink.write(operation).await?)
}

fn budget_units(options: &super::full::SyncOptions) -> usize {
    (options.download_budget_bytes / BUDGET_UNIT).max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::sync::document::{Document, DocumentId};

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
