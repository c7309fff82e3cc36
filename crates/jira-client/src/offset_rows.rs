//! Where an offset listing stands while rows vanish and appear under it.
//!
//! Asking Jira is left to the listing; this knows only row numbers and ids.
//!
//! Offsets count rows, so an issue deleted on an earlier page would move another one, unread, onto that page. Each page
//! therefore begins with the last row of the one before. When it does not, the listing goes back until it meets rows
//! that it knows.

use std::collections::HashSet;

/// Rows that keep moving through so many steps back are not worth another one.
const MOST_STEPS_BACK: u32 = 30;

#[derive(Debug, Default)]
pub(crate) struct OffsetRows {
    start_at: u64,
    seen: HashSet<u64>,
    /// Whether the next page has to begin with a row that is known.
    overlaps: bool,
    /// Rows to go back by when the next page does not connect, 0 for the first time.
    reach: u64,
    steps_back: u32,
}

/// What a page means for the listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Rows with these positions in the page are new.
    Rows {
        /// Positions of the new rows.
        news: Vec<usize>,
        /// Whether the listing has arrived at the end.
        is_last: bool,
    },
    /// The page does not connect to what is known; ask again, from an earlier row.
    Back,
    /// The page cannot be the one that was asked for.
    Repeated,
    /// Rows move faster than they can be read.
    Unsteady,
}

impl OffsetRows {
    /// The row to ask for next.
    pub(crate) fn start_at(&self) -> u64 {
        self.start_at
    }

    /// Takes in the ids of a page. `echoed` is the row number that the answer says it begins with.
    pub(crate) fn take(&mut self, ids: &[u64], total: Option<u64>, echoed: Option<u64>) -> Step {
        if echoed.is_some_and(|echoed| echoed != self.start_at) {
            return Step::Repeated;
        }
        let connects = ids.first().is_some_and(|first| self.seen.contains(first));
        if self.overlaps && !connects {
            return self.step_back(ids.len() as u64);
        }
        let went_back = self.reach > 0;
        let end = self.start_at + ids.len() as u64;
        let news: Vec<usize> = (0..ids.len()).filter(|&at| self.seen.insert(ids[at])).collect();
        if news.is_empty() && ids.len() > 1 && !went_back && echoed.is_none() {
            return Step::Repeated;
        }
        let is_last = match total {
            Some(total) => end >= total || ids.is_empty(),
            None => news.is_empty(),
        };
        // A server that gives one row at a time leaves nothing to overlap with.
        self.overlaps = ids.len() > 1;
        self.start_at = if self.overlaps { end - 1 } else { end };
        self.reach = 0;
        Step::Rows { news, is_last }
    }

    fn step_back(&mut self, page_len: u64) -> Step {
        self.steps_back += 1;
        if self.steps_back > MOST_STEPS_BACK {
            return Step::Unsteady;
        }
        self.reach = (self.reach * 2).max(page_len).max(50);
        self.start_at = self.start_at.saturating_sub(self.reach);
        self.overlaps = self.start_at > 0;
        Step::Back
    }
}
