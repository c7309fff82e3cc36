//! What the failures of a request mean for another attempt. When the next one goes out is decided in `http-kit`; item
//! failures inside a bulk answer are left to the sink, and long waiting for a cluster at start to
//! `ElasticClient::wait_until_reachable`.

use std::time::Duration;

use http_kit::{Fault, FaultKind, Repeat, RetryPlan, Tries, Waits};

use crate::error::ElasticError;

/// No wait asked for by a server is longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The settings `elasticsearch.max_retries`, `retry_interval` and `retry_on_timeout`.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Attempts in all; 0 counts as 1.
    pub max_attempts: u32,
    /// The n-th wait lasts n times this.
    pub interval: Duration,
    /// Whether a request that was not answered in time is sent again.
    pub on_timeout: bool,
}

/// The attempts of one request.
#[derive(Debug)]
pub struct Attempts {
    tries: Tries,
    on_timeout: bool,
}

impl RetryPolicy {
    /// Nothing has failed yet.
    #[must_use]
    pub fn attempts(self) -> Attempts {
        Attempts {
            tries: Tries::new(RetryPlan {
                retries: self.max_attempts.saturating_sub(1),
                waits: Waits::Linear { step: self.interval },
                longest_named: LONGEST_WAIT,
                limited_for: Duration::MAX,
                outage_for: Duration::ZERO,
            }),
            on_timeout: self.on_timeout,
        }
    }

    /// Runs `attempt` until it succeeds, fails for good or the attempts are used up.
    pub(crate) async fn run<T, F, Fut>(self, repeat: Repeat, mut attempt: F) -> Result<T, ElasticError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, ElasticError>>,
    {
        let mut attempts = self.attempts();
        // A 503 may come from a proxy that had passed the request on; a conflict after one may be with ourselves.
        let mut ambiguous_before = false;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = attempts.next_wait(&error, repeat) else {
                return Err(match repeat {
                    Repeat::OnlyIfNotCarriedOut => unknown_outcome(error, ambiguous_before),
                    Repeat::Idempotent | Repeat::Never => error,
                });
            };
            ambiguous_before |= error.status() == Some(503);
            metrics::counter!("jira_connector_elasticsearch_retries_total").increment(1);
            tracing::warn!(
                error = %error,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "request to elasticsearch failed, trying again"
            );
            tokio::time::sleep(wait).await;
        }
    }
}

impl Attempts {
    /// The wait before the next attempt, or `None` when this error is final.
    pub fn next_wait(&mut self, error: &ElasticError, repeat: Repeat) -> Option<Duration> {
        let may_pass = match error {
            ElasticError::Timeout { .. } => self.on_timeout,
            _ => error.is_retryable(),
        };
        let fault = Fault {
            kind: if may_pass { FaultKind::Passing } else { FaultKind::Final },
            may_have_acted: !was_not_carried_out(error),
            named_wait: error.retry_after(),
        };
        self.tries.next_wait(fault, repeat, None)
    }
}

/// Whether the request surely left no trace on the server.
fn was_not_carried_out(error: &ElasticError) -> bool {
    match error {
        ElasticError::Connect { .. } | ElasticError::TooManyRequests { .. } => true,
        ElasticError::Unauthorized { accepted_before, .. } => *accepted_before,
        ElasticError::Server { status, .. } => *status == 503,
        _ => false,
    }
}

/// Turns faults after which nobody can tell whether the write happened into the one that says so.
fn unknown_outcome(error: ElasticError, ambiguous_before: bool) -> ElasticError {
    let lost = match &error {
        ElasticError::Timeout { request, .. }
        | ElasticError::Interrupted { request, .. }
        | ElasticError::Server { request, .. } => Some(request),
        ElasticError::VersionConflict { request, .. } if ambiguous_before => Some(request),
        _ => None,
    };
    match lost {
        Some(request) => ElasticError::OutcomeUnknown {
            request: request.clone(),
            reason: error.to_string(),
        },
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn server_error(status: u16, retry_after: Option<u64>) -> ElasticError {
        ElasticError::Server {
            request: "GET /".to_owned(),
            status,
            kind: String::new(),
            reason: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    /// How many attempts were made, and how many seconds it took.
    async fn run(policy: RetryPolicy, repeat: Repeat, error: fn() -> ElasticError) -> (u32, f64) {
        let started = Instant::now();
        let mut attempts = 0;
        let result: Result<(), _> = policy
            .run(repeat, || {
                attempts += 1;
                std::future::ready(Err(error()))
            })
            .await;
        result.unwrap_err();
        (attempts, started.elapsed().as_secs_f64())
    }

    fn policy(max_attempts: u32) -> RetryPolicy {
        RetryPolicy {
            max_attempts,
            interval: Duration::from_secs(10),
            on_timeout: true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_by_one_interval_each() {
        let (attempts, seconds) = run(policy(5), Repeat::Idempotent, || server_error(503, None)).await;
        assert_eq!(attempts, 5);
        // 10 + 20 + 30 + 40, and up to a tenth more.
        assert!((100.0..=110.1).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_longer_wait_asked_for_is_kept_but_not_for_ever() {
        let (_, seconds) = run(policy(2), Repeat::Idempotent, || server_error(503, Some(60))).await;
        assert!((60.0..=66.1).contains(&seconds), "{seconds}");
        let (_, seconds) = run(policy(2), Repeat::Idempotent, || server_error(503, Some(1_000_000))).await;
        assert!((3600.0..=3960.1).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempts_configured_still_means_one() {
        assert_eq!(
            run(policy(0), Repeat::Idempotent, || server_error(503, None)).await.0,
            1
        );
        assert_eq!(run(policy(5), Repeat::Never, || server_error(503, None)).await.0, 1);
    }
}
