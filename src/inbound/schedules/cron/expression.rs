//! A schedule, and the next time it runs. Reading its text is left to `parse`.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};

use super::error::CronError;
use super::field::YEAR;
use super::parse::{Parts, parse};

/// A schedule in the Quartz dialect, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronExpression {
    parts: Parts,
}

impl FromStr for CronExpression {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let expression = Self { parts: parse(text)? };
        // The thirtieth of February parses; better to hear of it now than never.
        let earliest = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date that exists");
        let given_years = expression.parts.years.is_some();
        if !given_years
            && expression
                .next_after(earliest.and_time(chrono::NaiveTime::MIN).and_utc())
                .is_none()
        {
            return Err(CronError::Never);
        }
        Ok(expression)
    }
}

impl CronExpression {
    /// The first time strictly later than `instant`, in whole seconds; none when the schedule has come to its end.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let start = instant.naive_utc().with_nanosecond(0)? + TimeDelta::seconds(1);
        let mut date = start.date();
        loop {
            let year = u32::try_from(date.year()).ok()?;
            if year > YEAR.most {
                return None;
            }
            if let Some(years) = &self.parts.years
                && !years.contains(year)
            {
                let year = i32::try_from(years.from(year + 1)?).ok()?;
                date = NaiveDate::from_ymd_opt(year, 1, 1)?;
                continue;
            }
            if !self.parts.months.contains(date.month()) {
                date = first_of_next_month(date)?;
                continue;
            }
            if self.parts.days.matches(date) {
                let from = if date == start.date() {
                    start
                } else {
                    date.and_hms_opt(0, 0, 0)?
                };
                if let Some(found) = self.time_from(from) {
                    return Some(found.and_utc());
                }
            }
            date = date.checked_add_days(Days::new(1))?;
        }
    }

    /// The first time of the day of `from` that is not earlier.
    fn time_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let Parts {
            seconds,
            minutes,
            hours,
            ..
        } = &self.parts;
        let (hour, minute, second) = (from.hour(), from.minute(), from.second());
        let at = |hour: u32, minute: u32, second: u32| from.date().and_hms_opt(hour, minute, second);
        if hours.contains(hour) {
            if minutes.contains(minute)
                && let Some(second) = seconds.from(second)
            {
                return at(hour, minute, second);
            }
            if let Some(minute) = minutes.from(minute + 1) {
                return at(hour, minute, seconds.first());
            }
        }
        at(hours.from(hour + 1)?, minutes.first(), seconds.first())
    }
}

fn first_of_next_month(date: NaiveDate) -> Option<NaiveDate> {
    match date.month() {
        12 => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(date.year(), month + 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn next(text: &str, after: &str) -> Option<String> {
        let expression: CronExpression = text.parse().unwrap();
        let after: DateTime<Utc> = after.parse().unwrap();
        expression
            .next_after(after)
            .map(|next| next.format("%Y-%m-%dT%H:%M:%S").to_string())
    }

    // 2026-11-22 is a Sunday.
    #[test_case("0 0 0 * * ?", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00"; "strictly later")]
    #[test_case("0 0 0 * * ?", "2026-11-21T23:59:59.999Z", "2026-11-22T00:00:00"; "fractions of a second")]
    #[test_case("*/7 * * * * ?", "2026-11-22T10:00:56Z", "2026-11-22T10:01:00"; "seconds start anew each minute")]
    #[test_case("0 0/15 * * * ?", "2026-11-22T10:46:00Z", "2026-11-22T11:00:00"; "each quarter")]
    #[test_case("0 0 12 ? * 2-6", "2026-11-20T12:00:00Z", "2026-11-23T12:00:00"; "Friday to Monday")]
    #[test_case("0 0 12 ? * 1", "2026-11-22T11:00:00Z", "2026-11-22T12:00:00"; "one is Sunday")]
    #[test_case("0 0 0 L * ?", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00"; "last day of February in a leap year")]
    #[test_case("0 0 0 L-3 * ?", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00"; "three before the last")]
    #[test_case("0 0 0 LW * ?", "2026-05-01T00:00:00Z", "2026-05-29T00:00:00"; "last weekday of a month that ends on Sunday")]
    #[test_case("0 0 0 15W * ?", "2026-08-01T00:00:00Z", "2026-08-14T00:00:00"; "Saturday goes back")]
    #[test_case("0 0 0 1W * ?", "2026-07-31T12:00:00Z", "2026-08-03T00:00:00"; "not into the month before")]
    #[test_case("0 0 0 ? * 6L", "2026-11-01T00:00:00Z", "2026-11-27T00:00:00"; "last Friday")]
    #[test_case("0 0 0 ? * 2#1", "2026-11-22T00:00:00Z", "2026-12-07T00:00:00"; "first Monday")]
    #[test_case("0 0 0 ? * 2#5", "2026-12-01T00:00:00Z", "2027-03-29T00:00:00"; "months without a fifth Monday")]
    #[test_case("0 0 0 29 2 ?", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00"; "leap day")]
    #[test_case("0 0 0 1 1 ? 2030/2", "2030-06-01T00:00:00Z", "2032-01-01T00:00:00"; "every other year")]
    fn runs_next(text: &str, after: &str, expected: &str) {
        assert_eq!(next(text, after).as_deref(), Some(expected));
    }

    #[test]
    fn a_schedule_can_come_to_its_end_or_never_run() {
        assert_eq!(next("0 0 0 1 1 ? 2020-2026", "2026-01-01T00:00:00Z"), None);
        assert_eq!("0 0 0 30 2 ?".parse::<CronExpression>(), Err(CronError::Never));
    }
}
