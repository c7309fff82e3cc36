//! When a scheduled sync is due. Pure: records and times come in as parameters; booking is left to `scheduler`.
//!
//! The last booking of the schedule counts. It is on the connector's record, so that several workers and
//! restarts agree. Runs missed while no worker ran are made up for once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use elastic_client::{JobType, ScheduleEntry};

use super::cron::{CronError, CronExpression};

/// A booking further in the future than this is a wrong clock's, and must not silence a schedule.
const MOST_SKEW: TimeDelta = TimeDelta::hours(1);

/// The verdict on a schedule now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Switched off.
    Off,
    /// Nothing to do.
    NotYet,
    /// A job should be created.
    Due,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Off,
    On {
        interval: String,
        /// Runs before this do not count: the schedule was switched on or changed then. None when it was so from the
        /// first sight on.
        since: Option<DateTime<Utc>>,
    },
}

/// Remembers schedules that this worker has seen. Whoever switches one on again does not expect a run at once.
#[derive(Debug, Default)]
pub(crate) struct ScheduleMemory {
    seen: HashMap<(String, JobType), Seen>,
}

impl ScheduleMemory {
    /// Judges the schedule of one kind of job of one connector that was last booked at `booked`.
    pub(crate) fn judge(
        &mut self,
        connector_id: &str,
        job_type: &JobType,
        schedule: Option<&ScheduleEntry>,
        booked: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Verdict, CronError> {
        let key = (connector_id.to_owned(), job_type.clone());
        let Some(schedule) = schedule.filter(|schedule| schedule.enabled) else {
            self.seen.insert(key, Seen::Off);
            return Ok(Verdict::Off);
        };
        let booked = booked.filter(|booked| *booked <= now + MOST_SKEW);
        let cron: CronExpression = schedule.interval.parse()?;
        let since = match self.seen.get(&key) {
            Some(Seen::On { interval, since }) if *interval == schedule.interval => *since,
            Some(_) => Some(now),
            // Never booked and never seen: nothing was missed.
            None => booked.is_none().then_some(now),
        };
        let interval = schedule.interval.clone();
        self.seen.insert(key, Seen::On { interval, since });
        let from = booked.max(since).unwrap_or(now);
        match cron.next_after(from) {
            Some(next) if next <= now => Ok(Verdict::Due),
            _ => Ok(Verdict::NotYet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}Z").parse().unwrap()
    }

    fn schedule(interval: &str) -> ScheduleEntry {
        ScheduleEntry {
            enabled: true,
            interval: interval.to_owned(),
        }
    }

    struct Connector {
        memory: ScheduleMemory,
        schedule: ScheduleEntry,
        booked: Option<DateTime<Utc>>,
    }

    impl Connector {
        fn new(interval: &str, booked: Option<&str>) -> Self {
            Self {
                memory: ScheduleMemory::default(),
                schedule: schedule(interval),
                booked: booked.map(at),
            }
        }

        /// Looks, and books what is due as the scheduler does.
        fn runs(&mut self, now: &str) -> bool {
            let verdict = self
                .memory
                .judge("c", &JobType::Full, Some(&self.schedule), self.booked, at(now))
                .unwrap();
            if verdict == Verdict::Due {
                self.booked = Some(at(now));
            }
            verdict == Verdict::Due
        }
    }

    const DAILY: &str = "0 0 2 * * ?";

    #[test]
    fn a_schedule_that_was_never_booked_begins_when_it_is_first_seen() {
        let mut connector = Connector::new(DAILY, None);
        assert!(!connector.runs("20T12:00:00"));
        assert!(!connector.runs("21T01:59:59"));
        assert!(connector.runs("21T02:00:07"));
        assert!(!connector.runs("21T02:00:37"));
        assert!(connector.runs("22T02:00:00"));
    }

    #[test]
    fn what_was_missed_while_no_worker_ran_is_made_up_for_once() {
        let mut connector = Connector::new(DAILY, Some("10T02:00:03"));
        assert!(connector.runs("20T12:00:00"));
        assert!(!connector.runs("20T12:00:30"));
        assert!(connector.runs("21T02:00:10"));
    }

    #[test]
    fn a_schedule_switched_on_again_or_changed_waits_for_its_next_time() {
        let mut connector = Connector::new(DAILY, Some("10T02:00:03"));
        connector.schedule.enabled = false;
        assert!(!connector.runs("20T12:00:00"));
        connector.schedule.enabled = true;
        assert!(!connector.runs("20T12:30:00"));
        assert!(connector.runs("21T02:00:00"));
        connector.schedule = schedule("0 0 1 * * ?");
        assert!(!connector.runs("22T00:59:00"));
        connector.schedule = schedule("0 0 0 * * ?");
        assert!(!connector.runs("22T00:59:30"), "midnight has passed");
        assert!(connector.runs("23T00:00:00"));
    }

    #[test]
    fn a_booking_of_another_worker_counts() {
        let mut connector = Connector::new(DAILY, None);
        assert!(!connector.runs("20T12:00:00"));
        connector.booked = Some(at("21T02:00:01"));
        assert!(!connector.runs("21T02:00:20"));
    }

    #[test]
    fn a_booking_from_a_wrong_clock_does_not_silence_a_schedule_for_years() {
        let mut connector = Connector::new("0 0/10 * * * ?", None);
        connector.booked = Some("2099-01-01T00:00:00Z".parse().unwrap());
        assert!(!connector.runs("20T12:01:00"));
        assert!(!connector.runs("20T12:09:59"));
        assert!(connector.runs("20T12:10:20"));
        assert!(!connector.runs("20T12:10:50"));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_an_error() {
        let mut memory = ScheduleMemory::default();
        let verdict = memory.judge("c", &JobType::Full, Some(&schedule("* * *")), None, at("20T12:00:00"));
        assert_eq!(verdict, Err(CronError::FieldCount(3)));
        let off = ScheduleEntry {
            enabled: false,
            interval: "* * *".into(),
        };
        let verdict = memory.judge("c", &JobType::Full, Some(&off), None, at("20T12:00:00"));
        assert_eq!(verdict, Ok(Verdict::Off));
    }
}
