//! Lets requests through: so many at once, and none while Jira asked to wait.
//!
//! How long to wait is decided in `retry`; a limiter of requests per time would be asked in `admit`, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::request::EndpointClass;

/// What a pause applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PauseScope {
    Everything,
    /// Jira limits bursts by endpoint; the others may go on.
    Class(EndpointClass),
}

#[derive(Debug)]
pub(crate) struct Gate {
    permits: Arc<Semaphore>,
    pauses: Mutex<Pauses>,
}

#[derive(Debug, Default)]
struct Pauses {
    everything: Option<Instant>,
    classes: HashMap<EndpointClass, Instant>,
}

/// The right to have one request under way, given back when dropped.
pub(crate) struct Admission {
    _permit: OwnedSemaphorePermit,
    /// Time spent waiting for a pause to end; waiting for a free place does not count.
    pub(crate) paused: Duration,
}

impl Gate {
    pub(crate) fn new(max_concurrent_requests: usize) -> Self {
        let places = max_concurrent_requests.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(places)),
            pauses: Mutex::default(),
        }
    }

    /// Waits until a request of this class may be sent.
    pub(crate) async fn admit(&self, class: EndpointClass) -> Admission {
        let mut paused = Duration::ZERO;
        loop {
            while let Some(remaining) = self.remaining_pause(class) {
                let wait = remaining + spread(remaining);
                tokio::time::sleep(wait).await;
                paused += wait;
            }
            let permit = Arc::clone(&self.permits)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            // A pause may have begun while this request stood in line.
            if self.remaining_pause(class).is_none() {
                return Admission {
                    _permit: permit,
                    paused,
                };
            }
        }
    }

    /// No request within the scope starts for so long; a longer pause under way stays.
    pub(crate) fn pause(&self, scope: PauseScope, wait: Duration) {
        let until = Instant::now() + wait;
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        match scope {
            PauseScope::Everything => pauses.everything = pauses.everything.max(Some(until)),
            PauseScope::Class(class) => {
                let end = pauses.classes.entry(class).or_insert(until);
                *end = (*end).max(until);
            }
        }
    }

    fn remaining_pause(&self, class: EndpointClass) -> Option<Duration> {
        let pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let until = pauses.everything.max(pauses.classes.get(&class).copied())?;
        let remaining = until.saturating_duration_since(Instant::now());
        (!remaining.is_zero()).then_some(remaining)
    }
}

/// A little extra so that waiting requests do not all come back in the same instant.
fn spread(wait: Duration) -> Duration {
    (wait / 10).min(Duration::from_secs(2)).mul_f64(rand::random::<f64>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Gate, PauseScope};
    use crate::transport::EndpointClass;

    async fn wait_for(gate: &Gate, class: EndpointClass) -> u64 {
        let start = Instant::now();
        let admission = gate.admit(class).await;
        assert_eq!(admission.paused.is_zero(), start.elapsed().is_zero());
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_passes_before_the_longest_pause_is_over() {
        let gate = Gate::new(10);
        gate.pause(PauseScope::Everything, Duration::from_secs(60));
        gate.pause(PauseScope::Everything, Duration::from_secs(5));
        let waited = wait_for(&gate, EndpointClass::Search).await;
        assert!((60..=62).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_a_class_leaves_the_others_alone() {
        let gate = Gate::new(10);
        gate.pause(PauseScope::Class(EndpointClass::Search), Duration::from_secs(60));
        assert_eq!(wait_for(&gate, EndpointClass::Fields).await, 0);
        assert!(wait_for(&gate, EndpointClass::Search).await >= 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_begins_while_standing_in_line_counts() {
        let gate = Gate::new(1);
        let first = gate.admit(EndpointClass::Search).await;
        let ((), waited) = tokio::join!(
            async {
                tokio::task::yield_now().await;
                gate.pause(PauseScope::Everything, Duration::from_secs(60));
                drop(first);
            },
            async {
                let start = Instant::now();
                gate.admit(EndpointClass::Search).await;
                start.elapsed().as_secs()
            }
        );
        assert!(waited >= 60, "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn even_zero_places_let_one_request_through() {
        assert_eq!(wait_for(&Gate::new(0), EndpointClass::Search).await, 0);
    }
}
