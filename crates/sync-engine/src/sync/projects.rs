//! Documents of projects: few, cheap, and written last.
//!
//! An issue's `_id` holds its project's name, so the indexed project tells which name its issues were written under;
//! it may only change after they were.

use super::content_sync::ContentSync;
use super::diff::Synced;
use super::document::Document;
use super::encode;
use super::error::SyncError;
use super::rule_gate::RuleGate;
use super::sink::{IndexScan, IndexSelection, IndexedPage, Operation, Sink};
use super::source::Source;

/// Writes the documents of all projects in scope.
pub(super) async fn write<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    projects: Vec<Document>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    projects.iter().for_each(|project| synced.project(project.jira_id));
    write_each(sync, projects, synced).await
}

/// Writes documents that belong to no issue, as far as the sync rules want them.
pub(super) async fn write_each<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    documents: Vec<Document>,
    synced: &mut Synced,
) -> Result<(), SyncError> {
    let gate = RuleGate::new(&sync.options.rules, &mut []);
    for mut document in documents {
        if !gate.admits(&mut document) {
            synced.left_out(document.id.fingerprint());
            sync.progress.left_out();
            continue;
        }
        synced.wrote(document.id.fingerprint());
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
    Ok(())
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
                let name = new.fields.get("Project").and_then(|project| project.get("name"));
                let key = new.fields.get("Key");
                name.and_then(|name| name.as_str()) == old.project_name.as_deref()
                    && key.and_then(|key| key.as_str()) == old.key.as_deref()
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
