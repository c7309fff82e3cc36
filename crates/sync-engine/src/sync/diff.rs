//! Compares what is indexed with what a sync saw in the source. Pure: no I/O, no clock.
//!
//! It says which documents are left over and why; whether one may be deleted is left to `deletion`.

use std::collections::HashSet;

use super::document::{DocumentKind, fingerprint};
use super::id_set::{IdSet, push_compactly};
use super::listing::{CompleteListing, IssueId};
use super::sink::IndexedDocument;
use super::source::MissingIssue;

/// Collects what one sync wrote and learned: 9 bytes a document and, unless everything that was listed was
/// asked for, 9 an issue.
#[derive(Debug, Default)]
pub struct Synced {
    written: Vec<u64>,
    /// The issues that Jira was asked for one by one.
    asked: IdSet,
    /// Jira was asked for every issue that it listed, so the listing tells which.
    asked_for_all_listed: bool,
    failed: HashSet<IssueId>,
    absent: HashSet<IssueId>,
    attachments: Vec<u64>,
    attachments_unknown: HashSet<IssueId>,
    projects: HashSet<u64>,
    boards: BoardsSeen,
    left_out: Vec<u64>,
    /// Only kept where they are asked for.
    neighbours: Option<IdSet>,
}

/// Facts about boards and sprints that a sync learned.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum BoardsSeen {
    /// It did not ask, or not everything arrived.
    #[default]
    InPart,
    /// Every one in scope.
    All,
    /// They are not wanted any more.
    NotWanted,
}

impl Synced {
    /// One for a sync that asks for every issue that Jira lists.
    pub fn of_all_listed() -> Self {
        Self {
            asked_for_all_listed: true,
            ..Self::default()
        }
    }

    /// One that also remembers which issues repeat a part of what was read.
    pub fn with_neighbours() -> Self {
        Self {
            neighbours: Some(IdSet::default()),
            ..Self::default()
        }
    }

    /// The documents of these issues repeat a part of what was read.
    pub fn neighbours(&mut self, ids: impl IntoIterator<Item = IssueId>) {
        if let Some(neighbours) = &mut self.neighbours {
            neighbours.extend(ids);
        }
    }

    /// The neighbours that Jira was not asked for.
    pub fn neighbours_not_asked_for(&self) -> Vec<IssueId> {
        let neighbours = self.neighbours.as_ref().map(IdSet::to_sorted).unwrap_or_default();
        neighbours.into_iter().filter(|id| !self.asked.contains(*id)).collect()
    }

    /// A document was handed to the sink.
    pub fn wrote(&mut self, fingerprint: u64) {
        push_compactly(&mut self.written, fingerprint);
    }

    /// The sync rules left a document out that was read.
    pub fn left_out(&mut self, fingerprint: u64) {
        push_compactly(&mut self.left_out, fingerprint);
    }

    /// A project was listed.
    pub fn project(&mut self, id: u64) {
        self.projects.insert(id);
    }

    /// Says what was learned about boards and sprints.
    pub fn boards(&mut self, seen: BoardsSeen) {
        self.boards = seen;
    }

    /// An attachment was listed by its issue.
    pub fn attachment(&mut self, id: u64) {
        push_compactly(&mut self.attachments, id);
    }

    /// Jira was asked for these issues.
    pub fn asked(&mut self, ids: impl IntoIterator<Item = IssueId>) {
        if !self.asked_for_all_listed {
            self.asked.extend(ids);
        }
    }

    /// These of them could not be read.
    pub fn failed(&mut self, ids: impl IntoIterator<Item = IssueId>) {
        self.failed.extend(ids);
    }

    /// These of them are not there, by Jira's own answer.
    pub fn absent(&mut self, ids: impl IntoIterator<Item = IssueId>) {
        self.absent.extend(ids);
    }

    /// Jira did not say what is attached to these issues.
    pub fn attachments_unknown(&mut self, ids: impl IntoIterator<Item = IssueId>) {
        self.attachments_unknown.extend(ids);
    }

    /// Makes it ready for look-ups. Issues with a rejected document count as failed: what is indexed of them under an
    /// older id must stay.
    pub fn seal(mut self, rejected: &HashSet<IssueId>) -> SealedSynced {
        self.failed.extend(rejected);
        self.written.sort_unstable();
        self.written.dedup();
        self.left_out.sort_unstable();
        self.attachments.sort_unstable();
        SealedSynced(self)
    }
}

/// [`Synced`], sorted.
#[derive(Debug)]
pub struct SealedSynced(Synced);

/// The evidence that an issue is missing.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// A listing of everything in scope: what it lacks is missing.
    Listing(&'a CompleteListing),
    /// Only the answers for the issues that were asked for.
    Answers,
}

/// The reason why this sync did not write an indexed document again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// It was written, or nothing is known that would speak against it.
    Keep,
    /// The sync rules leave it out as it was read in this sync.
    LeftOut,
    /// The same Jira object was written under another id in this sync: a rename or a move.
    Superseded,
    /// Its issue was read whole and does not have it any more.
    Detached,
    /// Its issue was not listed, or not there when asked for. Needs confirmation.
    IssueMissing(MissingIssue),
    /// Its project was not listed. Needs confirmation.
    ProjectMissing(u64),
    /// This board or sprint was not listed. Needs confirmation.
    BoardMissing(DocumentKind, u64),
    /// It carries no numeric id, so Jira has to be asked by its key.
    Unidentified,
}

impl SealedSynced {
    /// Whether Jira was asked for this issue.
    pub fn asked(&self, id: IssueId) -> bool {
        self.0.asked.contains(id)
    }

    /// Whether neighbours matter to this sync.
    pub fn remembers_neighbours(&self) -> bool {
        self.0.neighbours.is_some()
    }

    /// The number of different documents handed to the sink. An index that holds all of them and as many as these
    /// holds nothing else.
    pub fn documents(&self) -> u64 {
        self.0.written.len() as u64
    }

    /// Whether a document with this fingerprint was written.
    pub fn wrote(&self, fingerprint: u64) -> bool {
        self.0.written.binary_search(&fingerprint).is_ok()
    }

    /// The issues that Jira did not show when it was asked for them.
    pub fn absent(&self) -> impl Iterator<Item = IssueId> {
        self.0.absent.iter().copied()
    }

    /// Whether Jira did not show this issue when it was asked for it.
    pub fn is_absent(&self, id: IssueId) -> bool {
        self.0.absent.contains(&id)
    }

    /// Whether this issue was read whole and everything of it was accepted.
    fn read_whole(&self, id: IssueId, evidence: Evidence<'_>) -> bool {
        let asked = match evidence {
            Evidence::Listing(listing) if self.0.asked_for_all_listed => listing.contains(id),
            Evidence::Listing(_) | Evidence::Answers => self.0.asked.contains(id),
        };
        asked && !self.0.failed.contains(&id) && !self.0.absent.contains(&id)
    }

    /// Whether Jira told everything about an issue's documents of this kind.
    pub fn told_all(&self, id: IssueId, kind: DocumentKind, evidence: Evidence<'_>) -> bool {
        let attachments_told = kind != DocumentKind::Attachment || !self.0.attachments_unknown.contains(&id);
        self.read_whole(id, evidence) && attachments_told
    }

    /// Judges one indexed document.
    pub fn judge(&self, document: &IndexedDocument, evidence: Evidence<'_>) -> Leftover {
        if self.0.written.binary_search(&fingerprint(&document.id)).is_ok() {
            return self.judge_written(document, evidence);
        }
        if self.0.left_out.binary_search(&fingerprint(&document.id)).is_ok() {
            return Leftover::LeftOut;
        }
        match (document.kind, document.jira_id) {
            (_, None) => Leftover::Unidentified,
            (DocumentKind::Project, Some(id)) if self.0.projects.contains(&id) => Leftover::Keep,
            (DocumentKind::Project, Some(id)) => match evidence {
                Evidence::Listing(_) => Leftover::ProjectMissing(id),
                Evidence::Answers => Leftover::Keep,
            },
            (DocumentKind::Issue, Some(id)) => self.judge_issue(id, document, evidence, Leftover::Superseded),
            (kind @ (DocumentKind::Board | DocumentKind::Sprint), Some(id)) => match (evidence, self.0.boards) {
                (Evidence::Answers, _) | (Evidence::Listing(_), BoardsSeen::InPart) => Leftover::Keep,
                (Evidence::Listing(_), BoardsSeen::All) => Leftover::BoardMissing(kind, id),
                (Evidence::Listing(_), BoardsSeen::NotWanted) => Leftover::LeftOut,
            },
            // Public ones are part of the issue, so one that is not written any more may well be there. Entries of
            // histories stay for ever: one that is not written any more is not wanted.
            (DocumentKind::Comment | DocumentKind::Worklog | DocumentKind::Changelog, Some(_)) => {
                match document.issue_id {
                    Some(issue_id) => self.judge_issue(issue_id, document, evidence, Leftover::Superseded),
                    None => Leftover::Unidentified,
                }
            }
            (DocumentKind::Attachment, Some(id)) => {
                let Some(issue_id) = document.issue_id else {
                    return Leftover::Unidentified;
                };
                if self.0.attachments_unknown.contains(&issue_id) {
                    return Leftover::Keep;
                }
                let renamed = self.0.attachments.binary_search(&id).is_ok();
                let if_read = if renamed {
                    Leftover::Superseded
                } else {
                    Leftover::Detached
                };
                self.judge_issue(issue_id, document, evidence, if_read)
            }
        }
    }

    /// Issues that are read because of what an earlier sync says may have left the scope since.
    fn judge_written(&self, document: &IndexedDocument, evidence: Evidence<'_>) -> Leftover {
        let issue_id = match document.kind {
            DocumentKind::Issue => document.jira_id,
            _ => document.issue_id,
        };
        match (evidence, issue_id) {
            (Evidence::Listing(listing), Some(id)) if !listing.contains(id) => {
                let key = document.key.clone();
                Leftover::IssueMissing(MissingIssue { id, key })
            }
            _ => Leftover::Keep,
        }
    }

    fn judge_issue(
        &self,
        issue_id: IssueId,
        document: &IndexedDocument,
        evidence: Evidence<'_>,
        if_read: Leftover,
    ) -> Leftover {
        if self.read_whole(issue_id, evidence) {
            return if_read;
        }
        let not_listed = match evidence {
            Evidence::Listing(listing) => !listing.contains(issue_id),
            Evidence::Answers => false,
        };
        if not_listed || self.0.absent.contains(&issue_id) {
            return Leftover::IssueMissing(MissingIssue {
                id: issue_id,
                key: document.key.clone(),
            });
        }
        // Listed and not read, or not asked for: what is indexed stays.
        Leftover::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::listing::{EndOfListing, ListingBuilder};

    struct End(u64);

    impl EndOfListing for End {
        fn rows(&self) -> u64 {
            self.0
        }
    }

    fn listing(ids: &[IssueId]) -> CompleteListing {
        let mut builder = ListingBuilder::default();
        builder.open_scope();
        builder.page(ids.iter().copied());
        builder.end_scope(&End(ids.len() as u64));
        builder.finish().unwrap()
    }

    fn indexed(id: &str, kind: DocumentKind, jira_id: u64, issue_id: Option<u64>) -> IndexedDocument {
        IndexedDocument {
            id: id.to_owned(),
            kind,
            jira_id: Some(jira_id),
            issue_id,
            ..IndexedDocument::default()
        }
    }

    fn issue(id: &str, jira_id: u64) -> IndexedDocument {
        indexed(id, DocumentKind::Issue, jira_id, None)
    }

    fn moved_to_beta() -> Synced {
        let mut synced = Synced::default();
        synced.wrote(fingerprint("Beta-B-1"));
        synced.asked([7]);
        synced
    }

    fn missing(id: IssueId) -> Leftover {
        Leftover::IssueMissing(MissingIssue { id, key: None })
    }

    #[test]
    fn boards_go_only_by_a_list_of_all_of_them() {
        let (board, listing) = (indexed("board-7", DocumentKind::Board, 7, None), listing(&[]));
        let judged = |seen: BoardsSeen, evidence: Evidence<'_>| {
            let mut synced = Synced::default();
            synced.boards(seen);
            synced.wrote(fingerprint("board-8"));
            synced.seal(&HashSet::new()).judge(&board, evidence)
        };
        let listed = Evidence::Listing(&listing);
        assert_eq!(judged(BoardsSeen::InPart, listed), Leftover::Keep);
        assert_eq!(
            judged(BoardsSeen::All, listed),
            Leftover::BoardMissing(DocumentKind::Board, 7)
        );
        assert_eq!(judged(BoardsSeen::All, Evidence::Answers), Leftover::Keep);
        assert_eq!(judged(BoardsSeen::NotWanted, listed), Leftover::LeftOut);
    }

    #[test]
    fn an_entry_of_a_history_goes_with_its_issue_or_when_it_is_not_wanted() {
        let entry = indexed("changelog-70", DocumentKind::Changelog, 70, Some(7));
        let not_read = Synced::default().seal(&HashSet::new());
        assert_eq!(not_read.judge(&entry, Evidence::Answers), Leftover::Keep);
        assert_eq!(not_read.judge(&entry, Evidence::Listing(&listing(&[]))), missing(7));
        let read = moved_to_beta().seal(&HashSet::new());
        assert_eq!(read.judge(&entry, Evidence::Answers), Leftover::Superseded);
    }

    #[test]
    fn an_issue_that_was_renamed_leaves_its_old_document_behind() {
        let sealed = moved_to_beta().seal(&HashSet::new());
        let listing = listing(&[7]);
        for evidence in [Evidence::Listing(&listing), Evidence::Answers] {
            assert_eq!(sealed.judge(&issue("Beta-B-1", 7), evidence), Leftover::Keep);
            assert_eq!(sealed.judge(&issue("Alpha-A-1", 7), evidence), Leftover::Superseded);
        }
    }

    #[test]
    fn the_old_document_of_a_rename_stays_when_the_new_one_was_rejected() {
        let sealed = moved_to_beta().seal(&HashSet::from([7]));
        assert_eq!(
            sealed.judge(&issue("Alpha-A-1", 7), Evidence::Listing(&listing(&[7]))),
            Leftover::Keep
        );
    }

    #[test]
    fn what_the_rules_leave_out_goes_even_when_the_listing_has_it() {
        let mut synced = Synced::default();
        synced.asked([7]);
        synced.left_out(fingerprint("Alpha-A-1"));
        synced.project(3);
        synced.left_out(fingerprint("project-3"));
        let sealed = synced.seal(&HashSet::new());
        assert_eq!(
            sealed.judge(&issue("Alpha-A-1", 7), Evidence::Answers),
            Leftover::LeftOut
        );
        let project = indexed("project-3", DocumentKind::Project, 3, None);
        assert_eq!(sealed.judge(&project, Evidence::Answers), Leftover::LeftOut);
        assert_eq!(sealed.judge(&issue("Alpha-A-2", 8), Evidence::Answers), Leftover::Keep);
    }

    #[test]
    fn an_issue_that_could_not_be_read_or_was_not_asked_for_stays() {
        let mut synced = Synced::default();
        synced.asked([7]);
        synced.failed([7]);
        let sealed = synced.seal(&HashSet::new());
        let listing = listing(&[7, 8]);
        assert_eq!(
            sealed.judge(&issue("Alpha-A-1", 7), Evidence::Listing(&listing)),
            Leftover::Keep
        );
        assert_eq!(
            sealed.judge(&issue("Alpha-A-2", 8), Evidence::Listing(&listing)),
            Leftover::Keep
        );
        assert_eq!(sealed.judge(&issue("Alpha-A-3", 9), Evidence::Answers), Leftover::Keep);
    }

    #[test]
    fn an_issue_that_is_not_listed_or_not_there_when_asked_for_needs_confirmation() {
        let mut synced = Synced::default();
        synced.asked([7]);
        synced.absent([7]);
        let sealed = synced.seal(&HashSet::new());
        assert_eq!(
            sealed.judge(&issue("Alpha-A-1", 7), Evidence::Listing(&listing(&[7]))),
            missing(7)
        );
        assert_eq!(sealed.judge(&issue("Alpha-A-1", 7), Evidence::Answers), missing(7));
        assert_eq!(
            sealed.judge(&issue("Alpha-A-2", 8), Evidence::Listing(&listing(&[7]))),
            missing(8)
        );
    }

    #[test]
    fn attachments_follow_what_their_issue_says() {
        let mut synced = Synced::default();
        synced.asked([7, 8]);
        synced.attachments_unknown([8]);
        synced.attachment(70);
        let sealed = synced.seal(&HashSet::new());
        let attachment = |id: u64, issue| indexed("x", DocumentKind::Attachment, id, Some(issue));
        let listing = listing(&[7, 8]);
        let evidence = Evidence::Listing(&listing);
        assert_eq!(sealed.judge(&attachment(70, 7), evidence), Leftover::Superseded);
        assert_eq!(sealed.judge(&attachment(71, 7), evidence), Leftover::Detached);
        assert_eq!(sealed.judge(&attachment(72, 8), evidence), Leftover::Keep);
        assert_eq!(sealed.judge(&attachment(73, 9), evidence), missing(9));
    }

    #[test]
    fn a_document_without_a_numeric_id_is_never_judged_missing() {
        let sealed = Synced::default().seal(&HashSet::new());
        let document = IndexedDocument {
            jira_id: None,
            ..issue("Alpha-A-1", 0)
        };
        assert_eq!(
            sealed.judge(&document, Evidence::Listing(&listing(&[]))),
            Leftover::Unidentified
        );
    }

    #[test]
    fn a_project_is_only_missing_from_a_complete_listing() {
        let sealed = Synced::default().seal(&HashSet::new());
        let project = indexed("project-3", DocumentKind::Project, 3, None);
        assert_eq!(
            sealed.judge(&project, Evidence::Listing(&listing(&[]))),
            Leftover::ProjectMissing(3)
        );
        assert_eq!(sealed.judge(&project, Evidence::Answers), Leftover::Keep);
    }
}
