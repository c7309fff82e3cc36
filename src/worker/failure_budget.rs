//! Counts failed passes of all loops; too many within a span stop the service, so that whatever supervises it notices.

use std::collections::VecDeque;
use std::time::Duration;

use elastic_client::ElasticError;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::supervisor_error::SupervisorError;

/// Counts failed passes within a span of time, against a limit.
#[derive(Debug)]
pub(crate) struct FailureBudget {
    most: usize,
    span: Duration,
    /// Cancelled when it is used up.
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: VecDeque<Instant>,
    exceeded: Option<SupervisorError>,
}

impl FailureBudget {
    /// More than `most` failures within `span` cancel `stop`.
    pub(crate) fn new(most: u32, span: Duration, stop: CancellationToken) -> Self {
        Self {
            most: most as usize,
            span,
            stop,
            state: Mutex::default(),
        }
    }

    /// Counts a failure.
    pub(crate) fn note(&self, error: ElasticError) {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.failures.push_back(now);
        while state
            .failures
            .front()
            .is_some_and(|at| now.duration_since(*at) >= self.span)
        {
            state.failures.pop_front();
        }
        if state.failures.len() > self.most && state.exceeded.is_none() {
            state.exceeded = Some(SupervisorError::TooManyErrors {
                count: state.failures.len(),
                span: self.span,
                last: error,
            });
            self.stop.cancel();
        }
    }

    /// The reason why the service had to stop, if it had to.
    pub(crate) fn into_result(self) -> Result<(), SupervisorError> {
        let state = self.state.into_inner();
        state.exceeded.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> ElasticError {
        ElasticError::Timeout {
            request: "GET /".into(),
            after: Duration::from_secs(1),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_close_together_stop_the_service() {
        let stop = CancellationToken::new();
        let budget = FailureBudget::new(2, Duration::from_secs(60), stop.clone());
        for _ in 0..10 {
            budget.note(failure());
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        assert!(!stop.is_cancelled(), "never more than two within a minute");
        budget.note(failure());
        budget.note(failure());
        assert!(stop.is_cancelled());
        let error = budget.into_result().unwrap_err().to_string();
        assert!(error.contains("3 passes failed within 60 s"), "{error}");
    }
}
