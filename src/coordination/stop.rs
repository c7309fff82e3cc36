//! Asking one running job to stop, and remembering why.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// The reason why a job was stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The service is going down; the job is suspended and goes on elsewhere or later.
    Shutdown,
    /// Someone asked for cancellation.
    Canceled,
    /// The job belongs to another worker now, or its record is gone: nothing more may be written to it.
    Lost(String),
    /// It can go on no longer, for the reason given: the job ends in error.
    Failed(String),
}

/// The switch that stops one job. Clones share it.
#[derive(Debug, Clone)]
pub struct JobStop {
    token: CancellationToken,
    reason: Arc<OnceLock<StopReason>>,
    shutdown: CancellationToken,
}

impl JobStop {
    /// A switch that is also thrown when `shutdown` is cancelled.
    pub fn new(shutdown: &CancellationToken) -> Self {
        Self {
            token: shutdown.child_token(),
            reason: Arc::new(OnceLock::new()),
            shutdown: shutdown.clone(),
        }
    }

    /// Stops the job. The first reason counts.
    pub fn stop(&self, reason: StopReason) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The token that the job watches.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// The reason for the stop; none while it runs.
    pub fn reason(&self) -> Option<StopReason> {
        if let Some(reason) = self.reason.get() {
            return Some(reason.clone());
        }
        self.shutdown.is_cancelled().then_some(StopReason::Shutdown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_for_a_stop_is_the_one_that_is_recorded() {
        let service = CancellationToken::new();
        let job = JobStop::new(&service);
        assert_eq!((job.reason(), job.token().is_cancelled()), (None, false));
        job.stop(StopReason::Canceled);
        job.stop(StopReason::Lost("taken over".into()));
        service.cancel();
        assert_eq!(
            (job.reason(), job.token().is_cancelled()),
            (Some(StopReason::Canceled), true)
        );
    }

    #[test]
    fn the_end_of_the_service_stops_its_jobs_and_a_stopped_job_no_other() {
        let service = CancellationToken::new();
        let (one, other) = (JobStop::new(&service), JobStop::new(&service));
        one.stop(StopReason::Failed("disk full".into()));
        assert_eq!((other.reason(), other.token().is_cancelled()), (None, false));
        service.cancel();
        assert_eq!(
            (other.reason(), other.token().is_cancelled()),
            (Some(StopReason::Shutdown), true)
        );
    }
}
