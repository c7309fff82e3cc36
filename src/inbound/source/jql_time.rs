//! Instants in JQL. Epoch milliseconds are absolute; a quoted date is read in the account's time zone, to the minute.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// When clocks go back an hour happens twice, and a quoted date does not say which one is meant.
const DST_OVERLAP: TimeDelta = TimeDelta::hours(1);

/// Writes instants for one Jira.
#[derive(Debug)]
pub(super) struct JqlTime {
    zone: Tz,
    quoted: AtomicBool,
}

impl JqlTime {
    /// Milliseconds, until the server refuses them. `zone` is the account's.
    pub(super) fn new(zone: Tz) -> Self {
        Self {
            zone,
            quoted: AtomicBool::new(false),
        }
    }

    /// The server does not take milliseconds. False when that was known already, so that nothing is left to try.
    pub(super) fn milliseconds_refused(&self) -> bool {
        !self.quoted.swap(true, Relaxed)
    }

    /// A literal that is not after `at`, for use behind `>=`.
    pub(super) fn not_after(&self, at: DateTime<Utc>) -> String {
        if !self.quoted.load(Relaxed) {
            return at.timestamp_millis().to_string();
        }
        let local = (at - DST_OVERLAP).with_timezone(&self.zone);
        format!("\"{}\"", local.format("%Y-%m-%d %H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_first_and_minutes_of_the_account_after_a_refusal() {
        let time = JqlTime::new(Tz::Asia__Kolkata);
        let at = "2026-11-22T12:00:59.999Z".parse().unwrap();
        assert_eq!(time.not_after(at), "1795348859999");
        assert!(time.milliseconds_refused());
        assert_eq!(time.not_after(at), "\"2026-11-22 16:30\"");
        assert!(!time.milliseconds_refused());
    }

    #[test]
    fn the_hour_that_happens_twice_loses_nothing() {
        let time = JqlTime::new(Tz::America__New_York);
        time.milliseconds_refused();
        // 01:30 for the second time, after the clocks went back at 02:00.
        let at = "2026-11-01T06:30:00Z".parse().unwrap();
        assert_eq!(time.not_after(at), "\"2026-11-01 01:30\"");
        let before_the_first = "2026-11-01T05:30:00Z".parse().unwrap();
        assert_eq!(time.not_after(before_the_first), "\"2026-11-01 00:30\"");
    }
}
