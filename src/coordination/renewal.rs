//! When a job's record was last renewed, and for how long that allows which writes. Renewing itself is left to
//! `lease`, asking for leave to `fence`.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;

use super::boot_clock::since_boot;

/// A worker that could not renew for so long sends nothing until it has; others take its job over after 300 s.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// Deletions go out only so soon after a renewal.
const LONGEST_BEFORE_DELETE: Duration = Duration::from_secs(10);
/// The framework's interval of progress reports.
const LONGEST_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// The life of a renewal, in proportion to the time after which other workers take a job for abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RenewalLimits {
    /// Between two renewals.
    pub(crate) report: Duration,
    /// Up to which documents are written.
    pub(crate) write: Duration,
    /// Up to which documents are deleted.
    pub(crate) delete: Duration,
}

impl RenewalLimits {
    /// For jobs that others take over after `idle_after`.
    pub(crate) fn for_idle_after(idle_after: Duration) -> Self {
        Self {
            report: LONGEST_REPORT_INTERVAL.min(idle_after / 20),
            write: LONGEST_SILENCE.min(idle_after / 2),
            delete: LONGEST_BEFORE_DELETE.min(idle_after / 4),
        }
    }
}

/// The time of the last renewal, on a clock that also counts while this process is stopped.
pub(crate) struct Renewal {
    at: watch::Sender<Duration>,
    clock: Box<dyn Fn() -> Duration + Send + Sync>,
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("age", &self.age()).finish()
    }
}

impl Renewal {
    /// Renewed by a request that was sent at `asked`.
    pub(crate) fn new(asked: Duration) -> Self {
        Self::with_clock(asked, since_boot)
    }

    pub(super) fn with_clock(asked: Duration, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            at: watch::Sender::new(asked),
            clock: Box::new(clock),
        }
    }

    /// The time to hand to [`Self::renewed`] once a request that is sent now has succeeded.
    pub(crate) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// A request sent at `asked` has renewed the job. The time of sending counts: the answer may have been on its way,
    /// or this process stopped, for any time.
    pub(crate) fn renewed(&self, asked: Duration) {
        self.at.send_modify(|at| *at = asked.max(*at));
    }

    /// The age of the last renewal.
    pub(crate) fn age(&self) -> Duration {
        self.now().saturating_sub(*self.at.borrow())
    }

    /// Waits until the last renewal is not older than `limit`.
    pub(crate) async fn younger_than(&self, limit: Duration) {
        let mut renewals = self.at.subscribe();
        while self.age() > limit {
            // It only fails when the sender is gone, which `self` holds.
            if renewals.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_limits_are_those_of_the_design_and_shrink_with_the_idle_timeout() {
        let limits = RenewalLimits::for_idle_after(seconds(300));
        assert_eq!(
            (limits.report, limits.write, limits.delete),
            (seconds(10), seconds(60), seconds(10))
        );
        let short = RenewalLimits::for_idle_after(seconds(5));
        assert!(short.report < short.write && short.write < seconds(5));
        assert_eq!(RenewalLimits::for_idle_after(seconds(3600)), limits);
        for idle_after in [1, 5, 60, 300, 3600].map(seconds) {
            let limits = RenewalLimits::for_idle_after(idle_after);
            // A worker falls silent well before others take its job over, and has renewed several times by then.
            assert!(
                limits.write <= idle_after / 2 && limits.delete <= limits.write,
                "{limits:?}"
            );
            assert!(limits.report * 10 <= idle_after, "{limits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_was_stopped_waits_until_it_has_renewed() {
        let now = Arc::new(AtomicU64::new(1000));
        let clock = Arc::clone(&now);
        let renewal = Arc::new(Renewal::with_clock(seconds(1000), move || seconds(clock.load(Relaxed))));
        now.store(1060, Relaxed);
        renewal.younger_than(seconds(60)).await;
        now.store(1400, Relaxed);
        let waiting = tokio::spawn({
            let renewal = Arc::clone(&renewal);
            async move { renewal.younger_than(seconds(60)).await }
        });
        tokio::time::sleep(seconds(5)).await;
        assert!(
            !waiting.is_finished(),
            "400 s after the last renewal nothing may be sent"
        );
        // Sent before the stop, answered after it: says nothing about now.
        renewal.renewed(seconds(1001));
        tokio::time::sleep(seconds(5)).await;
        assert!(!waiting.is_finished());
        renewal.renewed(seconds(1399));
        waiting.await.unwrap();
    }
}
