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
/// Fewest rows to go back by.
const LEAST_STEP: u64 = 50;

#[derive(Debug, Default)]
pub(crate) struct OffsetRows {
    start_at: u64,
    seen: HashSet<u64>,
    /// Whether the next page has to begin with a row that is known.
    overlaps: bool,
    /// Rows that the last step back went, 0 when there was none since the last good page.
    reach: u64,
    steps_back: u32,
}

/// The meaning of a page for the listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The rows at these positions of the page are new.
    Rows {
        /// Positions in the page.
        news: Vec<usize>,
        /// Whether the listing has arrived at the end.
        is_last: bool,
    },
    /// The page does not connect to what is known: ask again, from an earlier row.
    Back,
    /// The page cannot be what it says it is.
    Fault(&'static str),
}

impl OffsetRows {
    /// The row to ask for next.
    pub(crate) fn start_at(&self) -> u64 {
        self.start_at
    }

    /// Takes in the ids of a page.
    ///
    /// `more` is whether the answer says that rows follow, if it says so. `echoed` is the row number that the answer
    /// says it begins with.
    pub(crate) fn take(&mut self, ids: &[u64], more: Option<bool>, echoed: Option<u64>) -> Step {
        if echoed.is_some_and(|echoed| echoed != self.start_at) {
            return Step::Fault("the page begins with another row than the one asked for");
        }
        let connects = ids.first().is_some_and(|first| self.seen.contains(first));
        if self.overlaps && !connects {
            return self.step_back(ids.len() as u64);
        }
        if ids.is_empty() && more == Some(true) {
            return Step::Fault("the page is empty although more rows are announced");
        }
        let went_back = self.reach > 0;
        let news: Vec<usize> = (0..ids.len()).filter(|&at| self.seen.insert(ids[at])).collect();
        if news.is_empty() && ids.len() > 1 && !went_back && echoed.is_none() {
            return Step::Fault("the page holds only rows of the pages before it");
        }
        let is_last = more.map_or(news.is_empty() && ids.len() <= 1, |more| !more);
        // A server that gives one row at a time leaves nothing to overlap with.
        self.overlaps = ids.len() > 1;
        self.start_at += if self.overlaps {
            ids.len() as u64 - 1
        } else {
            ids.len() as u64
        };
        self.reach = 0;
        if !news.is_empty() {
            self.steps_back = 0;
        }
        Step::Rows { news, is_last }
    }

    fn step_back(&mut self, page_len: u64) -> Step {
        self.steps_back += 1;
        if self.steps_back > MOST_STEPS_BACK {
            return Step::Fault("rows move faster than they can be read");
        }
        self.reach = (self.reach * 2).max(page_len).max(LEAST_STEP);
        self.start_at = self.start_at.saturating_sub(self.reach);
        self.overlaps = self.start_at > 0;
        Step::Back
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use test_case::test_case;

    use super::{OffsetRows, Step};

    /// A change of Jira's rows between two pages.
    #[derive(Debug, Clone)]
    enum Change {
        Delete(prop::sample::Index),
        Insert(prop::sample::Index),
    }

    fn changes() -> impl Strategy<Value = Vec<Vec<Change>>> {
        let change = prop_oneof![
            3 => any::<prop::sample::Index>().prop_map(Change::Delete),
            1 => any::<prop::sample::Index>().prop_map(Change::Insert),
        ];
        prop::collection::vec(prop::collection::vec(change, 0..20), 0..40)
    }

    proptest! {
        #[test]
        fn rows_that_stay_are_read_once_however_others_move(
            count in 0u64..300,
            page_size in 2usize..40,
            changes in changes(),
            with_total in any::<bool>(),
        ) {
            let mut rows: Vec<u64> = (0..count).collect();
            let mut staying: HashSet<u64> = rows.iter().copied().collect();
            let mut next_id = count;
            let mut listing = OffsetRows::default();
            let mut read = Vec::new();
            let mut changes = changes.into_iter();
            for _ in 0..10_000 {
                let start = usize::try_from(listing.start_at()).unwrap().min(rows.len());
                let page = &rows[start..(start + page_size).min(rows.len())];
                let more = with_total.then_some(start + page.len() < rows.len());
                match listing.take(page, more, Some(listing.start_at())) {
                    Step::Rows { news, is_last } => {
                        read.extend(news.iter().map(|&at| page[at]));
                        if is_last {
                            break;
                        }
                    }
                    Step::Back => {}
                    Step::Fault(fault) => return Err(TestCaseError::fail(fault)),
                }
                for change in changes.next().unwrap_or_default() {
                    match change {
                        Change::Delete(at) if !rows.is_empty() => {
                            let gone = rows.remove(at.index(rows.len()));
                            staying.remove(&gone);
                        }
                        Change::Delete(_) => {}
                        Change::Insert(at) => {
                            rows.insert(at.index(rows.len() + 1), next_id);
                            next_id += 1;
                        }
                    }
                }
            }
            let unique: HashSet<u64> = read.iter().copied().collect();
            prop_assert_eq!(unique.len(), read.len());
            prop_assert!(staying.is_subset(&unique), "not read: {:?}", staying.difference(&unique));
        }
    }

    #[test_case(&[1, 2, 3], None => "fault"; "the same page again, as if the offset were ignored")]
    #[test_case(&[4, 5], Some(0) => "fault"; "a page that names another row")]
    #[test_case(&[3, 4], Some(2) => "rows"; "a page that connects")]
    #[test_case(&[4, 5], Some(2) => "back"; "a page that does not connect")]
    #[test_case(&[], Some(2) => "back"; "an empty page behind known rows")]
    fn second_page_after_rows_1_to_3(ids: &[u64], echoed: Option<u64>) -> &'static str {
        let mut listing = OffsetRows::default();
        assert_eq!(
            listing.take(&[1, 2, 3], Some(true), Some(0)),
            Step::Rows {
                news: vec![0, 1, 2],
                is_last: false
            }
        );
        match listing.take(ids, Some(true), echoed) {
            Step::Rows { .. } => "rows",
            Step::Back => "back",
            Step::Fault(_) => "fault",
        }
    }

    #[test]
    fn no_rows_although_some_are_announced_is_no_end() {
        assert!(matches!(
            OffsetRows::default().take(&[], Some(true), Some(0)),
            Step::Fault(_)
        ));
    }
}
