//! Decides whether a failed try is followed by another one, and when.
//!
//! The waiting of everybody else after a rate limit is the gate's part.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::error::{ErrorKind, JiraError};

/// A 500 is mostly a fault that stays, and so is a web page in place of data, though a proxy shows one now and then while
/// it restarts: asked again this often, however many retries are allowed.
const TRIES_AFTER_LASTING_FAULT: u32 = 2;
/// Waits named by a 429 that do not use up a retry: Jira says that the request will pass later.
const FREE_WAITS: u32 = 10;
/// A request that is refused for its rate for as long as this many of the longest waits is given up.
const LONGEST_WAITS: u32 = 2;
/// However short the longest wait was set.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(600);

pub(crate) struct RetryState {
    retries: u32,
    failures: u32,
    free_waits: u32,
    delays: ExponentialBackoff,
    longest: Duration,
    /// How long refusals for the rate are borne.
    patience: Duration,
    limited_since: Option<Instant>,
}

impl RetryState {
    /// `max_wait` is the longest wait that is kept when Jira names one.
    pub(crate) fn new(retries: u32, first_delay: Duration, longest: Duration, max_wait: Duration) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(first_delay.min(longest))
            .with_max_delay(longest)
            .without_max_times()
            .build();
        Self {
            retries,
            failures: 0,
            free_waits: 0,
            delays,
            longest,
            patience: max_wait.saturating_mul(LONGEST_WAITS).max(SHORTEST_PATIENCE),
            limited_since: None,
        }
    }

    /// The delay before the next try, or `None` when this failure is final.
    pub(crate) fn next_delay(&mut self, error: &JiraError, splits: bool) -> Option<Duration> {
        let web_page = error.kind() == ErrorKind::LoginPage;
        if !(error.is_retryable() || web_page) || (splits && error.is_broken_body()) {
            return None;
        }
        let named = error.retry_after();
        if named.is_some() && error.kind() == ErrorKind::RateLimited && self.free_waits < FREE_WAITS {
            self.free_waits += 1;
        } else {
            self.failures += 1;
            let allowed = if web_page || error.status() == Some(500) {
                self.retries.min(TRIES_AFTER_LASTING_FAULT)
            } else {
                self.retries
            };
            if self.failures > allowed {
                return None;
            }
        }
        // Spread around the delay, so that tries that failed together do not come back together.
        let own = self
            .delays
            .next()
            .unwrap_or(self.longest)
            .mul_f64(0.7 + 0.6 * rand::random::<f64>());
        let delay = named.map_or(own, |named| named.max(own));
        if error.kind() == ErrorKind::RateLimited {
            let since = *self.limited_since.get_or_insert_with(Instant::now);
            if since.elapsed() + delay > self.patience {
                return None;
            }
        }
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_case::test_case;

    use super::RetryState;
    use crate::error::{Answer, JiraError, RequestLine};

    const HOUR: Duration = Duration::from_secs(3600);

    fn answer(status: u16, retry_after: Option<u64>) -> Box<Answer> {
        Box::new(Answer {
            request: RequestLine {
                method: "GET",
                path: "/".to_owned(),
            },
            status,
            words: String::new(),
            cure: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        })
    }

    fn delays(retries: u32, error: &JiraError) -> Vec<u64> {
        let mut state = RetryState::new(retries, Duration::from_secs(1), Duration::from_secs(60), HOUR);
        std::iter::from_fn(|| state.next_delay(error, false))
            .map(|delay| delay.as_secs())
            .collect()
    }

    #[test]
    fn named_waits_are_a_minimum_and_ten_of_them_are_free() {
        let delays = delays(2, &JiraError::RateLimited(answer(429, Some(1800))));
        assert_eq!(delays, [1800; 12]);
    }

    #[test_case(1800 => 4; "half an hour each")]
    #[test_case(3600 => 2; "an hour each")]
    #[test_case(1 => 12; "a second each")]
    #[tokio::test(start_paused = true)]
    async fn a_limit_that_stays_is_given_up_within_two_hours(named: u64) -> u32 {
        let mut state = RetryState::new(2, Duration::from_secs(1), Duration::from_secs(60), HOUR);
        let error = JiraError::RateLimited(answer(429, Some(named)));
        let (began, mut waits) = (tokio::time::Instant::now(), 0);
        while let Some(delay) = state.next_delay(&error, false) {
            tokio::time::sleep(delay).await;
            waits += 1;
        }
        assert!(
            began.elapsed() <= HOUR * 2 + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        waits
    }

    #[test]
    fn a_named_wait_of_a_fault_uses_up_a_retry() {
        assert_eq!(delays(2, &JiraError::ServerError(answer(503, Some(90)))), [90, 90]);
    }

    #[test]
    fn own_delays_grow_up_to_a_minute_with_jitter() {
        let delays = delays(20, &JiraError::RateLimited(answer(429, None)));
        assert_eq!(delays.len(), 20);
        assert!(delays[0] <= 1 && delays[4] >= 11, "{delays:?}");
        assert!(delays.iter().all(|delay| *delay <= 78), "{delays:?}");
    }

    #[test]
    fn no_retries_means_none() {
        assert!(delays(0, &JiraError::ServerError(answer(502, None))).is_empty());
    }

    #[test]
    fn broken_bodies_of_what_can_be_halved_are_not_asked_for_again() {
        let request = RequestLine {
            method: "POST",
            path: "/".to_owned(),
        };
        let error = JiraError::Truncated {
            request,
            received: 1,
            reason: String::new(),
        };
        let mut state = RetryState::new(3, Duration::from_secs(1), Duration::from_secs(60), HOUR);
        assert!(state.next_delay(&error, true).is_none());
        assert!(state.next_delay(&error, false).is_some());
    }
}
