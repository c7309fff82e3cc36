//! Lets requests through: so many at once, at the pace that the server takes, and none while it asked to wait.
//!
//! How long a single request waits before its next try is decided in `tries`. Endpoint classes are the client's own type:
//! whatever its server counts together.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::announced::Announced;
use crate::pace::Pace;

/// Refusals that name a longer wait come from a quota: the rate was not the fault.
const LONGEST_BURST_WAIT: Duration = Duration::from_secs(60);
/// When endpoints are refused in turn within this time, the limit is one for all of them.
const SHARED_LIMIT: Duration = Duration::from_secs(30);

/// What a pause applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PauseScope<C> {
    /// All requests.
    Everything,
    /// One endpoint; the others may go on.
    Class(C),
}

/// Which of the two kinds of places a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Short questions and writes.
    Requests,
    /// What takes long, so that it cannot keep the others out.
    Downloads,
}

/// Holds requests back. Shared by everybody who talks to one server with one account.
#[derive(Debug)]
pub struct Gate<C> {
    permits: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
    /// Held by whoever is next, so that requests leave in the order they came.
    turn: tokio::sync::Mutex<()>,
    limits: Mutex<Limits<C>>,
}

#[derive(Debug)]
struct Limits<C> {
    pauses: HashMap<PauseScope<C>, Instant>,
    everything: Pace,
    classes: HashMap<C, Pace>,
    last_burst: Option<(C, Instant)>,
}

/// The right to have one request under way, given back when dropped.
#[derive(Debug)]
pub struct Admission {
    _permit: OwnedSemaphorePermit,
    /// When the request was let through.
    pub at: Instant,
    /// Time spent waiting for a pause to end or for the pace; waiting for a free place does not count.
    pub paused: Duration,
}

impl<C: Copy + Eq + Hash> Gate<C> {
    /// So many at once, in each lane.
    pub fn new(max_concurrent_requests: usize, max_concurrent_downloads: usize) -> Self {
        let places = |most: usize| Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            permits: places(max_concurrent_requests),
            downloads: places(max_concurrent_downloads),
            turn: tokio::sync::Mutex::default(),
            limits: Mutex::new(Limits {
                pauses: HashMap::new(),
                everything: Pace::default(),
                classes: HashMap::new(),
                last_burst: None,
            }),
        }
    }

    /// Waits until a request of this class may be sent.
    pub async fn admit(&self, class: C, lane: Lane) -> Admission {
        let places = match lane {
            Lane::Requests => &self.permits,
            Lane::Downloads => &self.downloads,
        };
        let mut paused = Duration::ZERO;
        loop {
            // Waiting for one endpoint must not take places from the others.
            self.pass(PauseScope::Class(class), &mut paused).await;
            let permit = Arc::clone(places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            {
                let _turn = self.turn.lock().await;
                self.pass(PauseScope::Everything, &mut paused).await;
            }
            // A pause may have begun while this request stood in line.
            if self.limits().remaining_pause(PauseScope::Class(class)).is_none() {
                return Admission {
                    _permit: permit,
                    at: Instant::now(),
                    paused,
                };
            }
        }
    }

    /// Waits for a place among the downloads alone: another host does not count towards the limits of this one.
    pub async fn admit_elsewhere(&self) -> Admission {
        let permit = Arc::clone(&self.downloads)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        Admission {
            _permit: permit,
            at: Instant::now(),
            paused: Duration::ZERO,
        }
    }

    /// Waits for the end of a scope's pause and for its pace.
    async fn pass(&self, scope: PauseScope<C>, paused: &mut Duration) {
        loop {
            let until = {
                let mut limits = self.limits();
                match limits.remaining_pause(scope) {
                    Some(until) => until,
                    None => match limits.pace_of(scope).map_or(Ok(()), Pace::take) {
                        Ok(()) => return,
                        Err(until) => until,
                    },
                }
            };
            let start = Instant::now();
            tokio::time::sleep_until(until).await;
            *paused += start.elapsed();
        }
    }

    /// An answer was let through; its headers may tell of limits.
    pub fn taken(&self, class: C, announced: Announced, longest: Duration) {
        let mut limits = self.limits();
        let now = Instant::now();
        if let Some(wait) = announced.exhausted_for.filter(|wait| *wait <= LONGEST_BURST_WAIT) {
            limits.pause(PauseScope::Class(class), wait.min(longest));
        }
        // An announced rate is a budget of the account; what is left may be counted by endpoint.
        let of_class = Announced {
            per_second: None,
            ..announced
        };
        if let Some(pace) = limits.classes.get_mut(&class) {
            pace.taken(now, of_class);
        }
        limits.everything.taken(now, announced);
    }

    /// An answer was refused because of its rate; nothing in the scope starts for `pause`, and then more slowly.
    pub fn refused(&self, scope: PauseScope<C>, class: C, admitted: Instant, pause: Duration) {
        let mut limits = self.limits();
        let now = Instant::now();
        if pause > LONGEST_BURST_WAIT {
            limits.pause(scope, pause);
            return;
        }
        let shared = limits
            .last_burst
            .is_some_and(|(other, at)| other != class && now.saturating_duration_since(at) < SHARED_LIMIT);
        if scope == PauseScope::Everything || shared {
            limits.everything.refused(admitted, now, pause);
        }
        if let PauseScope::Class(class) = scope {
            limits.last_burst = Some((class, now));
            if shared {
                // Paced together from now on.
                limits.classes.clear();
            } else {
                limits.classes.entry(class).or_default().refused(admitted, now, pause);
            }
        }
        // After the paces have judged the refusal by the pauses before it.
        limits.pause(scope, pause);
    }

    /// No request within the scope starts for so long; a longer pause under way stays.
    pub fn pause(&self, scope: PauseScope<C>, wait: Duration) {
        self.limits().pause(scope, wait);
    }

    fn limits(&self) -> MutexGuard<'_, Limits<C>> {
        self.limits.lock()
    }
}

impl<C: Copy + Eq + Hash> Limits<C> {
    /// The pause is a little longer than asked for, so that clients do not all come back together.
    fn pause(&mut self, scope: PauseScope<C>, wait: Duration) {
        let now = Instant::now();
        let asked = now + wait;
        let until = match self.pauses.get(&scope) {
            Some(end) if *end >= asked => *end,
            _ => asked + spread(wait),
        };
        self.pauses.insert(scope, until);
        match scope {
            PauseScope::Everything => self.everything.paused_until(until),
            PauseScope::Class(class) => {
                if let Some(pace) = self.classes.get_mut(&class) {
                    pace.paused_until(until);
                }
            }
        }
    }

    fn pace_of(&mut self, scope: PauseScope<C>) -> Option<&mut Pace> {
        match scope {
            PauseScope::Everything => Some(&mut self.everything),
            PauseScope::Class(class) => self.classes.get_mut(&class),
        }
    }

    /// The end of a pause under way; one of everything counts for every class.
    fn remaining_pause(&self, scope: PauseScope<C>) -> Option<Instant> {
        let of = |scope: PauseScope<C>| self.pauses.get(&scope).copied();
        let until = of(PauseScope::Everything).max(of(scope))?;
        (until > Instant::now()).then_some(until)
    }
}

fn spread(wait: Duration) -> Duration {
    (wait / 20).min(Duration::from_secs(2)).mul_f64(fastrand::f64())
}
