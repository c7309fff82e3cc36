//! Schedules compared with a slow reading of the same rules: every second of some days, every day of some years. It
//! shares no code with the fast one.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Timelike, Utc};
use proptest::prelude::*;

use super::expression::CronExpression;

/// A field as text, and the values it stands for.
type Field = (String, BTreeSet<u32>);

/// One item of a list, spelled out by counting.
fn item(least: u32, most: u32) -> impl Strategy<Value = Field> {
    let value = least..=most;
    prop_oneof![
        Just(("*".to_owned(), (least..=most).collect())),
        value
            .clone()
            .prop_map(|value| (value.to_string(), BTreeSet::from([value]))),
        (value.clone(), value.clone(), 1..=most).prop_map(move |(from, to, step)| {
            let mut values = BTreeSet::new();
            let (mut at, mut steps) = (from, 0);
            loop {
                if steps % step == 0 {
                    values.insert(at);
                }
                if at == to {
                    break;
                }
                at = if at == most { least } else { at + 1 };
                steps += 1;
            }
            (format!("{from}-{to}/{step}"), values)
        }),
        (value, 1..=most).prop_map(move |(from, step)| {
            let values = (from..=most).filter(|value| (value - from) % step == 0).collect();
            (format!("{from}/{step}"), values)
        }),
    ]
}

fn field(least: u32, most: u32) -> impl Strategy<Value = Field> {
    proptest::collection::vec(item(least, most), 1..4).prop_map(|items| {
        let texts: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
        (
            texts.join(","),
            items.iter().flat_map(|(_, values)| values.clone()).collect(),
        )
    })
}

#[derive(Debug, Clone)]
enum Day {
    OfMonth(Field),
    OfWeek(Field),
    Last(u32),
    LastWeekday,
    Nearest(u32),
    LastOf(u32),
    Nth(u32, usize),
}

fn day() -> impl Strategy<Value = Day> {
    prop_oneof![
        field(1, 31).prop_map(Day::OfMonth),
        field(1, 7).prop_map(Day::OfWeek),
        (0..31u32).prop_map(Day::Last),
        Just(Day::LastWeekday),
        (1..=31u32).prop_map(Day::Nearest),
        (1..=7u32).prop_map(Day::LastOf),
        (1..=7u32, 1..=5usize).prop_map(|(day, n)| Day::Nth(day, n)),
    ]
}

impl Day {
    fn texts(&self) -> (String, String) {
        let any = || "?".to_owned();
        match self {
            Self::OfMonth((text, _)) => (text.clone(), any()),
            Self::OfWeek((text, _)) => (any(), text.clone()),
            Self::Last(0) => ("L".to_owned(), any()),
            Self::Last(before) => (format!("L-{before}"), any()),
            Self::LastWeekday => ("LW".to_owned(), any()),
            Self::Nearest(day) => (format!("{day}W"), any()),
            Self::LastOf(day) => (any(), format!("{day}L")),
            Self::Nth(day, n) => (any(), format!("{day}#{n}")),
        }
    }

    /// The days of a month, found by looking at all of them.
    fn in_month(&self, year: i32, month: u32) -> Vec<u32> {
        let all: Vec<NaiveDate> = (1..=31)
            .filter_map(|day| NaiveDate::from_ymd_opt(year, month, day))
            .collect();
        let on = |date: &NaiveDate| date.weekday().number_from_sunday();
        let weekdays = || all.iter().filter(|date| (2..=6).contains(&on(date)));
        let of_week = |day: u32| all.iter().filter(move |date| on(date) == day);
        let number = |date: &NaiveDate| date.day();
        match self {
            Self::OfMonth((_, days)) => all.iter().map(number).filter(|day| days.contains(day)).collect(),
            Self::OfWeek((_, days)) => all.iter().filter(|date| days.contains(&on(date))).map(number).collect(),
            Self::Last(before) => all.iter().rev().skip(*before as usize).take(1).map(number).collect(),
            Self::LastWeekday => weekdays().next_back().map(number).into_iter().collect(),
            Self::Nearest(day) if *day as usize > all.len() => Vec::new(),
            // Two weekdays are never equally near: a weekend has two days.
            Self::Nearest(day) => weekdays()
                .min_by_key(|date| date.day().abs_diff(*day))
                .map(number)
                .into_iter()
                .collect(),
            Self::LastOf(day) => of_week(*day).next_back().map(number).into_iter().collect(),
            Self::Nth(day, n) => of_week(*day).nth(n - 1).map(number).into_iter().collect(),
        }
    }
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    // 2023 to 2033.
    (1_672_531_200..1_988_150_400i64).prop_map(|seconds| Utc.timestamp_opt(seconds, 0).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn times_of_day_are_those_of_a_clock(
        seconds in field(0, 59), minutes in field(0, 59), hours in field(0, 23), after in instant(),
    ) {
        let text = format!("{} {} {} * * ?", seconds.0, minutes.0, hours.0);
        let found = text.parse::<CronExpression>().unwrap().next_after(after).unwrap();
        let runs = |at: DateTime<Utc>| {
            seconds.1.contains(&at.second()) && minutes.1.contains(&at.minute()) && hours.1.contains(&at.hour())
        };
        let slow = (1..=172_800).map(|later| after + TimeDelta::seconds(later)).find(|at| runs(*at));
        prop_assert_eq!(Some(found), slow, "{}", text);
    }
}

proptest! {
    #[test]
    fn days_are_those_of_a_calendar(day in day(), months in field(1, 12), after in instant()) {
        let (day_of_month, day_of_week) = day.texts();
        let text = format!("30 59 23 {day_of_month} {} {day_of_week}", months.0);
        let slow = (0..24 * 12).find_map(|later| {
            let month = after.month0() + later;
            let (year, month) = (after.year() + i32::try_from(month / 12).unwrap(), month % 12 + 1);
            let days = if months.1.contains(&month) { day.in_month(year, month) } else { Vec::new() };
            days.into_iter()
                .map(|day| Utc.with_ymd_and_hms(year, month, day, 23, 59, 30).unwrap())
                .find(|at| *at > after)
        });
        let fast = text.parse::<CronExpression>().ok().and_then(|cron| cron.next_after(after));
        prop_assert_eq!(fast, slow, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "[0-9*?LW#,/ -]{0,30}|\\PC{0,20}") {
        if let Ok(cron) = text.parse::<CronExpression>() {
            let now = Utc.timestamp_opt(1_800_000_000, 0).unwrap();
            prop_assert!(cron.next_after(now).is_none_or(|next| next > now));
        }
    }
}
