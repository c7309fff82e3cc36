//! The incremental sync: what changed since the cursor, and now and then a sweep for what vanished.
//!
//! Its cost follows the changes. Without a cursor that can be trusted it becomes a full sync.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::attachments::IndexedAttachments;
use super::boards;
use super::content_sync::{ContentSync, SyncResult, SyncSummary};
use super::cursor::SyncCursor;
use super::diff::{Evidence, Synced};
use super::document::{Document, DocumentKind};
use super::error::SyncError;
use super::id_set::IdSet;
use super::issues::{self, LOOKED_UP_AT_ONCE, indexed_of, list_ids};
use super::kept_access;
use super::listing::{CompleteListing, IssueId};
use super::progress::Phase;
use super::projects;
use super::reconcile::reconcile;
use super::sink::{Flushed, IndexScan, IndexSelection, IndexedPage, Sink};
use super::source::{BoardListing, ChangedIssue, IssueSelection, Source};

/// With rules that leave issues out, most of what is not indexed is so on purpose: it is only read again to see whether
/// that still holds when that is cheap. A full sync always does.
const LEFT_OUT_READ_AGAIN: usize = 1_000;

/// The reason why an incremental sync reads everything.
const NO_CURSOR: &str = "there is no sync cursor that can be trusted, so this sync was run as a full sync";
const DOCUMENTS_OF_OTHERS: &str =
    "the index holds documents without jira_id, made by another connector, so this sync was run as a full sync";

/// The reading that precedes all writing of an incremental sync.
struct Found {
    /// The latest change that was listed.
    newest: Option<DateTime<Utc>>,
    looked_back: bool,
    projects: Vec<Document>,
    /// Only when deletions are looked for.
    sweep: Option<Sweep>,
    /// The issues to read again.
    wanted: Vec<IssueId>,
}

/// The listings of a look for deletions.
struct Sweep {
    listing: CompleteListing,
    boards: BoardListing,
}

/// The issues that were read, and what is known about them.
struct Read {
    ids: Vec<IssueId>,
    attachments: Arc<IndexedAttachments>,
    synced: Synced,
}

impl<S: Source, K: Sink> ContentSync<S, K> {
    pub(super) async fn run_incremental(self: &Arc<Self>, cursor: Option<SyncCursor>) -> SyncResult {
        let now = self.source.opened_at();
        let cursor = match self.cursor_to_go_on_from(cursor, now).await? {
            Ok(cursor) => cursor,
            Err(reason) => {
                warn!("{reason}");
                self.progress.note(reason.into());
                return self.run_full(None).await;
            }
        };
        self.progress.enter(Phase::Syncing);
        let found = self.look_for_changes(&cursor, now).await?;
        let mut read = self.read_again(found.wanted).await?;

        self.progress.enter(Phase::Flushing);
        let (listing, boards) = found.sweep.map(|sweep| (sweep.listing, sweep.boards)).unzip();
        let mut last = projects::admit(self, found.projects, &mut read.synced);
        if let Some(boards) = boards {
            last.extend(boards::admit(self, boards, &mut read.synced));
        }
        let flushed = self.sink.flush().await?;

        self.progress.enter(Phase::Reconciling);
        let kept = self.remove_leftovers(read, &flushed, listing.as_ref()).await?;
        self.count_files_without_text(false).await?;
        self.source.confirm_account().await?;

        let retry = self.retry_list(&cursor.retry).await?;
        projects::write(self, last).await?;
        self.progress.requests(self.source.requests());
        self.progress.enter(Phase::Finished);
        let swept_at = listing.is_some().then_some(now);
        let looked_back_at = found.looked_back.then_some(now);
        Ok(SyncSummary {
            counts: self.progress.snapshot(),
            kept_without_proof: kept,
            cursor: cursor
                .advanced(found.newest, retry, swept_at, looked_back_at)
                .with_scope(self.source.scope_form()),
        })
    }

    /// The cursor, or why every document has to be read instead.
    async fn cursor_to_go_on_from(
        &self,
        cursor: Option<SyncCursor>,
        now: DateTime<Utc>,
    ) -> Result<Result<SyncCursor, &'static str>, SyncError> {
        let Some(cursor) = cursor.filter(|cursor| !cursor.is_from_the_future(now)) else {
            return Ok(Err(NO_CURSOR));
        };
        if self.has_documents_of_others().await? {
            return Ok(Err(DOCUMENTS_OF_OTHERS));
        }
        Ok(self.other_form(&cursor).map_or(Ok(cursor), Err))
    }

    /// Lists what changed since the cursor, what the last sync left to this one, and, when it is time, everything.
    async fn look_for_changes(&self, cursor: &SyncCursor, now: DateTime<Utc>) -> Result<Found, SyncError> {
        let (since, looked_back) = cursor.window(now);
        let changed = self.source.list_changed(since).await?;
        let newest = changed.iter().filter_map(|issue| issue.updated).max();
        let projects = self.source.projects().await?;

        let mut wanted = self.not_synced(changed, cursor).await?;
        wanted.extend(cursor.retry.iter().map(|retry| retry.issue_id));
        let renamed = projects::renamed(self, &projects).await?;
        if !renamed.is_empty() {
            info!(
                projects = renamed.len(),
                "reading projects again whose name or key changed"
            );
            wanted.extend(list_ids(self, IssueSelection::Projects(renamed)).await?);
        }
        // What left the scope by a decision goes at once: later nobody could tell why it left.
        let other_scope = cursor
            .scope
            .as_ref()
            .is_some_and(|scope| *scope != self.source.scope_form());
        let sweep = if other_scope || cursor.sweep_due(now, self.options.sweep_interval) {
            Some(self.sweep(&projects, &mut wanted).await?)
        } else {
            None
        };
        Ok(Found {
            newest,
            looked_back,
            projects,
            sweep,
            wanted: wanted.into_sorted(),
        })
    }

    /// Lists everything, and wants what of it is not indexed or repeats a sprint that changed.
    async fn sweep(&self, projects: &[Document], wanted: &mut IdSet) -> Result<Sweep, SyncError> {
        let listing = issues::list_all(self).await?;
        let boards = boards::read(self).await?;
        wanted.extend(boards::issues_of_changed_sprints(self, &boards).await?);
        let not_indexed = self.not_indexed(listing.ids(), projects).await?;
        if self.options.rules.keeps_everything() || not_indexed.len() <= LEFT_OUT_READ_AGAIN {
            wanted.extend(not_indexed);
        }
        Ok(Sweep { listing, boards })
    }

    /// Reads these issues, and those whose documents repeat a part of them.
    async fn read_again(self: &Arc<Self>, mut ids: Vec<IssueId>) -> Result<Read, SyncError> {
        let mut synced = Synced::with_neighbours();
        let indexed = indexed_of(self, &ids).await?;
        let attachments = Arc::new(indexed.iter().collect::<IndexedAttachments>());
        self.progress.listing_ended();
        issues::sync_ids(self, &attachments, ids.clone(), &mut synced).await?;
        synced.neighbours(self.indexed_children(&ids).await?);
        // A link, a parent or a sub-task shows a summary and a status: its document is outdated with them.
        let neighbours = synced.neighbours_not_asked_for();
        ids.extend(issues::sync_indexed(self, neighbours, &mut synced).await?);
        Ok(Read {
            ids,
            attachments,
            synced,
        })
    }

    /// Removes what is left over: of everything when everything was listed, else of the issues that were read. Returns
    /// how many documents stay without proof.
    async fn remove_leftovers(
        self: &Arc<Self>,
        read: Read,
        flushed: &Flushed,
        listing: Option<&CompleteListing>,
    ) -> Result<u64, SyncError> {
        let Read {
            ids,
            attachments,
            synced,
        } = read;
        let sealed = synced.seal(&flushed.rejected_issues);
        kept_access::deny_older(self, &flushed.rejected_issues, |id| sealed.wrote(id)).await?;
        if let Some(listing) = listing {
            let evidence = Evidence::Listing(listing);
            return reconcile(self, &attachments, &sealed, evidence, IndexSelection::Everything).await;
        }
        let mut kept = 0;
        for some in ids.chunks(LOOKED_UP_AT_ONCE) {
            let selection = IndexSelection::OfIssues(some.to_vec());
            kept += reconcile(self, &attachments, &sealed, Evidence::Answers, selection).await?;
        }
        Ok(kept)
    }

    /// Those of the listed issues that no completed sync has seen as they are. A sync that failed may have written an
    /// issue and not removed what the issue had before, so what the index holds only counts for changes before the cursor.
    async fn not_synced(&self, changed: Vec<ChangedIssue>, cursor: &SyncCursor) -> Result<IdSet, SyncError> {
        let ids: Vec<IssueId> = changed.iter().map(|issue| issue.id).collect();
        let mut versions: HashMap<IssueId, Vec<Option<DateTime<Utc>>>> = HashMap::new();
        for document in indexed_of(self, &ids).await? {
            if let (DocumentKind::Issue, Some(id)) = (document.kind, document.jira_id) {
                versions.entry(id).or_default().push(document.updated());
            }
        }
        let differs = |issue: &ChangedIssue| {
            let before_cursor = issue.updated.is_some_and(|updated| updated <= cursor.updated);
            !before_cursor
                || versions
                    .get(&issue.id)
                    .is_none_or(|indexed| indexed.as_slice() != [issue.updated])
        };
        Ok(changed.into_iter().filter(differs).map(|issue| issue.id).collect())
    }

    async fn not_indexed(&self, listed: Vec<IssueId>, projects: &[Document]) -> Result<Vec<IssueId>, SyncError> {
        let indexed = projects::indexed_issues(self, projects).await?;
        Ok(listed.into_iter().filter(|id| !indexed.contains(*id)).collect())
    }

    /// Issues whose indexed document names one of these as parent. An epic does not list its children itself.
    async fn indexed_children(&self, ids: &[IssueId]) -> Result<Vec<IssueId>, SyncError> {
        let mut children = Vec::new();
        for some in ids.chunks(LOOKED_UP_AT_ONCE) {
            let mut scan = self.sink.scan(IndexSelection::ChildrenOf(some.to_vec())).await?;
            while let IndexedPage::Documents(documents) = scan.next_page().await? {
                children.extend(documents.into_iter().filter_map(|document| document.jira_id));
            }
        }
        Ok(children)
    }

    async fn has_documents_of_others(&self) -> Result<bool, SyncError> {
        let mut scan = self.sink.scan(IndexSelection::WithoutJiraId).await?;
        Ok(matches!(scan.next_page().await?, IndexedPage::Documents(_)))
    }
}
