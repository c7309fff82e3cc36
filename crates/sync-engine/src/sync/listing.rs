//! Listings of issue ids, and the proof that one is complete.
//!
//! A deletion starts from a [`CompleteListing`]; only [`ListingBuilder::finish`] makes one, and only when every scope
//! that was opened was also ended by the source's own end mark. How pages are fetched is left to `source`.

use super::id_set::IdSet;

/// Numeric id of a Jira issue. It survives moves and renames, unlike the key.
pub type IssueId = u64;

/// The end mark of one listing, which only a client that received every page can make.
pub trait EndOfListing {
    /// Rows received over all pages.
    fn rows(&self) -> u64;
}

/// Collects the pages of all scopes (one query each) of a listing.
#[derive(Debug, Default)]
pub struct ListingBuilder {
    ids: IdSet,
    scopes_opened: usize,
    scopes_ended: usize,
    rows_received: u64,
    rows_confirmed: u64,
}

impl ListingBuilder {
    /// Announces a scope; it must be ended before the listing counts as complete.
    pub fn open_scope(&mut self) {
        self.scopes_opened += 1;
    }

    /// Adds the rows of a page and returns those not seen before, in order.
    pub fn page(&mut self, ids: impl IntoIterator<Item = IssueId>) -> Vec<IssueId> {
        let mut new = Vec::new();
        for id in ids {
            self.rows_received += 1;
            if self.ids.insert(id) {
                new.push(id);
            }
        }
        new
    }

    /// Ends a scope with the proof of the client that listed it.
    pub fn end_scope(&mut self, end: &impl EndOfListing) {
        self.scopes_ended += 1;
        self.rows_confirmed += end.rows();
    }

    /// The proof, or the reason why there is none.
    pub fn finish(self) -> Result<CompleteListing, String> {
        if self.scopes_ended != self.scopes_opened {
            return Err(format!(
                "{} of {} queries reached their end",
                self.scopes_ended, self.scopes_opened
            ));
        }
        if self.rows_received != self.rows_confirmed {
            return Err(format!(
                "{} of {} rows were taken over",
                self.rows_received, self.rows_confirmed
            ));
        }
        Ok(CompleteListing { ids: self.ids })
    }
}

/// Every issue id that Jira showed, from a listing whose every page arrived. 8 bytes an id.
#[derive(Debug)]
pub struct CompleteListing {
    ids: IdSet,
}

impl CompleteListing {
    /// Whether Jira listed this issue.
    pub fn contains(&self, id: IssueId) -> bool {
        self.ids.contains(id)
    }

    /// All ids, ascending.
    pub fn ids(&self) -> Vec<IssueId> {
        self.ids.to_sorted()
    }

    /// The number of listed issues.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether Jira listed no issue at all.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct End(u64);

    impl EndOfListing for End {
        fn rows(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn a_scope_that_never_ended_is_no_proof() {
        let mut listing = ListingBuilder::default();
        listing.open_scope();
        listing.page([1, 2]);
        assert_eq!(listing.finish().unwrap_err(), "0 of 1 queries reached their end");
    }

    #[test]
    fn a_page_that_was_dropped_on_the_way_is_no_proof() {
        let mut listing = ListingBuilder::default();
        listing.open_scope();
        listing.page([1, 2]);
        listing.end_scope(&End(3));
        assert_eq!(listing.finish().unwrap_err(), "2 of 3 rows were taken over");
    }

    #[test]
    fn rows_seen_twice_are_fetched_once() {
        let mut listing = ListingBuilder::default();
        listing.open_scope();
        assert_eq!(listing.page([5, 1]), [5, 1]);
        assert_eq!(listing.page([1, 7]), [7]);
        listing.end_scope(&End(4));
        let complete = listing.finish().unwrap();
        assert_eq!(complete.len(), 3);
        assert!(complete.contains(7) && !complete.contains(2));
    }
}
