//! What a sync could not read or write, for the next sync: bounded while it grows. Pure.
//!
//! Issues are told from parts of issues, such as files: a part that fails does not make the sync fail.

use std::collections::{BTreeMap, HashSet};

use super::cursor::{MAX_RETRY_LIST, Retry};
use super::listing::IssueId;

/// A refused document is sent again by so many syncs; then only a change of its issue or a full sync does.
const MAX_REFUSALS: u32 = 3;
/// Longer reasons are cut, in characters.
const MAX_REASON: usize = 100;
/// Why an issue is tried again whose document was refused.
const REFUSED: &str = "Elasticsearch refused a document of it";

/// The failures of one sync.
#[derive(Debug, Default)]
pub(super) struct Failures {
    issues: BTreeMap<IssueId, String>,
    parts: BTreeMap<IssueId, String>,
    not_listed: usize,
}

impl Failures {
    /// An issue could not be read.
    pub(super) fn issue(&mut self, id: IssueId, reason: &str) {
        if self.issues.len() <= MAX_RETRY_LIST || self.issues.contains_key(&id) {
            self.issues.entry(id).or_insert_with(|| cut(reason));
        } else {
            self.not_listed += 1;
        }
    }

    /// A part of an issue could not be read. Of more than fit, the next full sync finds what the index lacks.
    pub(super) fn part(&mut self, id: IssueId, reason: &str) {
        if self.parts.len() < MAX_RETRY_LIST {
            self.parts.entry(id).or_insert_with(|| cut(reason));
        }
    }

    /// The issues to read again.
    pub(super) fn ids(&self) -> Vec<IssueId> {
        let ids = self.issues.keys().chain(self.parts.keys());
        ids.take(MAX_RETRY_LIST).copied().collect()
    }

    /// The list for the next sync, with the attempts counted on from `earlier`; or how many issues failed, when those
    /// are more than it takes.
    pub(super) fn retry_list(&self, earlier: &[Retry], refused: &HashSet<IssueId>) -> Result<Vec<Retry>, usize> {
        if self.issues.len() > MAX_RETRY_LIST {
            return Err(self.issues.len() + self.not_listed);
        }
        let before = |id: IssueId| earlier.iter().find(|before| before.issue_id == id);
        let attempts = |id| before(id).map_or(1, |before| before.attempts.saturating_add(1));
        let mut list: BTreeMap<IssueId, Retry> = BTreeMap::new();
        let mut add = |id: IssueId, reason: &str| {
            if list.len() < MAX_RETRY_LIST {
                list.entry(id).or_insert_with(|| Retry {
                    issue_id: id,
                    reason: reason.to_owned(),
                    attempts: attempts(id),
                });
            }
        };
        self.issues.iter().for_each(|(id, reason)| add(*id, reason));
        let refused = refused.iter().filter(|id| attempts(**id) <= MAX_REFUSALS);
        refused.for_each(|id| add(*id, REFUSED));
        self.parts.iter().for_each(|(id, reason)| add(*id, reason));
        Ok(list.into_values().collect())
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::SyncCursor;

    #[test]
    fn ten_thousand_failures_take_the_room_of_a_thousand() {
        let mut failures = Failures::default();
        (0..10_000).for_each(|id| failures.part(id, &"x".repeat(5_000)));
        let list = failures.retry_list(&[], &HashSet::new()).unwrap();
        assert_eq!(list.len(), MAX_RETRY_LIST);
        let (now, list) = (chrono::DateTime::default(), list);
        let stored = SyncCursor::after_full(now, list, None).to_stored().to_string();
        assert!(stored.len() < 200 * MAX_RETRY_LIST, "{} bytes", stored.len());

        (0..10_000).for_each(|id| failures.issue(id, &"x".repeat(5_000)));
        assert_eq!(failures.issues.len(), MAX_RETRY_LIST + 1);
        assert_eq!(failures.retry_list(&[], &HashSet::new()), Err(10_000));
    }

    #[test]
    fn a_refused_document_is_sent_again_a_few_times_and_not_for_ever() {
        let (failures, refused) = (Failures::default(), HashSet::from([7]));
        let mut list = Vec::new();
        for attempt in 1..=MAX_REFUSALS {
            list = failures.retry_list(&list, &refused).unwrap();
            assert_eq!((list[0].issue_id, list[0].attempts), (7, attempt));
        }
        assert_eq!(failures.retry_list(&list, &refused).unwrap(), []);
    }
}
