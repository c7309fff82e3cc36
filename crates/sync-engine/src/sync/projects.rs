//! Documents of projects: few, cheap, and written last.
//!
//! An issue's `_id` holds its project's name, so the indexed project tells which name its issues were written under;
//! it may only change after they were.

use std::collections::HashMap;

use super::content_sync::ContentSync;
use super::diff::Synced;
use super::document::{Document, DocumentId, DocumentKind};
use super::encode;
use super::error::SyncError;
use super::id_set::IdSet;
use super::rule_gate::RuleGate;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::Source;

/// Documents looked up in one query to the index.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// The documents of all projects in scope that the sync rules want.
pub(super) fn admit<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    projects: Vec<Document>,
    synced: &mut Synced,
) -> Vec<Document> {
    projects.iter().for_each(|project| synced.project(project.jira_id));
    admit_each(sync, projects, synced)
}

/// Those of these documents, which belong to no issue, that the sync rules want. They count as written from now on.
pub(super) fn admit_each<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    documents: Vec<Document>,
    synced: &mut Synced,
) -> Vec<Document> {
    let gate = RuleGate::new(&sync.options.rules, &mut []);
    let mut admitted = Vec::with_capacity(documents.len());
    for mut document in documents {
        let fingerprint = document.id.fingerprint();
        if gate.admits(&mut document) {
            synced.wrote(fingerprint);
            admitted.push(document);
        } else {
            synced.left_out(fingerprint);
            sync.progress.left_out();
        }
    }
    admitted
}

/// Writes what was admitted. It comes last in a sync: the document of a project or a sprint says that its issues were
/// written under its name.
pub(super) async fn write<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    admitted: Vec<Document>,
) -> Result<(), SyncError> {
    for document in admitted {
        let id = document.id.clone();
        let source = encode::whole(sync.with_readers(document), sync.options.pipeline_flags);
        sync.sink
            .write(Operation::Index {
                id,
                issue_id: None,
                ticket: None,
                with_content: false,
                source,
            })
            .await?;
    }
    sync.sink.flush().await?;
    Ok(())
}

/// How many of these documents the index lacks.
pub(super) async fn not_indexed<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    admitted: &[Document],
) -> Result<u64, SyncError> {
    let mut missing = admitted.len() as u64;
    for some in admitted.chunks(LOOKED_UP_AT_ONCE) {
        let ids = some.iter().map(|document| document.id.as_str().to_owned()).collect();
        let mut scan = sync.sink.scan(IndexSelection::Ids(ids)).await?;
        while let IndexedPage::Documents(indexed) = scan.next_page().await? {
            missing = missing.saturating_sub(indexed.len() as u64);
        }
    }
    Ok(missing)
}

/// The key and the name of a project, as its document has them.
fn key_and_name(project: &Document) -> Option<(&str, &str)> {
    let key = project.fields.get("Key")?.as_str()?;
    Some((key, project.fields.get("Project")?.get("name")?.as_str()?))
}

/// The ids of all issues whose documents have the name that their project has now. A sync that was killed may have written
/// an issue under it and not removed the one of before.
pub(super) async fn indexed_issues<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    projects: &[Document],
) -> Result<IdSet, SyncError> {
    let names: HashMap<&str, &str> = projects.iter().filter_map(key_and_name).collect();
    let (mut named, mut misnamed) = (IdSet::default(), IdSet::default());
    let mut scan = sync.sink.scan(IndexSelection::Everything).await?;
    while let IndexedPage::Documents(documents) = scan.next_page().await? {
        for issue in documents.iter().filter(|document| document.kind == DocumentKind::Issue) {
            let ids = if is_named_after(issue, &names) {
                &mut named
            } else {
                &mut misnamed
            };
            ids.extend(issue.jira_id);
        }
    }
    let named = named.into_sorted().into_iter();
    Ok(named.filter(|id| !misnamed.contains(*id)).collect())
}

/// Whether the `_id` of an issue's document has the name that its project has now, by key. One without a version was denied
/// by a sync that failed.
fn is_named_after(issue: &IndexedDocument, names: &HashMap<&str, &str>) -> bool {
    let key = issue.key.as_deref().unwrap_or_default();
    let name = key.rsplit_once('-').and_then(|(project, _)| names.get(project));
    let has_version = issue.timestamp.is_some();
    has_version && name.is_some_and(|name| DocumentId::new(format!("{name}-{key}")).as_str() == issue.id)
}

/// The ids of projects whose issues are indexed under another name or key, or not at all.
pub(super) async fn renamed<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    projects: &[Document],
) -> Result<Vec<u64>, SyncError> {
    // A project that the rules leave out is not indexed, which does not mean that it has a new name. When it gets one,
    // the next full sync finds out.
    let gate = RuleGate::new(&sync.options.rules, &mut []);
    let projects: Vec<&Document> = projects
        .iter()
        .filter(|project| gate.admits(&mut (*project).clone()))
        .collect();
    let ids = projects.iter().map(|project| project.id.as_str().to_owned()).collect();
    let mut unchanged = Vec::new();
    let mut scan = sync.sink.scan(IndexSelection::Ids(ids)).await?;
    while let IndexedPage::Documents(indexed) = scan.next_page().await? {
        for old in indexed {
            let same = projects.iter().find(|new| new.id.as_str() == old.id).filter(|new| {
                let (key, name) = key_and_name(new).unzip();
                name == old.project_name.as_deref() && key == old.key.as_deref()
            });
            unchanged.extend(same.map(|project| project.jira_id));
        }
    }
    Ok(projects
        .iter()
        .map(|project| project.jira_id)
        .filter(|id| !unchanged.contains(id))
        .collect())
}
