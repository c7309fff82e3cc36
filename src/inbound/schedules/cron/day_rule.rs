//! Finds the days of a schedule: days of the month or days of the week, one of them. Months and years are left to
//! `expression`.

use chrono::{Datelike, Days, NaiveDate};

use super::field::Values;

/// The days of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DayRule {
    /// Days of the month.
    DaysOfMonth(Values),
    /// So many days before the last of the month; on the weekday nearest to that if asked for.
    FromLast {
        /// 0 is the last day.
        days_before: u32,
        /// Whether to move to the nearest weekday.
        weekday: bool,
    },
    /// The weekday nearest to this day, within the month.
    NearestWeekday(u32),
    /// Days of the week, Sunday is 1.
    DaysOfWeek(Values),
    /// The last such day of the week in the month.
    LastOfMonth(u32),
    /// The n-th such day of the week in the month.
    Nth {
        /// Day of the week.
        day: u32,
        /// From 1.
        n: u32,
    },
}

impl DayRule {
    /// Whether the schedule runs on this day, as far as days are concerned.
    pub(crate) fn matches(&self, date: NaiveDate) -> bool {
        let day_of_week = date.weekday().num_days_from_sunday() + 1;
        let last = last_of_month(date);
        match self {
            Self::DaysOfMonth(days) => days.contains(date.day()),
            Self::FromLast { days_before, weekday } => match last.checked_sub(*days_before).filter(|day| *day > 0) {
                Some(day) if *weekday => nearest_weekday(date, day, last) == Some(date),
                day => day == Some(date.day()),
            },
            Self::NearestWeekday(day) => nearest_weekday(date, *day, last) == Some(date),
            Self::DaysOfWeek(days) => days.contains(day_of_week),
            Self::LastOfMonth(day) => day_of_week == *day && date.day() + 7 > last,
            Self::Nth { day, n } => day_of_week == *day && (date.day() - 1) / 7 + 1 == *n,
        }
    }
}

fn last_of_month(date: NaiveDate) -> u32 {
    u32::from(date.num_days_in_month())
}

/// Saturday goes back to Friday, Sunday on to Monday, but never into another month. Months without that day have none.
fn nearest_weekday(month: NaiveDate, day: u32, last: u32) -> Option<NaiveDate> {
    let date = month.with_day(day)?;
    match date.weekday() {
        chrono::Weekday::Sat if day == 1 => date.checked_add_days(Days::new(2)),
        chrono::Weekday::Sat => date.checked_sub_days(Days::new(1)),
        chrono::Weekday::Sun if day == last => date.checked_sub_days(Days::new(2)),
        chrono::Weekday::Sun => date.checked_add_days(Days::new(1)),
        _ => Some(date),
    }
}
