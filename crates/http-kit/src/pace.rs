//! Learns how many requests a second a server takes from what it lets through and what it refuses.
//!
//! Pauses that a server asks for are the gate's part. The rate is cut at a refusal to what was taken lately, returns to
//! that ceiling, stays there long, and then probes beyond it faster and faster (the curve of TCP CUBIC): refusals stay
//! rare, and a limit that was raised is found.

use std::time::Duration;

use tokio::time::Instant;

use crate::announced::Announced;
use crate::ticker::Ticker;

/// The rate after a cut, as a share of the ceiling.
const BELOW_CEILING: f64 = 0.97;
/// Time from a cut back to the ceiling when the ceiling is known well, and when it is a guess.
const TO_CEILING: Duration = Duration::from_secs(60);
const TO_GUESS: Duration = Duration::from_secs(10);
/// Rates learned over so long are known well.
const LONG: Duration = Duration::from_secs(10);
/// Before the second refusal the limit is unknown: the rate doubles in this time.
const DOUBLING: Duration = Duration::from_secs(8);
/// Faster than this nothing needs to be held back.
const UNLIMITED: f64 = 500.0;
const SLOWEST: f64 = 0.05;
/// A refusal takes no more than this from the rate when nothing was let through since the last cut: nothing was measured.
const UNMEASURED_CUT: f64 = 0.5;
/// What a bucket or window of a second forgives after a pause.
const FORGIVEN: Duration = Duration::from_secs(1);
/// A rate change below this does not need another ticker.
const NOTICEABLE: f64 = 0.01;

/// The rate at which requests of one scope are sent.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    learned: Option<Learned>,
    ticker: Option<Ticker>,
    window: Window,
    announced: Option<f64>,
    /// Set when a burst after a pause was refused: this server counts windows, not buckets.
    bursts_refused: bool,
}

#[derive(Debug)]
struct Learned {
    ceiling: f64,
    /// `None` until the second refusal: the ceiling is only where growth began.
    to_ceiling: Option<Duration>,
    /// Time spent sending without a sign of the limit.
    probed: Duration,
    cut_at: Instant,
    resumed_at: Instant,
    taken: u64,
    last: Instant,
}

/// Requests taken within the running and the last second.
#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    count: u32,
    before: u32,
}

impl Pace {
    /// Takes the place of one request, or says when there will be one.
    pub(crate) fn take(&mut self) -> Result<(), Instant> {
        let Some(ticker) = &self.ticker else { return Ok(()) };
        ticker.take()?;
        // A new ticker begins at the moment of a request, so that no request is won or lost by the change.
        let rate = self.rate();
        match rate {
            None => self.ticker = None,
            Some(rate) if (rate / ticker.rate() - 1.0).abs() > NOTICEABLE => {
                let next = Ticker::new(rate, 1);
                // The request let through above is the first of the new ticker.
                if next.take().is_ok() {
                    self.ticker = Some(next);
                }
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Requests per second; `None` while nothing is held back.
    pub(crate) fn rate(&self) -> Option<f64> {
        let learned = self.learned.as_ref().map(Learned::rate);
        let rate = match (learned, self.announced) {
            (Some(learned), Some(announced)) => learned.min(announced),
            (one, other) => one.or(other)?,
        };
        (rate < UNLIMITED).then_some(rate.max(SLOWEST))
    }

    /// A request was let through.
    pub(crate) fn taken(&mut self, now: Instant, announced: Announced) {
        self.window.count(now);
        self.learn(announced);
        let Some(learned) = &mut self.learned else {
            if announced.near_limit && self.announced.is_none() {
                let lately = f64::from(self.window.rate());
                if lately >= 3.0 {
                    self.begin(now, Duration::ZERO, lately);
                }
            }
            return;
        };
        learned.taken += 1;
        // Idle time proves nothing about the limit.
        let step = now.saturating_duration_since(learned.last).min(Duration::from_secs(1));
        learned.last = now;
        match learned.to_ceiling {
            Some(to_ceiling) if announced.near_limit => learned.probed = learned.probed.min(to_ceiling),
            None if announced.near_limit => {}
            _ => learned.probed += step,
        }
        if learned.rate() >= UNLIMITED {
            self.learned = None;
        }
    }

    /// A request admitted at `admitted` was refused for its rate, and everything pauses for `pause`.
    pub(crate) fn refused(&mut self, admitted: Instant, now: Instant, pause: Duration) {
        let Some(learned) = &self.learned else {
            let lately = f64::from(self.window.rate()).max(2.0);
            self.begin(now, pause, self.announced.map_or(lately, |known| lately.min(known)));
            return;
        };
        // Requests that were under way at a cut say nothing about the rate after it.
        if admitted < learned.resumed_at || admitted <= learned.cut_at {
            return;
        }
        let rate = self.rate().unwrap_or(UNLIMITED);
        let active = now.saturating_duration_since(learned.resumed_at);
        if active < FORGIVEN && learned.to_ceiling.is_some() {
            self.bursts_refused = true;
        }
        let paused = learned
            .resumed_at
            .saturating_duration_since(learned.cut_at)
            .min(FORGIVEN);
        let counted = (active + paused).as_secs_f64().max(0.2);
        let measured = learned.taken as f64 / counted;
        let (ceiling, to_ceiling) = if active >= LONG {
            (measured.max(0.93 * rate).min(rate), TO_CEILING)
        } else {
            let least = if learned.taken == 0 { UNMEASURED_CUT } else { 0.1 };
            (measured.clamp(least * rate, 0.97 * rate), TO_GUESS)
        };
        let ceiling = ceiling.max(SLOWEST);
        self.cut(now, pause, ceiling, Some(to_ceiling));
    }

    /// The pause after a cut was made longer by another answer, or by someone else's.
    pub(crate) fn paused_until(&mut self, until: Instant) {
        if let Some(learned) = &mut self.learned
            && learned.resumed_at < until
        {
            learned.resumed_at = until;
        }
    }

    fn begin(&mut self, now: Instant, pause: Duration, rate: f64) {
        self.cut(now, pause, rate, None);
    }

    fn cut(&mut self, now: Instant, pause: Duration, ceiling: f64, to_ceiling: Option<Duration>) {
        let resumed_at = now + pause;
        self.learned = Some(Learned {
            ceiling,
            to_ceiling,
            probed: Duration::ZERO,
            cut_at: now,
            resumed_at,
            taken: 0,
            last: resumed_at,
        });
        let Some(rate) = self.rate() else { return };
        // While nothing was sent, the server's bucket filled again.
        let saved = (ceiling * pause.min(FORGIVEN).as_secs_f64()).round() as u32;
        let burst = if self.bursts_refused { 1 } else { saved.max(1) };
        self.ticker = Some(Ticker::new(rate, burst));
        tracing::debug!(
            requests_per_second = rate,
            "a server refuses requests for their rate, slowing down"
        );
    }

    fn learn(&mut self, announced: Announced) {
        let changed = match (self.announced, announced.per_second) {
            (Some(known), Some(told)) => (known - told).abs() > known * NOTICEABLE,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if !changed {
            return;
        }
        self.announced = announced.per_second;
        if let Some(rate) = self.rate() {
            // Other requests are under way and take from the same bucket.
            let burst = announced.burst.unwrap_or(1).saturating_sub(16).max(1);
            self.ticker = Some(Ticker::new(rate, burst));
        }
    }
}

impl Learned {
    fn rate(&self) -> f64 {
        let probed = self.probed.as_secs_f64();
        match self.to_ceiling {
            None => self.ceiling * (probed / DOUBLING.as_secs_f64()).exp2(),
            Some(to_ceiling) => {
                let way = probed / to_ceiling.as_secs_f64() - 1.0;
                self.ceiling * (1.0 + (1.0 - BELOW_CEILING) * way.powi(3))
            }
        }
    }
}

impl Window {
    fn count(&mut self, now: Instant) {
        let age = self
            .began
            .map_or(Duration::MAX, |began| now.saturating_duration_since(began));
        if age >= Duration::from_secs(1) {
            self.before = if age < Duration::from_secs(2) { self.count } else { 0 };
            self.count = 0;
            self.began = Some(now);
        }
        self.count += 1;
    }

    /// The larger of the two seconds: the running one has just begun.
    fn rate(&self) -> u32 {
        self.count.max(self.before)
    }
}
