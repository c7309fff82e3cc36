//! Decides whether a failed try is followed by another one, and after which wait: the only such place.
//!
//! The loop stays with each client: it knows what else happens between two tries (a new token, leave to delete, a
//! pause of everybody at the [`Gate`](crate::Gate)).

use std::time::Duration;

use tokio::time::Instant;

use crate::repeat::Repeat;

/// Waits named by a server that limits the rate do not use up a try, up to this many: the request will pass later.
const FREE_WAITS: u32 = 10;
/// A fault that mostly stays is met with at most this many further tries.
const TRIES_AFTER_LASTING_FAULT: u32 = 2;

/// What kind of failure a try met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The same request would fail again.
    Final,
    /// It would most likely fail again.
    Lasting,
    /// It may well succeed.
    Passing,
    /// The server limits the rate of requests.
    Limited,
    /// The server as a whole does not serve: it restarts, or nothing answers in its place.
    Outage,
}

/// What a failed try says about the next one.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The kind of failure.
    pub kind: FaultKind,
    /// False only when the server surely did not act on the request.
    pub may_have_acted: bool,
    /// The wait that the server asked for.
    pub named_wait: Option<Duration>,
}

/// How waits grow when the server names none.
#[derive(Clone, Copy, Debug)]
pub enum Waits {
    /// The n-th lasts n steps, and up to a tenth more.
    Linear {
        /// The first wait.
        step: Duration,
    },
    /// Each is twice the one before, times 0.7 to 1.3.
    Doubling {
        /// The first wait.
        first: Duration,
        /// No wait is longer, before the spread.
        longest: Duration,
    },
}

/// How patient a client is.
#[derive(Clone, Copy, Debug)]
pub struct RetryPlan {
    /// Tries after the first one.
    pub retries: u32,
    /// The waits between them.
    pub waits: Waits,
    /// No longer wait is kept when the server names one.
    pub longest_named: Duration,
    /// How long refusals for the rate are borne.
    pub limited_for: Duration,
    /// How long an outage of a server that has served before is borne, however many tries that takes. Zero counts
    /// tries alone.
    pub outage_for: Duration,
}

/// The tries of one request.
#[derive(Debug)]
pub struct Tries {
    plan: RetryPlan,
    failures: u32,
    free_waits: u32,
    waits: u32,
    limited_since: Option<Instant>,
    outage: Option<Outage>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    began: Instant,
    last_failure: Instant,
}

impl Tries {
    /// Nothing has failed yet.
    pub fn new(plan: RetryPlan) -> Self {
        Self {
            plan,
            failures: 0,
            free_waits: 0,
            waits: 0,
            limited_since: None,
            outage: None,
        }
    }

    /// The wait before the next try, or `None` when this failure is final. `last_served` is when the server last gave
    /// anybody an answer: as long as it serves others, it is not down.
    pub fn next_wait(&mut self, fault: Fault, repeat: Repeat, last_served: Option<Instant>) -> Option<Duration> {
        let allowed = match repeat {
            Repeat::Idempotent => true,
            Repeat::OnlyIfNotCarriedOut => !fault.may_have_acted,
            Repeat::Never => false,
        };
        if fault.kind == FaultKind::Final || !allowed {
            return None;
        }
        let now = Instant::now();
        let named = fault.named_wait.map(|wait| wait.min(self.plan.longest_named));
        let wait = self.plan.waits.after(self.waits, named);
        if !self.is_free(fault.kind, named.is_some(), now, wait, last_served) {
            self.failures += 1;
            let retries = match fault.kind {
                FaultKind::Lasting => self.plan.retries.min(TRIES_AFTER_LASTING_FAULT),
                _ => self.plan.retries,
            };
            if self.failures > retries {
                return None;
            }
        }
        if fault.kind == FaultKind::Limited {
            let since = *self.limited_since.get_or_insert(now);
            if now - since + wait > self.plan.limited_for {
                return None;
            }
        }
        self.waits += 1;
        Some(wait)
    }

    /// Whether this failure uses up none of the tries.
    fn is_free(
        &mut self,
        kind: FaultKind,
        is_named: bool,
        now: Instant,
        wait: Duration,
        last_served: Option<Instant>,
    ) -> bool {
        match (kind, last_served) {
            (FaultKind::Limited, _) if is_named && self.free_waits < FREE_WAITS => {
                self.free_waits += 1;
                true
            }
            // A server that never served is down for good, or its address is wrong.
            (FaultKind::Outage, Some(served)) if self.plan.retries > 0 => {
                let known = self.outage.filter(|outage| served < outage.last_failure);
                let serves_others = self.outage.is_some() && known.is_none();
                let began = known.map_or(now, |outage| outage.began);
                self.outage = Some(Outage {
                    began,
                    last_failure: now,
                });
                !serves_others && now - began + wait <= self.plan.outage_for
            }
            _ => false,
        }
    }
}

impl Waits {
    /// The wait after so many others; at least the one that the server named.
    fn after(self, waits: u32, named: Option<Duration>) -> Duration {
        let named = named.unwrap_or_default();
        match self {
            // Requests refused together must not come back together.
            Self::Linear { step } => step
                .saturating_mul(waits + 1)
                .max(named)
                .mul_f64(1.0 + fastrand::f64() * 0.1),
            // A wait that was named is spread by the gate.
            Self::Doubling { first, longest } => first
                .saturating_mul(2_u32.saturating_pow(waits))
                .min(longest)
                .mul_f64(0.7 + fastrand::f64() * 0.6)
                .max(named),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    const HOUR: Duration = Duration::from_secs(3600);

    fn plan(retries: u32) -> RetryPlan {
        RetryPlan {
            retries,
            waits: Waits::Doubling {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(60),
            },
            longest_named: HOUR,
            limited_for: HOUR * 2,
            outage_for: Duration::from_secs(600),
        }
    }

    fn fault(kind: FaultKind, named: Option<u64>) -> Fault {
        Fault {
            kind,
            may_have_acted: true,
            named_wait: named.map(Duration::from_secs),
        }
    }

    /// The waits, in seconds, of a request that always fails so.
    fn waits(plan: RetryPlan, fault: Fault, repeat: Repeat) -> Vec<u64> {
        let mut tries = Tries::new(plan);
        std::iter::from_fn(|| tries.next_wait(fault, repeat, None))
            .map(|wait| wait.as_secs())
            .collect()
    }

    #[test]
    fn named_waits_are_a_minimum_and_ten_of_them_are_free() {
        let limited = fault(FaultKind::Limited, Some(1800));
        assert_eq!(waits(plan(2), limited, Repeat::Idempotent), [1800; 12]);
    }

    #[test_case(1800 => 4; "half an hour each")]
    #[test_case(3600 => 2; "an hour each")]
    #[test_case(1 => 12; "a second each")]
    #[tokio::test(start_paused = true)]
    async fn a_limit_that_stays_is_given_up_within_two_hours(named: u64) -> u32 {
        let mut tries = Tries::new(plan(2));
        let (began, mut waits) = (Instant::now(), 0);
        while let Some(wait) = tries.next_wait(fault(FaultKind::Limited, Some(named)), Repeat::Idempotent, None) {
            tokio::time::sleep(wait).await;
            waits += 1;
        }
        assert!(
            began.elapsed() <= HOUR * 2 + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        waits
    }

    #[test]
    fn a_named_wait_of_a_fault_uses_up_a_try() {
        let busy = fault(FaultKind::Outage, Some(90));
        assert_eq!(waits(plan(2), busy, Repeat::Idempotent), [90, 90]);
    }

    #[test]
    fn own_waits_grow_up_to_a_minute_with_a_spread() {
        let waits = waits(plan(20), fault(FaultKind::Limited, None), Repeat::Idempotent);
        assert_eq!(waits.len(), 20);
        assert!(waits[0] <= 1 && waits[4] >= 11, "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 78), "{waits:?}");
    }

    #[test_case(FaultKind::Final, 9 => 0; "a final fault")]
    #[test_case(FaultKind::Lasting, 9 => 2; "a fault that mostly stays")]
    #[test_case(FaultKind::Lasting, 1 => 1; "one retry is fewer than two")]
    #[test_case(FaultKind::Passing, 9 => 9; "a fault that may pass")]
    #[test_case(FaultKind::Outage, 0 => 0; "no retries")]
    fn tries_after_the_first(kind: FaultKind, retries: u32) -> usize {
        waits(plan(retries), fault(kind, None), Repeat::Idempotent).len()
    }

    #[test_case(Repeat::Idempotent, true => 3)]
    #[test_case(Repeat::OnlyIfNotCarriedOut, false => 3)]
    #[test_case(Repeat::OnlyIfNotCarriedOut, true => 0)]
    #[test_case(Repeat::Never, false => 0)]
    fn what_may_have_acted_is_not_sent_twice(repeat: Repeat, may_have_acted: bool) -> usize {
        let fault = Fault {
            may_have_acted,
            ..fault(FaultKind::Passing, None)
        };
        waits(plan(3), fault, repeat).len()
    }

    #[test]
    fn linear_waits_grow_by_one_step_each_and_keep_a_longer_one_that_was_named() {
        let mut plan = plan(4);
        plan.waits = Waits::Linear {
            step: Duration::from_secs(10),
        };
        let own: u64 = waits(plan, fault(FaultKind::Passing, None), Repeat::Idempotent)
            .iter()
            .sum();
        assert!((100 - 4..=110).contains(&own), "{own}");
        let named = waits(plan, fault(FaultKind::Passing, Some(1_000_000)), Repeat::Idempotent);
        assert!(named.iter().all(|wait| (3600..=3960).contains(wait)), "{named:?}");
    }

    /// How long a server that served at the start is asked again while it is down for everybody, or only for us.
    async fn borne(retries: u32, serves_others: bool) -> Duration {
        let began = Instant::now();
        let mut tries = Tries::new(plan(retries));
        loop {
            let served = if serves_others { Instant::now() } else { began };
            tokio::time::advance(Duration::from_millis(1)).await;
            match tries.next_wait(fault(FaultKind::Outage, None), Repeat::Idempotent, Some(served)) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return began.elapsed(),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_minutes_is_outlived_but_not_one_for_ever() {
        let down = borne(1, false).await;
        assert!((540..=900).contains(&down.as_secs()), "{down:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_that_fails_among_others_is_not_an_outage() {
        let failed = borne(3, true).await;
        assert!(failed < Duration::from_secs(30), "{failed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_retries_means_none_in_an_outage_too() {
        assert!(borne(0, false).await < Duration::from_secs(1));
    }
}
