//! The parts that all listings share: pages, a typed end, and the rule that a failed listing never looks complete.
//!
//! Each listing knows by itself how to ask for the next page.

use crate::error::JiraError;

/// One step of a listing.
#[derive(Debug)]
pub enum Next<T> {
    /// Some rows; there may be none although more follow.
    Page(Vec<T>),
    /// Every page has arrived.
    End(ListingEnd),
}

/// Proof that every page of a listing arrived. Only this crate can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingEnd {
    rows: u64,
    pages: u64,
}

impl ListingEnd {
    /// Rows of all pages.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Pages, empty ones included.
    pub fn pages(&self) -> u64 {
        self.pages
    }
}

/// Counts pages and remembers how the listing stands.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    rows: u64,
    pages: u64,
    complete: bool,
    failed: Option<String>,
}

impl Progress {
    /// The listing's answer that needs no request: its end, its earlier failure, or nothing.
    pub(crate) fn settled(&self) -> Option<Result<ListingEnd, JiraError>> {
        if let Some(earlier) = &self.failed {
            return Some(Err(JiraError::BrokenListing {
                earlier: earlier.clone(),
            }));
        }
        let end = ListingEnd {
            rows: self.rows,
            pages: self.pages,
        };
        self.complete.then_some(Ok(end))
    }

    /// Counts a page that arrived whole, or remembers why it did not.
    pub(crate) fn record<T>(&mut self, page: Result<PageOf<T>, JiraError>) -> Result<Next<T>, JiraError> {
        match page {
            Ok(page) => {
                self.rows += page.rows.len() as u64;
                self.pages += 1;
                self.complete = page.is_last;
                Ok(Next::Page(page.rows))
            }
            Err(error) => {
                self.failed = Some(error.to_string());
                Err(error)
            }
        }
    }
}

/// A page and whether it is the last one.
#[derive(Debug)]
pub(crate) struct PageOf<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) is_last: bool,
}
