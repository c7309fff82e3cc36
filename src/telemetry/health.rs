//! Whether the process is alive and whether it is ready, as its loops report it.
//!
//! Alive means that every loop turns; ready means that the start-up checks are behind it. Whether Elasticsearch answers
//! right now is asked by whoever serves the answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use metrics::gauge;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// Above its own interval, a loop may be held up this long by requests that are tried again and again.
const PATIENCE: Duration = Duration::from_secs(600);

/// Reports of the loops. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Health {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    started: AtomicBool,
    loops: Mutex<BTreeMap<&'static str, Turn>>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    at: Instant,
    /// The next one is expected within this time.
    expected: Duration,
}

/// A loop that has not turned for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// Its name.
    pub name: &'static str,
    /// The time since it turned.
    pub age: Duration,
}

impl Health {
    /// The start-up checks are done.
    pub fn started(&self) {
        self.shared.started.store(true, Relaxed);
    }

    /// Whether they are.
    pub fn has_started(&self) -> bool {
        self.shared.started.load(Relaxed)
    }

    /// A loop turned; it turns again after `interval`, and what it does in between takes its time.
    pub fn turned(&self, name: &'static str, interval: Duration) {
        let turn = Turn {
            at: Instant::now(),
            expected: interval.saturating_mul(2).saturating_add(PATIENCE),
        };
        self.loops().insert(name, turn);
    }

    /// Loops that have not turned for too long.
    pub fn stuck(&self) -> Vec<Stuck> {
        let loops = self.loops();
        let late = loops.iter().filter(|(_, turn)| turn.at.elapsed() > turn.expected);
        late.map(|(name, turn)| Stuck {
            name,
            age: turn.at.elapsed(),
        })
        .collect()
    }

    /// Puts the ages of the loops among the metrics.
    pub fn record_ages(&self) {
        for (name, turn) in self.loops().iter() {
            gauge!("jira_connector_loop_age_seconds", "loop" => *name).set(turn.at.elapsed().as_secs_f64());
        }
    }

    fn loops(&self) -> MutexGuard<'_, BTreeMap<&'static str, Turn>> {
        self.shared.loops.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_stopped_turning_is_named() {
        let health = Health::default();
        health.turned("heartbeat", Duration::from_secs(30));
        health.turned("jobs", Duration::from_secs(3_600));
        tokio::time::advance(Duration::from_secs(659)).await;
        assert_eq!(health.stuck(), []);
        tokio::time::advance(Duration::from_secs(2)).await;
        let age = Duration::from_secs(661);
        assert_eq!(health.stuck(), [Stuck { name: "heartbeat", age }]);
        health.turned("heartbeat", Duration::from_secs(30));
        assert_eq!(health.stuck(), []);
    }
}
