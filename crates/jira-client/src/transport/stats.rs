//! Counts what was sent and received, in all and by endpoint class: for the callers of one client, and through the
//! `metrics` facade for whoever watches the whole process.
//!
//! Showing or exporting the figures is left to the callers.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{counter, histogram};
use parking_lot::Mutex;

use super::request::EndpointClass;

/// Figures since the client was made, over all its clones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestStats {
    /// Requests sent; each try and each redirect hop counts.
    pub requests: u64,
    /// Tries after a first one.
    pub retries: u64,
    /// Requests that had to wait because Jira asked to slow down.
    pub rate_limit_waits: u64,
    /// Their waiting time, summed over requests that waited at the same time.
    pub rate_limit_wait: Duration,
    /// The largest number of requests that an answer announced as its limit.
    pub announced_limit: Option<u32>,
    /// The rate that the latest answer with one announced as allowed for good.
    pub announced_per_second: Option<f64>,
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
        self.figures.lock().clone()
    }

    pub(crate) fn sent(&self, class: EndpointClass) {
        self.update(class, |all, one| {
            all.requests += 1;
            one.requests += 1;
        });
    }

    /// A request was answered with this status, or not at all, this long after it was sent.
    pub(crate) fn answered(class: EndpointClass, status: Option<u16>, took: Duration) {
        // A label value for each status, of which Jira and proxies know some dozens.
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let endpoint = class.name();
        counter!("jira_connector_jira_requests_total", "endpoint" => endpoint, "status" => status).increment(1);
        histogram!("jira_connector_jira_request_duration_seconds", "endpoint" => endpoint).record(took);
    }

    pub(crate) fn retried(&self, class: EndpointClass) {
        counter!("jira_connector_jira_retries_total", "endpoint" => class.name()).increment(1);
        self.update(class, |all, one| {
            all.retries += 1;
            one.retries += 1;
        });
    }

    pub(crate) fn waited(&self, class: EndpointClass, wait: Duration) {
        if !wait.is_zero() {
            let endpoint = class.name();
            counter!("jira_connector_jira_waits_total", "endpoint" => endpoint).increment(1);
            histogram!("jira_connector_jira_wait_seconds", "endpoint" => endpoint).record(wait);
            self.update(class, |all, _| {
                all.rate_limit_waits += 1;
                all.rate_limit_wait += wait;
            });
        }
    }

    pub(crate) fn announced(&self, limit: Option<u32>, per_second: Option<f64>) {
        if limit.is_none() && per_second.is_none() {
            return;
        }
        let mut figures = self.figures.lock();
        figures.announced_limit = figures.announced_limit.max(limit);
        figures.announced_per_second = per_second.or(figures.announced_per_second);
    }

    pub(crate) fn received(&self, class: EndpointClass, bytes: usize) {
        let bytes = bytes as u64;
        counter!("jira_connector_jira_received_bytes_total", "endpoint" => class.name()).increment(bytes);
        self.update(class, |all, one| {
            all.bytes_received += bytes;
            one.bytes_received += bytes;
        });
    }

    fn update(&self, class: EndpointClass, change: impl FnOnce(&mut RequestStats, &mut ClassStats)) {
        let mut figures = self.figures.lock();
        let mut one = figures.by_class.get(&class).copied().unwrap_or_default();
        change(&mut figures, &mut one);
        figures.by_class.insert(class, one);
    }
}
