//! Documents of boards and sprints: few like those of projects, listed by full syncs and with each look for deletions.
//!
//! An issue repeats the names and dates of its sprints, and does not count as changed when they change. So an indexed
//! sprint is compared with the listed one, and is only replaced after its issues were read again.

use std::collections::HashMap;

use tracing::{info, warn};

use super::content_sync::ContentSync;
use super::diff::{BoardsSeen, Synced};
use super::document::{Document, DocumentKind};
use super::error::SyncError;
use super::issues::list_ids;
use super::listing::IssueId;
use super::projects::admit_each;
use super::sink::{IndexScan, IndexSelection, IndexedPage, Sink};
use super::source::{BoardListing, IssueSelection, Source};

/// Documents looked up in one query to the index.
const LOOKED_UP_AT_ONCE: usize = 1_000;
/// Sprints in one query to the source.
const SPRINTS_AT_ONCE: usize = 100;
/// The member of a document that holds the sprint as it was listed.
const SPRINT: &str = "Sprint";

/// Asks the source for boards and sprints. What it does not show is on the job's record.
pub(super) async fn read<S: Source, K: Sink>(sync: &ContentSync<S, K>) -> Result<BoardListing, SyncError> {
    let listing = sync.source.boards().await?;
    if let BoardListing::Listed(boards) = &listing {
        for (item, reason) in &boards.unread {
            warn!(
                item,
                reason, "could not read boards or sprints; what is indexed of them stays"
            );
            sync.progress.skipped(item, reason);
        }
        sync.progress.denied(boards.denied);
    }
    Ok(listing)
}

/// What was listed and the sync rules want.
pub(super) fn admit<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    listing: BoardListing,
    synced: &mut Synced,
) -> Vec<Document> {
    let boards = match listing {
        BoardListing::NotWanted => {
            synced.boards(BoardsSeen::NotWanted);
            return Vec::new();
        }
        BoardListing::Listed(boards) => boards,
    };
    if boards.unread.is_empty() {
        synced.boards(BoardsSeen::All);
    }
    admit_each(sync, boards.documents, synced)
}

/// The issues of sprints that are indexed otherwise than they were listed.
pub(super) async fn issues_of_changed_sprints<S: Source, K: Sink>(
    sync: &ContentSync<S, K>,
    listing: &BoardListing,
) -> Result<Vec<IssueId>, SyncError> {
    let BoardListing::Listed(boards) = listing else {
        return Ok(Vec::new());
    };
    let sprints: HashMap<&str, &Document> = boards
        .documents
        .iter()
        .filter(|document| document.kind == DocumentKind::Sprint)
        .map(|document| (document.id.as_str(), document))
        .collect();
    let ids: Vec<String> = sprints.keys().map(|id| (*id).to_owned()).collect();
    let mut changed = Vec::new();
    for some in ids.chunks(LOOKED_UP_AT_ONCE) {
        let mut scan = sync.sink.scan(IndexSelection::Ids(some.to_vec())).await?;
        while let IndexedPage::Documents(indexed) = scan.next_page().await? {
            for old in indexed {
                let listed = sprints.get(old.id.as_str());
                let differs = |sprint: &&&Document| sprint.fields.get(SPRINT) != old.sprint.as_ref();
                changed.extend(listed.filter(differs).map(|sprint| sprint.jira_id));
            }
        }
    }
    let mut issues = Vec::new();
    if !changed.is_empty() {
        info!(sprints = changed.len(), "reading issues again whose sprints changed");
    }
    for some in changed.chunks(SPRINTS_AT_ONCE) {
        issues.extend(list_ids(sync, IssueSelection::Sprints(some.to_vec())).await?);
    }
    Ok(issues)
}
