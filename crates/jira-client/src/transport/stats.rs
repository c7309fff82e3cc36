//! Counts what was sent and received, in all and by endpoint class.
//!
//! Showing or exporting the figures is left to the callers.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::request::EndpointClass;

/// Figures since the client was made, over all its clones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestStats {
    /// Requests sent; each try and each redirect hop counts.
    pub requests: u64,
    /// Tries after a first one.
    pub retries: u64,
    /// Requests that had to wait because Jira asked to slow down.
    pub rate_limit_waits: u64,
    /// Their waiting time, summed over requests that waited at the same time.
    pub rate_limit_wait: Duration,
    /// Body bytes received, after decompression.
    pub bytes_received: u64,
    /// The same by endpoint class.
    pub by_class: BTreeMap<EndpointClass, ClassStats>,
}

/// Figures of one endpoint class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassStats {
    /// Requests sent; each try counts.
    pub requests: u64,
    /// Tries after a first one.
    pub retries: u64,
    /// Body bytes received, after decompression.
    pub bytes_received: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Stats {
    figures: Mutex<RequestStats>,
}

impl Stats {
    pub(crate) fn snapshot(&self) -> RequestStats {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn sent(&self, class: EndpointClass) {
        self.update(class, |all, one| {
            all.requests += 1;
            one.requests += 1;
        });
    }

    pub(crate) fn retried(&self, class: EndpointClass) {
        self.update(class, |all, one| {
            all.retries += 1;
            one.retries += 1;
        });
    }

    pub(crate) fn waited(&self, class: EndpointClass, wait: Duration) {
        if !wait.is_zero() {
            self.update(class, |all, _| {
                all.rate_limit_waits += 1;
                all.rate_limit_wait += wait;
            });
        }
    }

    pub(crate) fn received(&self, class: EndpointClass, bytes: usize) {
        let bytes = bytes as u64;
        self.update(class, |all, one| {
            all.bytes_received += bytes;
            one.bytes_received += bytes;
        });
    }

    fn update(&self, class: EndpointClass, change: impl FnOnce(&mut RequestStats, &mut ClassStats)) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        let mut one = figures.by_class.get(&class).copied().unwrap_or_default();
        change(&mut figures, &mut one);
        figures.by_class.insert(class, one);
    }
}
