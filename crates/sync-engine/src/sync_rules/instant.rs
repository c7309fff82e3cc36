//! Dates and times as Jira writes them and as people write them into a rule, and their order.

use std::cmp::Ordering;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

/// A point in time, or a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// A day without a time, in whatever zone the other side is written in.
    Day(NaiveDate),
    /// A time with its offset; one written without an offset is in UTC.
    Time(DateTime<FixedOffset>),
}

/// With an offset, as Jira writes them (`+0200`) and as RFC 3339 does (`+02:00`, `Z`).
const WITH_OFFSET: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
];
const WITHOUT_OFFSET: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];
const DAYS: &[&str] = &["%Y-%m-%d", "%Y/%m/%d"];

impl Instant {
    /// Reads a date; none when the text is something else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // Dates begin with a year and a separator; most texts are ruled out here.
        let bytes = text.as_bytes();
        if bytes.len() < 8 || !bytes[..4].iter().all(u8::is_ascii_digit) || !matches!(bytes[4], b'-' | b'/') {
            return None;
        }
        let day = || DAYS.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok());
        let with_offset = || {
            WITH_OFFSET
                .iter()
                .find_map(|form| DateTime::parse_from_str(text, form).ok())
        };
        let without_offset = || {
            WITHOUT_OFFSET
                .iter()
                .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        };
        day()
            .map(Self::Day)
            .or_else(|| with_offset().map(Self::Time))
            .or_else(|| without_offset().map(|time| Self::Time(time.and_utc().fixed_offset())))
    }

    /// Compares this instant, of a document, with one of a rule. A day equals every time of it, so that
    /// `> 2024-09-19` means from the 20th on, whatever the zone.
    pub(super) fn compare(self, rule: Self) -> Ordering {
        match (self, rule) {
            (Self::Time(time), Self::Time(other)) => time.cmp(&other),
            (Self::Time(time), Self::Day(day)) => time.date_naive().cmp(&day),
            (Self::Day(day), Self::Time(time)) => day.cmp(&time.date_naive()),
            (Self::Day(day), Self::Day(other)) => day.cmp(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("2024-09-19T21:57:31.666-0500", "2024-09-20T02:57:31.666Z" => Some(Ordering::Equal); "one instant in two zones")]
    #[test_case("2024-09-19T21:57:31.666-0500", "2024-09-20T02:57Z" => Some(Ordering::Greater); "minutes")]
    #[test_case("2024-09-19T21:57:31.666-0500", "2024-09-19" => Some(Ordering::Equal); "a day equals its times")]
    #[test_case("2024-09-19T21:57:31.666-0500", "2024/09/20" => Some(Ordering::Less); "the day after")]
    #[test_case("2024-09-19", "2024-09-20T00:00:00+02:00" => Some(Ordering::Less); "a day before a time")]
    #[test_case("2024-09-19", "2024-09-19" => Some(Ordering::Equal); "days")]
    #[test_case("2024-09-19 10:00", "2024-09-19T10:00:00+00:00" => Some(Ordering::Equal); "without offset is UTC")]
    #[test_case("2024-13-19", "2024-09-19" => None; "no such month")]
    #[test_case("2024", "2024-09-19" => None; "a year is a number")]
    #[test_case("yesterday", "2024-09-19" => None; "words")]
    #[test_case("+024-09-19", "2024-09-19" => None; "a sign is no year")]
    #[test_case("5", "2024-09-19" => None; "a short text")]
    fn order(document: &str, rule: &str) -> Option<Ordering> {
        Some(Instant::parse(document)?.compare(Instant::parse(rule)?))
    }
}
