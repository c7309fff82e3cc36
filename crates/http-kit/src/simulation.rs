//! The gate against servers that count requests in different ways, on a stopped clock.
//!
//! Real answers and headers are for the tests of the clients.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use test_case::test_case;
use tokio::time::Instant;

use crate::announced::Announced;
use crate::gate::{Gate, Lane, PauseScope};

const LATENCY: Duration = Duration::from_millis(40);
const WORKERS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Endpoint {
    Search,
    Fetch,
    Fields,
}

/// How a server counts.
#[derive(Debug, Clone, Copy)]
enum Counting {
    /// A bucket of so many, filled with so many a second.
    Bucket(f64, f64),
    /// So many in any second.
    Sliding(usize),
    /// So many in each second of the clock.
    Fixed(usize),
}

#[derive(Debug)]
struct Server {
    counting: Counting,
    start: Instant,
    level: f64,
    filled: Instant,
    times: VecDeque<Instant>,
}

impl Server {
    fn new(counting: Counting) -> Self {
        let now = Instant::now();
        let level = if let Counting::Bucket(size, _) = counting {
            size
        } else {
            0.0
        };
        Self {
            counting,
            start: now,
            level,
            filled: now,
            times: VecDeque::new(),
        }
    }

    fn takes(&mut self) -> bool {
        let now = Instant::now();
        let second = |at: Instant| at.duration_since(self.start).as_secs();
        match self.counting {
            Counting::Bucket(size, fill) => {
                self.level = (self.level + (now - self.filled).as_secs_f64() * fill).min(size);
                self.filled = now;
                let taken = self.level >= 1.0;
                self.level -= f64::from(u8::from(taken));
                taken
            }
            Counting::Sliding(most) => {
                self.times.retain(|at| now - *at < Duration::from_secs(1));
                let taken = self.times.len() < most;
                self.times.extend(taken.then_some(now));
                taken
            }
            Counting::Fixed(most) => {
                let running = second(now);
                let start = self.start;
                self.times.retain(|at| at.duration_since(start).as_secs() == running);
                let taken = self.times.len() < most;
                self.times.extend(taken.then_some(now));
                taken
            }
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    taken: u32,
    refused: u32,
    /// Most refusals that one request met.
    worst: u32,
}

/// Sixteen workers ask as fast as they may for so long; refusals name a wait of a second.
async fn run(counting: Counting, class_of: fn(usize) -> Endpoint, burst_reason: bool, seconds: u64) -> Tally {
    let gate = Arc::new(Gate::new(WORKERS, WORKERS));
    let server = Arc::new(Mutex::new(Server::new(counting)));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (gate, server, tally) = (Arc::clone(&gate), Arc::clone(&server), Arc::clone(&tally));
        workers.spawn(async move {
            let class = class_of(worker);
            let mut refused_here = 0;
            while Instant::now() < end {
                let admission = gate.admit(class, Lane::Requests).await;
                tokio::time::sleep(LATENCY.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
                let taken = server.lock().takes();
                tokio::time::sleep(LATENCY / 4).await;
                let mut tally = tally.lock();
                if taken {
                    gate.taken(class, Announced::default(), Duration::MAX);
                    refused_here = 0;
                    tally.taken += 1;
                } else {
                    let scope = if burst_reason {
                        PauseScope::Class(class)
                    } else {
                        PauseScope::Everything
                    };
                    gate.refused(scope, class, admission.at, Duration::from_secs(1));
                    refused_here += 1;
                    tally.refused += 1;
                    tally.worst = tally.worst.max(refused_here);
                }
            }
        });
    }
    workers.join_all().await;
    *tally.lock()
}

fn search(_: usize) -> Endpoint {
    Endpoint::Search
}

fn two_classes(worker: usize) -> Endpoint {
    if worker.is_multiple_of(2) {
        Endpoint::Search
    } else {
        Endpoint::Fetch
    }
}

// What was in a bucket at the beginning counts as possible, too.
#[test_case(Counting::Bucket(5.0, 5.0), 305, 60, 0.92; "a bucket of a second for a minute")]
#[test_case(Counting::Bucket(5.0, 5.0), 3005, 600, 0.95; "a bucket of a second for ten minutes")]
#[test_case(Counting::Bucket(70.0, 5.0), 3070, 600, 0.95; "a large bucket")]
#[test_case(Counting::Sliding(5), 3000, 600, 0.85; "any second")]
#[test_case(Counting::Fixed(5), 3000, 600, 0.80; "seconds of the clock")]
#[test_case(Counting::Bucket(100.0, 100.0), 6100, 60, 0.93; "a hundred a second")]
#[tokio::test(start_paused = true)]
async fn a_limit_is_used(counting: Counting, possible: u32, seconds: u64, share: f64) {
    let tally = run(counting, search, false, seconds).await;
    let used = f64::from(tally.taken) / f64::from(possible);
    assert!(used >= share, "{used:.3} of what was possible; {tally:?}");
    assert!(tally.worst <= 5, "a request was refused too often; {tally:?}");
}

#[tokio::test(start_paused = true)]
async fn endpoints_that_share_a_limit_share_the_pace() {
    let tally = run(Counting::Bucket(5.0, 5.0), two_classes, true, 300).await;
    assert!(f64::from(tally.taken) >= 0.93 * 5.0 * 300.0, "{tally:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_is_found() {
    let gate = Gate::new(4, 4);
    let class = Endpoint::Search;
    let admission = gate.admit(class, Lane::Requests).await;
    gate.refused(PauseScope::Everything, class, admission.at, Duration::from_secs(1));
    let start = Instant::now();
    for _ in 0..500 {
        drop(gate.admit(class, Lane::Requests).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
        gate.taken(class, Announced::default(), Duration::MAX);
    }
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_announced_rate_is_kept_without_a_refusal() {
    let gate = Gate::new(4, 4);
    let class = Endpoint::Search;
    let announced = Announced {
        per_second: Some(5.0),
        burst: Some(26),
        ..Announced::default()
    };
    drop(gate.admit(class, Lane::Requests).await);
    gate.taken(class, announced, Duration::MAX);
    let start = Instant::now();
    for _ in 0..60 {
        drop(gate.admit(class, Lane::Requests).await);
        gate.taken(class, announced, Duration::MAX);
    }
    // Ten at once, fifty at five a second.
    let taken = start.elapsed().as_secs_f64();
    assert!((9.5..10.5).contains(&taken), "{taken}");
}

async fn wait_for(gate: &Gate<Endpoint>, class: Endpoint) -> u64 {
    let start = Instant::now();
    let admission = gate.admit(class, Lane::Requests).await;
    assert_eq!(admission.paused.is_zero(), start.elapsed().is_zero());
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn nobody_passes_before_the_longest_pause_is_over() {
    let gate = Gate::new(10, 10);
    gate.pause(PauseScope::Everything, Duration::from_secs(60));
    gate.pause(PauseScope::Everything, Duration::from_secs(5));
    let waited = wait_for(&gate, Endpoint::Search).await;
    assert!((60..=63).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_a_class_leaves_the_others_alone() {
    let gate = Gate::new(10, 10);
    gate.pause(PauseScope::Class(Endpoint::Search), Duration::from_secs(60));
    assert_eq!(wait_for(&gate, Endpoint::Fields).await, 0);
    assert!(wait_for(&gate, Endpoint::Search).await >= 60);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_begins_while_standing_in_line_counts() {
    let gate = Gate::new(1, 1);
    let first = gate.admit(Endpoint::Search, Lane::Requests).await;
    let ((), waited) = tokio::join!(
        async {
            tokio::task::yield_now().await;
            gate.pause(PauseScope::Everything, Duration::from_secs(60));
            drop(first);
        },
        async {
            let start = Instant::now();
            gate.admit(Endpoint::Search, Lane::Requests).await;
            start.elapsed().as_secs()
        }
    );
    assert!(waited >= 60, "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_comes_from_a_quota_and_does_not_slow_what_follows() {
    let gate = Gate::new(10, 10);
    let class = Endpoint::Search;
    let admission = gate.admit(class, Lane::Requests).await;
    gate.refused(PauseScope::Everything, class, admission.at, Duration::from_secs(1800));
    drop(admission);
    assert!(wait_for(&gate, class).await >= 1800);
    for _ in 0..100 {
        assert_eq!(wait_for(&gate, class).await, 0);
    }
}

/// Nothing was let through between them, so they say little about the rate.
#[tokio::test(start_paused = true)]
async fn a_few_refusals_in_a_row_do_not_stop_the_client() {
    let gate = Gate::new(10, 10);
    let class = Endpoint::Search;
    for _ in 0..3 {
        let admission = gate.admit(class, Lane::Requests).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        gate.refused(PauseScope::Everything, class, admission.at, Duration::from_millis(50));
    }
    let start = Instant::now();
    for _ in 0..10 {
        gate.admit(class, Lane::Requests).await;
        gate.taken(class, Announced::default(), Duration::MAX);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn downloads_have_places_of_their_own_and_even_zero_places_let_one_through() {
    let gate = Gate::new(1, 0);
    let held = gate.admit(Endpoint::Search, Lane::Requests).await;
    drop(gate.admit(Endpoint::Search, Lane::Downloads).await);
    drop(held);
}
