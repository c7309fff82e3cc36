//! Files whose text the ingest pipeline takes: it reports a failure in the document that it made, if at all. Such a
//! document must not replace one with text, and what failed is counted.
//!
//! Downloads, and what becomes of files without text, are left to `attachments`.

use std::sync::Arc;

use bytes::Bytes;
use tracing::warn;

use super::attachments::{Download, Earlier};
use super::checkpoint::BatchTicket;
use super::content_sync::ContentSync;
use super::document::{Document, DocumentId, DocumentKind};
use super::encode;
use super::encoded_file::EncodedFile;
use super::error::SyncError;
use super::sink::{IndexScan, IndexSelection, IndexedPage, Operation, Rehearsal, Sink};
use super::source::Source;

/// Said once in a sync when the pipeline cannot be tried.
const NOT_TRIED: &str = "Elasticsearch does not let the ingest pipeline be tried before a file is replaced, so a file \
                         that it cannot read loses the text that is indexed of it";

/// A file that is about to replace one with text.
#[derive(Debug, PartialEq, Eq)]
enum Prospect {
    /// Write it.
    Good,
    /// The pipeline takes no text out of it, for this reason; it would not another time either.
    NoText(String),
    /// Nobody knows for now.
    Unknown(String),
}

impl<S: Source, K: Sink> ContentSync<S, K> {
    /// Remembers an attachment whose document goes through the pipeline with its content.
    fn handed_over(&self, attachment: u64) {
        self.handed_over.add(attachment);
    }

    /// Lets the pipeline try a document that would replace one with text. Nothing is written, so whatever happens in
    /// between, the earlier text is there.
    async fn rehearse(&self, id: &DocumentId, source: &Bytes) -> Prospect {
        if !self.options.pipeline_flags.extract_binary_content {
            return Prospect::Good;
        }
        match self.sink.rehearse(id, source).await {
            Ok(Rehearsal::Good) => Prospect::Good,
            Ok(Rehearsal::NoText(reason)) => Prospect::NoText(reason),
            Ok(Rehearsal::NotPossible(reason)) => {
                if self.handed_over.is_first_not_tried() {
                    warn!(reason, "{NOT_TRIED}");
                    self.progress.note(format!("{NOT_TRIED}: {reason}"));
                }
                Prospect::Good
            }
            Err(error) => Prospect::Unknown(error.to_string()),
        }
    }

    /// Counts the files of this sync that the pipeline took no text from. Call it after a flush. `resumed`: an earlier run
    /// of the same job handed over others, which nobody remembers, so all of the index count.
    pub(super) async fn count_files_without_text(&self, resumed: bool) -> Result<(), SyncError> {
        let handed_over = self.handed_over.take();
        if !self.options.pipeline_flags.extract_binary_content || (handed_over.is_empty() && !resumed) {
            return Ok(());
        }
        let mut scan = self.sink.scan(IndexSelection::RefusedByPipeline).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            for document in documents {
                let of_this_sync = resumed || document.jira_id.is_some_and(|id| handed_over.contains(id));
                if document.kind == DocumentKind::Attachment && of_this_sync {
                    let reason = document.ingestion_error.unwrap_or_else(|| "it does not say why".into());
                    self.no_text_of(&document.id, &reason);
                }
            }
        }
        Ok(())
    }

    /// Puts on record that there is no text of a file.
    fn no_text_of(&self, id: &str, reason: &str) {
        warn!(document.id = id, reason, "no text could be taken from an attachment");
        self.progress.skipped(&format!("content of {id}"), reason);
    }
}

impl<S: Source, K: Sink> Download<S, K> {
    /// A first version goes to the pipeline as it is. One that would replace text is tried there before.
    pub(super) async fn through_the_pipeline(
        &self,
        document: Document,
        ticket: Arc<BatchTicket>,
        earlier: Earlier,
        content: EncodedFile,
    ) -> Result<Operation, SyncError> {
        let options = &self.sync.options;
        let (id, attachment, issue_id) = (document.id.clone(), document.jira_id, document.issue_id);
        let metadata = (earlier != Earlier::Nowhere).then(|| document.clone());
        let extraction = options.extraction.as_deref().unwrap_or_default();
        let source = encode::whole_with_content(document, options.pipeline_flags, extraction, content);
        if let Some(metadata) = metadata {
            match self.sync.rehearse(&id, &source).await {
                Prospect::Good => {}
                Prospect::NoText(reason) => return self.without_text(metadata, ticket, earlier, &reason).await,
                Prospect::Unknown(reason) => {
                    self.not_had(&id, issue_id, &reason);
                    return self.to_be_tried_again(metadata, ticket, earlier).await;
                }
            }
        }
        self.sync.handed_over(attachment);
        Ok(Operation::Index {
            id,
            issue_id,
            ticket: Some(ticket),
            with_content: true,
            source,
        })
    }

    /// The file has no text, and trying again would not change that.
    pub(super) async fn without_text(
        &self,
        mut document: Document,
        ticket: Arc<BatchTicket>,
        earlier: Earlier,
        reason: &str,
    ) -> Result<Operation, SyncError> {
        self.sync.no_text_of(document.id.as_str(), reason);
        let extraction = self.sync.options.extraction.as_deref().unwrap_or_default();
        encode::note_failed_extraction(&mut document, extraction, reason);
        self.without_new_content(document, ticket, earlier).await
    }

    /// The next sync tries again: the size of now must not stand beside the content of before, which would look done.
    pub(super) async fn to_be_tried_again(
        &self,
        mut document: Document,
        ticket: Arc<BatchTicket>,
        earlier: Earlier,
    ) -> Result<Operation, SyncError> {
        if earlier != Earlier::Nowhere {
            document.fields.remove("size");
        }
        self.without_new_content(document, ticket, earlier).await
    }
}
