//! From the text of a schedule to its parts. What is due when is left to `expression`.

use super::day_rule::DayRule;
use super::error::CronError;
use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, FieldKind, HOURS, MINUTES, MONTH, SECONDS, Values, YEAR, number};

/// The parts of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) seconds: Values,
    pub(crate) minutes: Values,
    pub(crate) hours: Values,
    pub(crate) days: DayRule,
    pub(crate) months: Values,
    /// None is every year.
    pub(crate) years: Option<Values>,
}

/// Reads six or seven fields; what comes after them is ignored, as Elasticsearch does.
pub(crate) fn parse(text: &str) -> Result<Parts, CronError> {
    let text = text.to_ascii_uppercase();
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [seconds, minutes, hours, day_of_month, month, day_of_week, rest @ ..] = fields.as_slice() else {
        return Err(CronError::FieldCount(fields.len()));
    };
    Ok(Parts {
        seconds: plain(&SECONDS, seconds)?,
        minutes: plain(&MINUTES, minutes)?,
        hours: plain(&HOURS, hours)?,
        months: plain(&MONTH, month)?,
        days: days(day_of_month, day_of_week)?,
        years: rest.first().map(|year| plain(&YEAR, year)).transpose()?,
    })
}

fn plain(kind: &FieldKind, text: &str) -> Result<Values, CronError> {
    if text == "?" {
        return Err(kind.error(text, "`?` is for day of month and day of week only; write `*`"));
    }
    kind.read(text)
}

fn days(day_of_month: &str, day_of_week: &str) -> Result<DayRule, CronError> {
    match (day_of_month, day_of_week) {
        ("?", "?") => {}
        (_, "?") => return days_of_month(day_of_month),
        ("?", _) => return days_of_week(day_of_week),
        _ => {
            // A field that cannot be read at all is the more useful complaint.
            days_of_month(day_of_month)?;
            days_of_week(day_of_week)?;
        }
    }
    Err(CronError::Days {
        day_of_month: day_of_month.to_owned(),
        day_of_week: day_of_week.to_owned(),
    })
}

fn days_of_month(text: &str) -> Result<DayRule, CronError> {
    let kind = &DAY_OF_MONTH;
    if !text.contains(['L', 'W']) {
        return kind.read(text).map(DayRule::DaysOfMonth);
    }
    if text.contains(',') {
        return Err(kind.error(text, "`L` and `W` must stand alone, not in a list"));
    }
    let (day, weekday) = match text.strip_suffix('W') {
        Some(day) => (day, true),
        None => (text, false),
    };
    if let Some(offset) = day.strip_prefix('L') {
        let days_before = match offset.strip_prefix('-') {
            Some(days) => number(days).filter(|days| *days <= 30),
            None => offset.is_empty().then_some(0),
        };
        let days_before =
            days_before.ok_or_else(|| kind.error(text, "`L` is followed by nothing, by `W`, or by `-` and 0 to 30"))?;
        return Ok(DayRule::FromLast { days_before, weekday });
    }
    if !weekday {
        return Err(kind.error(text, "`L` stands at the beginning, as in `L`, `L-3` or `LW`"));
    }
    match number(day) {
        Some(day) if (1..=31).contains(&day) => Ok(DayRule::NearestWeekday(day)),
        _ => Err(kind.error(text, "`W` follows one day from 1 to 31, or `L`, as in `15W` or `LW`")),
    }
}

fn days_of_week(text: &str) -> Result<DayRule, CronError> {
    let kind = &DAY_OF_WEEK;
    if let Some((day, n)) = text.split_once('#') {
        let n = number(n).filter(|n| (1..=5).contains(n));
        let n = n.ok_or_else(|| kind.error(text, "`#` follows one day and precedes 1 to 5, as in `2#1`"))?;
        let day = kind.value(text, day)?;
        return Ok(DayRule::Nth { day, n });
    }
    // By itself it is the last day of the week.
    if text == "L" {
        return kind.read("7").map(DayRule::DaysOfWeek);
    }
    match text.strip_suffix('L') {
        Some(day) if day.contains([',', '-', '/', '*']) => Err(kind.error(
            text,
            "`L` follows one day, as in `6L`; it must not stand in a list or range",
        )),
        Some(day) => kind.value(text, day).map(DayRule::LastOfMonth),
        None => kind.read(text).map(DayRule::DaysOfWeek),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(
        "0 0 * * ?",
        "it has 5 fields; six or seven are needed: seconds, minutes, hours, day of month, month, day of week, and perhaps a year, as in `0 30 2 * * ?`"
    )]
    #[test_case(
        "@daily",
        "it has 1 fields; six or seven are needed: seconds, minutes, hours, day of month, month, day of week, and perhaps a year, as in `0 30 2 * * ?`"
    )]
    #[test_case("60 0 0 * * ?", "seconds `60`: `60` is not a number from 0 to 59")]
    #[test_case("0 0 24 * * ?", "hours `24`: `24` is not a number from 0 to 23")]
    #[test_case("0 0 0 0 * ?", "day of month `0`: `0` is not a number from 1 to 31")]
    #[test_case("0 0 0 ? * 8", "day of week `8`: `8` is not a number from 1 to 7 or SUN to SAT")]
    #[test_case("0 0 0 ? MOO *", "month `MOO`: `MOO` is not a number from 1 to 12 or JAN to DEC")]
    #[test_case("0 0 0 ? * 0", "day of week `0`: `0` is not a number from 1 to 7 or SUN to SAT"; "sunday is one")]
    #[test_case("0 0/60 0 * * ?", "minutes `0/60`: the step `60` must be a number from 1 to 59")]
    #[test_case("0 0/0 0 * * ?", "minutes `0/0`: the step `0` must be a number from 1 to 59")]
    #[test_case(
        "0 ? 0 * * ?",
        "minutes `?`: `?` is for day of month and day of week only; write `*`"
    )]
    #[test_case(
        "0 0 0 * * *",
        "exactly one of day of month (`*`) and day of week (`*`) must be `?`; write `*` in the other for every day"
    )]
    #[test_case(
        "0 0 0 ? * ?",
        "exactly one of day of month (`?`) and day of week (`?`) must be `?`; write `*` in the other for every day"
    )]
    #[test_case(
        "0 0 0 5 * 2",
        "exactly one of day of month (`5`) and day of week (`2`) must be `?`; write `*` in the other for every day"
    )]
    #[test_case("0 0 0 1,L * ?", "day of month `1,L`: `L` and `W` must stand alone, not in a list")]
    #[test_case(
        "0 0 0 1-5W * ?",
        "day of month `1-5W`: `W` follows one day from 1 to 31, or `L`, as in `15W` or `LW`"
    )]
    #[test_case(
        "0 0 0 L-31 * ?",
        "day of month `L-31`: `L` is followed by nothing, by `W`, or by `-` and 0 to 30"
    )]
    #[test_case(
        "0 0 0 ? * 2#6",
        "day of week `2#6`: `#` follows one day and precedes 1 to 5, as in `2#1`"
    )]
    #[test_case(
        "0 0 0 ? * 2,6L",
        "day of week `2,6L`: `L` follows one day, as in `6L`; it must not stand in a list or range"
    )]
    #[test_case("0 0 0 1,,2 * ?", "day of month `1,,2`: a value is missing beside a comma")]
    #[test_case("0 0 +5 * * ?", "hours `+5`: `+5` is not a number from 0 to 23")]
    #[test_case(
        "0 0 0 * * ? 2030-2025",
        "year `2030-2025`: the range ends before it begins: 2030 to 2025"
    )]
    fn refuses(text: &str, complaint: &str) {
        assert_eq!(parse(text).unwrap_err().to_string(), complaint);
    }

    #[test_case("0 0 0 * * ?  2030 and more", "0 0 0 * * ? 2030"; "what follows the year is ignored")]
    #[test_case("  0\t0  0 ? jan,feb mon-FRI ", "0 0 0 ? 1,2 2-6"; "blanks and names")]
    #[test_case("0 0 0 ? * MONDAY", "0 0 0 ? * 2"; "further letters")]
    #[test_case("0 /15 * * * ?", "0 0,15,30,45 * * * ?"; "a step without a start")]
    #[test_case("0 0 22-2 * * ?", "0 0 22,23,0,1,2 * * ?"; "hours past midnight")]
    #[test_case("0 0 0 ? NOV-FEB FRI-MON", "0 0 0 ? 11,12,1,2 6,7,1,2"; "months and days past the end")]
    #[test_case("0 0 0 ? * L", "0 0 0 ? * SAT"; "the last day of the week")]
    #[test_case("0 0 20-4/3 * * ?", "0 0 20,23,2 * * ?"; "steps past midnight")]
    fn reads_alike(left: &str, right: &str) {
        assert_eq!(parse(left).unwrap(), parse(right).unwrap());
    }
}
