//! The access of documents that stay although a newer version could not be read or written. Keeping an old document is right
//! for its content, never for its access: its readers are brought up to date by themselves, or it is denied to everybody.
//!
//! `issues` and `reconcile` decide about the content.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde_json::{Value, json};

use super::content_sync::ContentSync;
use super::document::{ACCESS_FIELD, Document, DocumentId, DocumentKind, NOBODY, fingerprint};
use super::error::SyncError;
use super::listing::IssueId;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::Source;

/// Issues looked up in one scan.
const AT_ONCE: usize = 500;

/// Denies everything that is indexed of issues that could not be read, but for the documents whose readers are told by
/// what could be read of them. Without document level security there is nothing to deny.
pub(super) async fn deny_unread<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    issues: &[IssueId],
    read_in_part: &HashMap<String, Value>,
) -> Result<(), SyncError> {
    for_each_indexed(sync, issues, |document| {
        let known = read_in_part.get(&document.id).cloned();
        Some(known.unwrap_or_else(|| json!([NOBODY])))
    })
    .await
}

/// Denies what is indexed of issues of which a document was refused, under an `_id` that this sync did not write: a name of
/// before. The documents of this sync are up to date, or the sink saw to their access.
pub(super) async fn deny_older<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    issues: &HashSet<IssueId>,
    wrote: impl Fn(u64) -> bool,
) -> Result<(), SyncError> {
    let issues: Vec<IssueId> = issues.iter().copied().collect();
    for_each_indexed(sync, &issues, |document| {
        (!wrote(fingerprint(&document.id))).then(|| json!([NOBODY]))
    })
    .await
}

/// The tokens that a document carries, by its `_id`.
pub(super) fn tokens_of(document: &Document) -> Option<(String, Value)> {
    let tokens = document.fields.get(ACCESS_FIELD)?;
    Some((document.id.as_str().to_owned(), tokens.clone()))
}

async fn for_each_indexed<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    issues: &[IssueId],
    tokens: impl Fn(&IndexedDocument) -> Option<Value>,
) -> Result<(), SyncError> {
    if sync.source.access_form().is_none() {
        return Ok(());
    }
    for some in issues.chunks(AT_ONCE) {
        let mut documents = Vec::new();
        let mut scan = sync.sink.scan(IndexSelection::OfIssues(some.to_vec())).await?;
        while let IndexedPage::Documents(page) = scan.next_page().await? {
            documents.extend(page);
        }
        // Projects, boards and sprints may have the number of an issue.
        documents.retain(|document| document.kind == DocumentKind::Issue || document.issue_id.is_some());
        // Issues first: whenever this is cut short, what belongs to them is read again with them.
        documents.sort_by_key(|document| document.kind != DocumentKind::Issue);
        for document in documents {
            let Some(tokens) = tokens(&document) else { continue };
            let mut partial = json!({ ACCESS_FIELD: tokens });
            if document.kind == DocumentKind::Issue {
                // Without a version it is read again, also when this sync fails and leaves no retry list.
                partial["_timestamp"] = Value::Null;
            }
            let operation = Operation::Update {
                id: DocumentId::new(document.id),
                ticket: None,
                partial: Bytes::from(partial.to_string()),
            };
            sync.sink.write(operation).await?;
        }
    }
    Ok(())
}
