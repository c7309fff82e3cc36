//! Spreads requests evenly at a rate that may change, on the runtime's clock.
//!
//! What the rate should be is decided in `pace`.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

/// The runtime's clock, so that tests can stop it.
#[derive(Debug, Clone)]
struct RuntimeClock {
    start: Instant,
}

impl Clock for RuntimeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A limiter of one rate.
#[derive(Debug)]
pub(crate) struct Ticker {
    limiter: RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Duration>>,
    clock: RuntimeClock,
    rate: f64,
}

impl Ticker {
    /// Lets `burst` requests through at once and then `rate` per second.
    pub(crate) fn new(rate: f64, burst: u32) -> Self {
        let clock = RuntimeClock { start: Instant::now() };
        let period = Duration::from_secs_f64(1.0 / rate.clamp(0.001, 100_000.0));
        let quota = Quota::with_period(period)
            .expect("the period is never zero")
            .allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
        Self {
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()),
            clock,
            rate,
        }
    }

    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes the place of one request, or says when there will be one.
    pub(crate) fn take(&self) -> Result<(), Instant> {
        self.limiter
            .check()
            .map_err(|not_until| self.clock.start + not_until.earliest_possible())
    }
}
