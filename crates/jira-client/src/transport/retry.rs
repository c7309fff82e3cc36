//! Decides whether a failed try is followed by another one, and when.
//!
//! The waiting of everybody else after a rate limit is the gate's part.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::{ErrorKind, JiraError};

/// Longest delay when Jira names none.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// A 500 is mostly a fault that stays: asked again this often, however many retries are allowed.
const TRIES_AFTER_500: u32 = 2;
/// Waits named by a 429 that do not use up a retry: Jira says that the request will pass later.
const FREE_WAITS: u32 = 10;

pub(crate) struct RetryState {
    retries: u32,
    failures: u32,
    free_waits: u32,
    delays: ExponentialBackoff,
}

impl RetryState {
    pub(crate) fn new(retries: u32, first_delay: Duration) -> Self {
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(first_delay)
            .with_max_delay(LONGEST_DELAY)
            .without_max_times()
            .build();
        Self {
            retries,
            failures: 0,
            free_waits: 0,
            delays,
        }
    }

    /// The delay before the next try, or `None` when this failure is final.
    pub(crate) fn next_delay(&mut self, error: &JiraError, splits: bool) -> Option<Duration> {
        if !error.is_retryable() || (splits && error.is_broken_body()) {
            return None;
        }
        let named = error.retry_after();
        if named.is_some() && error.kind() == ErrorKind::RateLimited && self.free_waits < FREE_WAITS {
            self.free_waits += 1;
        } else {
            self.failures += 1;
            let allowed = if error.status() == Some(500) {
                self.retries.min(TRIES_AFTER_500)
            } else {
                self.retries
            };
            if self.failures > allowed {
                return None;
            }
        }
        let own = self.delays.next().unwrap_or(LONGEST_DELAY);
        Some(named.map_or(own, |named| named.max(own)))
    }
}
