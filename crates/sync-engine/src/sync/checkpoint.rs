//! Records the progress of a full sync, so that a later run does not begin from zero.
//!
//! Issues are listed in the order of their creation. A batch counts once everything of it, files included, is
//! acknowledged; the checkpoint is the creation time up to which all batches count. Saving it is left to `service`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::coverage::Coverage;
use super::listing::IssueId;

/// Most bytes that a checkpoint may take in the record of its job.
const MAX_SAVED_BYTES: usize = 16 * 1024;

/// The point where an interrupted job goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When the job first began, Jira's clock. Whatever changed since is fetched again.
    pub started: DateTime<Utc>,
    /// Issues created before this are done.
    pub created_before: Option<DateTime<Utc>>,
    /// Which ones those are.
    pub covered: Coverage,
    /// Issues that have to be read again, the done ones among them.
    pub failed: Vec<IssueId>,
    /// The form of what was written: access, content, scope and rules. Of another form nothing is done.
    #[serde(default)]
    pub form: String,
}

impl Checkpoint {
    /// Reads what was saved; none when it is not one of ours.
    pub fn read(saved: &str) -> Option<Self> {
        serde_json::from_str(saved).ok()
    }

    /// The text to save. One that would not fit into a job's record says that nothing is done.
    pub fn to_saved(&self) -> String {
        let text = |checkpoint: &Self| serde_json::to_string(checkpoint).expect("a checkpoint always serialises");
        let whole = text(self);
        if whole.len() <= MAX_SAVED_BYTES {
            return whole;
        }
        text(&Self {
            created_before: None,
            covered: Coverage::default(),
            failed: Vec::new(),
            ..self.clone()
        })
    }
}

/// Follows the batches of one sync.
#[derive(Debug, Default)]
pub struct CheckpointTracker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_to_open: u64,
    next_to_count: u64,
    finished: BTreeMap<u64, (Option<DateTime<Utc>>, Vec<IssueId>)>,
    created_before: Option<DateTime<Utc>>,
    covered: Coverage,
}

/// One batch under way. It counts only when everything that was added to it was acknowledged; a batch that is dropped
/// before never counts.
#[derive(Debug)]
pub struct BatchTicket {
    tracker: Arc<CheckpointTracker>,
    number: u64,
    /// All that was listed, also those of them that need not be read again.
    listed: Mutex<Vec<IssueId>>,
    outstanding: AtomicUsize,
    last_created: Mutex<Option<DateTime<Utc>>>,
}

impl CheckpointTracker {
    /// Opens the next batch, in the order of the listing.
    pub fn open(self: &Arc<Self>, listed: Vec<IssueId>) -> Arc<BatchTicket> {
        let mut state = self.state.lock();
        let number = state.next_to_open;
        state.next_to_open += 1;
        // The batch itself is outstanding until its contents are known.
        let outstanding = AtomicUsize::new(1);
        Arc::new(BatchTicket {
            tracker: Arc::clone(self),
            number,
            listed: Mutex::new(listed),
            outstanding,
            last_created: Mutex::new(None),
        })
    }

    /// The creation time before which issues are done, and which ones those are.
    pub fn done(&self) -> (Option<DateTime<Utc>>, Coverage) {
        let state = self.state.lock();
        (state.created_before, state.covered.clone())
    }

    fn finish(&self, number: u64, last_created: Option<DateTime<Utc>>, listed: Vec<IssueId>) {
        let mut state = self.state.lock();
        state.finished.insert(number, (last_created, listed));
        let mut next = state.next_to_count;
        while let Some((created, listed)) = state.finished.remove(&next) {
            state.created_before = state.created_before.max(created);
            state.covered.extend(&listed);
            next += 1;
        }
        state.next_to_count = next;
    }
}

impl BatchTicket {
    /// One more thing of this batch has to be acknowledged.
    pub fn add_one(&self) {
        self.outstanding.fetch_add(1, AcqRel);
    }

    /// One thing was acknowledged, or rejected with its reason on record.
    pub fn acknowledge(&self) {
        if self.outstanding.fetch_sub(1, AcqRel) == 1 {
            let listed = std::mem::take(&mut *self.listed.lock());
            self.tracker.finish(self.number, *self.last_created.lock(), listed);
        }
    }

    /// Everything of this batch has been added; its newest issue was created then.
    pub fn all_added(&self, last_created: Option<DateTime<Utc>>) {
        *self.last_created.lock() = last_created;
        self.acknowledge();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> Option<DateTime<Utc>> {
        Some(format!("2026-11-{day:02}T00:00:00Z").parse().unwrap())
    }

    fn open(tracker: &Arc<CheckpointTracker>, id: IssueId) -> Arc<BatchTicket> {
        tracker.open(vec![id])
    }

    fn covered(ids: &[IssueId]) -> Coverage {
        let mut coverage = Coverage::default();
        coverage.extend(ids);
        coverage
    }

    #[test]
    fn only_batches_without_a_gap_before_them_count() {
        let tracker = Arc::new(CheckpointTracker::default());
        let (first, second, third) = (open(&tracker, 1), open(&tracker, 2), open(&tracker, 3));
        second.all_added(day(2));
        assert_eq!(tracker.done().0, None);
        first.all_added(day(1));
        assert_eq!(tracker.done(), (day(2), covered(&[1, 2])));
        third.add_one();
        third.all_added(day(3));
        assert_eq!(tracker.done().0, day(2));
        third.acknowledge();
        assert_eq!(tracker.done().0, day(3));
    }

    #[test]
    fn a_batch_that_was_given_up_never_counts() {
        let tracker = Arc::new(CheckpointTracker::default());
        let (first, second) = (open(&tracker, 1), open(&tracker, 2));
        first.add_one();
        first.all_added(day(1));
        drop(first);
        second.all_added(day(2));
        assert_eq!(tracker.done().0, None);
    }

    #[test]
    fn it_survives_being_saved() {
        let checkpoint = Checkpoint {
            form: String::new(),
            started: day(1).unwrap(),
            created_before: day(2),
            covered: covered(&[1, 2]),
            failed: vec![7],
        };
        assert_eq!(Checkpoint::read(&checkpoint.to_saved()), Some(checkpoint));
        assert_eq!(Checkpoint::read("nonsense"), None);
    }

    #[test]
    fn one_that_does_not_fit_into_the_record_promises_nothing() {
        let checkpoint = Checkpoint {
            form: String::new(),
            started: day(1).unwrap(),
            created_before: day(2),
            covered: covered(&[1, 2]),
            failed: (0..1_000).map(|id| u64::MAX - id).collect(),
        };
        let saved = checkpoint.to_saved();
        assert!(saved.len() <= MAX_SAVED_BYTES);
        assert_eq!(Checkpoint::read(&saved).unwrap().created_before, None);
    }
}
