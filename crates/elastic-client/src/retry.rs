//! When a failed attempt is made again, and after how long: the only such place. It leaves item failures inside a bulk
//! answer to the sink, and long waiting for a cluster at start to `ElasticClient::wait_until_reachable`.

use std::time::Duration;

use backon::Retryable;

use crate::error::ElasticError;

/// No wait asked for by a server is longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How often a request may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Sending it twice ends in the same state: every retryable fault is met with another attempt.
    Idempotent,
    /// Sending it twice could act twice or hide that the first one acted: it is only sent again when it surely was not
    /// carried out, and a lost answer becomes [`ElasticError::OutcomeUnknown`].
    OnlyIfNotCarriedOut,
    /// One attempt, whatever happens.
    Never,
}

/// The waits of `elasticsearch.max_retries` and `elasticsearch.retry_interval`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) interval: Duration,
    pub(crate) on_timeout: bool,
}

impl RetryPolicy {
    /// The n-th wait is n intervals and up to a tenth more, so that requests refused together do not return together.
    fn waits(self) -> impl Iterator<Item = Duration> + Send + Sync + Unpin {
        let interval = self.interval;
        (1..self.max_attempts.max(1)).map(move |attempt| with_jitter(interval.saturating_mul(attempt)))
    }

    fn allows(self, repeat: Repeat, error: &ElasticError) -> bool {
        match repeat {
            Repeat::Never => false,
            Repeat::OnlyIfNotCarriedOut => was_not_carried_out(error),
            Repeat::Idempotent if matches!(error, ElasticError::Timeout { .. }) => self.on_timeout,
            Repeat::Idempotent => error.is_retryable(),
        }
    }

    /// Runs `attempt` until it succeeds, fails for good or the attempts are used up.
    pub(crate) async fn run<T, F, Fut>(self, repeat: Repeat, attempt: F) -> Result<T, ElasticError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, ElasticError>>,
    {
        // A 503 may come from a proxy that had passed the request on; a conflict after one may be with ourselves.
        let mut ambiguous_before = false;
        let result = attempt
            .retry(self.waits())
            .when(|error| self.allows(repeat, error))
            .adjust(|error, planned| planned.map(|wait| wait.max(wait_asked_for(error))))
            .notify(|error, wait| {
                ambiguous_before |= error.status() == Some(503);
                metrics::counter!("jira_connector_elasticsearch_retries_total").increment(1);
                tracing::warn!(
                    error = %error,
                    wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                    "request to elasticsearch failed, trying again"
                );
            })
            .await;
        match (repeat, result) {
            (Repeat::OnlyIfNotCarriedOut, Err(error)) => Err(unknown_outcome(error, ambiguous_before)),
            (_, result) => result,
        }
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

fn wait_asked_for(error: &ElasticError) -> Duration {
    error
        .retry_after()
        .map_or(Duration::ZERO, |wait| with_jitter(wait.min(LONGEST_WAIT)))
}

fn with_jitter(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + fastrand::f64() * 0.1)
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
