//! Compares what is indexed with what a sync saw in the source. Pure: no I/O, no clock.
//!
//! It says which documents are left over and why; whether one may be deleted is left to `deletion`.

use std::collections::HashSet;

use super::document::{DocumentKind, fingerprint};
use super::listing::{CompleteListing, IssueId};
use super::sink::IndexedDocument;
use super::source::MissingIssue;

/// What one sync handed to the sink and learned on the way. 16 bytes a document and 8 a fetched issue.
#[derive(Debug, Default)]
pub struct Synced {
    written: Vec<u128>,
    fetched: Vec<IssueId>,
    attachments: Vec<u64>,
    absent: HashSet<IssueId>,
    attachments_unknown: HashSet<IssueId>,
    projects: HashSet<u64>,
}

impl Synced {
    /// A document was handed to the sink.
    pub fn wrote(&mut self, fingerprint: u128) {
        self.written.push(fingerprint);
    }

    /// A project was listed.
    pub fn project(&mut self, id: u64) {
        self.projects.insert(id);
    }

    /// An attachment was listed by its issue.
    pub fn attachment(&mut self, id: u64) {
        self.attachments.push(id);
    }

    /// Issues were read whole.
    pub fn fetched(&mut self, ids: &[IssueId]) {
        self.fetched.extend_from_slice(ids);
    }

    /// Jira did not say what is attached to these issues.
    pub fn attachments_unknown(&mut self, ids: &[IssueId]) {
        self.attachments_unknown.extend(ids);
    }

    /// Issues vanished between being listed and being fetched.
    pub fn absent(&mut self, ids: &[IssueId]) {
        self.absent.extend(ids);
    }

    /// Makes it ready for look-ups. Issues with a rejected document do not count as fetched: what is indexed of them
    /// under an older id must stay.
    pub fn seal(mut self, rejected: &HashSet<IssueId>) -> SealedSynced {
        self.written.sort_unstable();
        self.fetched.retain(|id| !rejected.contains(id));
        self.fetched.sort_unstable();
        self.attachments.sort_unstable();
        SealedSynced(self)
    }
}

/// [`Synced`], sorted.
#[derive(Debug)]
pub struct SealedSynced(Synced);

/// Why an indexed document was not written again by this sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// It was written, or nothing is known that would speak against it.
    Keep,
    /// The same Jira object was written under another id in this sync: a rename or a move.
    Superseded,
    /// Its issue was read whole and does not have it any more.
    Detached,
    /// Its issue was not listed. Needs confirmation.
    IssueMissing(MissingIssue),
    /// Its project was not listed. Needs confirmation.
    ProjectMissing(u64),
    /// It carries no numeric id, so Jira cannot be asked about it. It stays.
    Unidentified,
}

impl SealedSynced {
    /// Judges one indexed document.
    pub fn judge(&self, document: &IndexedDocument, listing: &CompleteListing) -> Leftover {
        if self.0.written.binary_search(&fingerprint(&document.id)).is_ok() {
            return Leftover::Keep;
        }
        match (document.kind, document.jira_id) {
            (_, None) => Leftover::Unidentified,
            (DocumentKind::Project, Some(id)) if self.0.projects.contains(&id) => Leftover::Keep,
            (DocumentKind::Project, Some(id)) => Leftover::ProjectMissing(id),
            (DocumentKind::Issue, Some(id)) => self.judge_issue(id, document, listing, Leftover::Superseded),
            (DocumentKind::Attachment, Some(id)) => {
                let Some(issue_id) = document.issue_id else {
                    return Leftover::Unidentified;
                };
                if self.0.attachments_unknown.contains(&issue_id) {
                    return Leftover::Keep;
                }
                let renamed = self.0.attachments.binary_search(&id).is_ok();
                let if_fetched = if renamed {
                    Leftover::Superseded
                } else {
                    Leftover::Detached
                };
                self.judge_issue(issue_id, document, listing, if_fetched)
            }
        }
    }

    fn judge_issue(
        &self,
        issue_id: IssueId,
        document: &IndexedDocument,
        listing: &CompleteListing,
        if_fetched: Leftover,
    ) -> Leftover {
        if self.0.fetched.binary_search(&issue_id).is_ok() {
            return if_fetched;
        }
        if listing.contains(issue_id) && !self.0.absent.contains(&issue_id) {
            // Listed and not read: it failed this time, and what is indexed stays.
            return Leftover::Keep;
        }
        Leftover::IssueMissing(MissingIssue {
            id: issue_id,
            key: document.key.clone(),
        })
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
        let id = id.to_owned();
        IndexedDocument {
            id,
            kind,
            jira_id: Some(jira_id),
            issue_id,
            key: None,
            size: None,
            extraction: None,
        }
    }

    fn issue(id: &str, jira_id: u64) -> IndexedDocument {
        indexed(id, DocumentKind::Issue, jira_id, None)
    }

    #[test]
    fn an_issue_that_was_renamed_leaves_its_old_document_behind() {
        let mut synced = Synced::default();
        synced.wrote(fingerprint("Beta-B-1"));
        synced.fetched(&[7]);
        let sealed = synced.seal(&HashSet::new());
        assert_eq!(sealed.judge(&issue("Beta-B-1", 7), &listing(&[7])), Leftover::Keep);
        assert_eq!(
            sealed.judge(&issue("Alpha-A-1", 7), &listing(&[7])),
            Leftover::Superseded
        );
    }

    #[test]
    fn the_old_document_of_a_rename_stays_when_the_new_one_was_rejected() {
        let mut synced = Synced::default();
        synced.wrote(fingerprint("Beta-B-1"));
        synced.fetched(&[7]);
        let sealed = synced.seal(&HashSet::from([7]));
        assert_eq!(sealed.judge(&issue("Alpha-A-1", 7), &listing(&[7])), Leftover::Keep);
    }

    #[test]
    fn an_issue_that_could_not_be_fetched_stays() {
        let sealed = Synced::default().seal(&HashSet::new());
        assert_eq!(sealed.judge(&issue("Alpha-A-1", 7), &listing(&[7])), Leftover::Keep);
    }

    #[test]
    fn an_issue_that_vanished_while_being_fetched_needs_confirmation() {
        let mut synced = Synced::default();
        synced.absent(&[7]);
        let sealed = synced.seal(&HashSet::new());
        let verdict = sealed.judge(&issue("Alpha-A-1", 7), &listing(&[7]));
        assert_eq!(verdict, Leftover::IssueMissing(MissingIssue { id: 7, key: None }));
    }

    #[test]
    fn attachments_follow_what_their_issue_says() {
        let mut synced = Synced::default();
        synced.fetched(&[7, 8]);
        synced.attachments_unknown(&[8]);
        synced.attachment(70);
        let sealed = synced.seal(&HashSet::new());
        let attachment = |id: u64, issue| indexed("x", DocumentKind::Attachment, id, Some(issue));
        let listing = listing(&[7, 8]);
        assert_eq!(sealed.judge(&attachment(70, 7), &listing), Leftover::Superseded);
        assert_eq!(sealed.judge(&attachment(71, 7), &listing), Leftover::Detached);
        assert_eq!(sealed.judge(&attachment(72, 8), &listing), Leftover::Keep);
        let missing = Leftover::IssueMissing(MissingIssue { id: 9, key: None });
        assert_eq!(sealed.judge(&attachment(73, 9), &listing), missing);
    }

    #[test]
    fn a_document_without_a_numeric_id_is_never_judged_missing() {
        let sealed = Synced::default().seal(&HashSet::new());
        let document = IndexedDocument {
            jira_id: None,
            ..issue("Alpha-A-1", 0)
        };
        assert_eq!(sealed.judge(&document, &listing(&[])), Leftover::Unidentified);
    }
}
