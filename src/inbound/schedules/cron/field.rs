//! One field of plain values: numbers, names, ranges, lists and steps become a set. `L`, `W`, `#` and `?` are left to
//! `parse`.

use super::error::CronError;

/// The values that a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldKind {
    /// Its name in messages.
    pub(crate) name: &'static str,
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// Names of values, from `least` on.
    pub(crate) names: &'static [&'static str],
    /// Whether a range may run past the end and go on at the beginning.
    pub(crate) wraps: bool,
}

const fn numbers(name: &'static str, least: u32, most: u32) -> FieldKind {
    FieldKind {
        name,
        least,
        most,
        names: &[],
        wraps: true,
    }
}

pub(crate) const SECONDS: FieldKind = numbers("seconds", 0, 59);
pub(crate) const MINUTES: FieldKind = numbers("minutes", 0, 59);
pub(crate) const HOURS: FieldKind = numbers("hours", 0, 23);
pub(crate) const DAY_OF_MONTH: FieldKind = numbers("day of month", 1, 31);
pub(crate) const MONTH: FieldKind = FieldKind {
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
    ..numbers("month", 1, 12)
};
/// Sunday is 1.
pub(crate) const DAY_OF_WEEK: FieldKind = FieldKind {
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    ..numbers("day of week", 1, 7)
};
/// Schedules do not reach further than anybody will care.
pub(crate) const YEAR: FieldKind = FieldKind {
    wraps: false,
    ..numbers("year", 1970, 2199)
};

/// The values of a field, ascending and each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Values(Vec<u32>);

impl Values {
    pub(crate) fn contains(&self, value: u32) -> bool {
        self.0.binary_search(&value).is_ok()
    }

    /// The first value that is not below `value`.
    pub(crate) fn from(&self, value: u32) -> Option<u32> {
        self.0.get(self.0.partition_point(|known| *known < value)).copied()
    }

    pub(crate) fn first(&self) -> u32 {
        *self.0.first().expect("a field that was read has a value")
    }
}

impl FieldKind {
    pub(crate) fn error(&self, given: &str, problem: impl Into<String>) -> CronError {
        CronError::Field {
            field: self.name,
            given: given.to_owned(),
            problem: problem.into(),
        }
    }

    /// Reads a list of values, ranges and steps.
    pub(crate) fn read(&self, text: &str) -> Result<Values, CronError> {
        let mut values = Vec::new();
        for item in text.split(',') {
            values.extend(self.read_item(text, item)?);
        }
        values.sort_unstable();
        values.dedup();
        Ok(Values(values))
    }

    fn read_item(&self, whole: &str, item: &str) -> Result<Vec<u32>, CronError> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.read_step(whole, step)?)),
            None => (item, None),
        };
        let (from, to) = match range {
            "*" => (self.least, self.most),
            "" if step.is_some() => (self.least, self.most),
            "" => return Err(self.error(whole, "a value is missing beside a comma")),
            _ => match range.split_once('-') {
                Some((from, to)) => (self.value(whole, from)?, self.value(whole, to)?),
                None => {
                    let from = self.value(whole, range)?;
                    (from, if step.is_some() { self.most } else { from })
                }
            },
        };
        let size = self.most - self.least + 1;
        let last = if to >= from {
            to
        } else if self.wraps {
            to + size
        } else {
            return Err(self.error(whole, format!("the range ends before it begins: {from} to {to}")));
        };
        let stepped = (from..=last).step_by(step.unwrap_or(1) as usize);
        Ok(stepped.map(|value| (value - self.least) % size + self.least).collect())
    }

    fn read_step(&self, whole: &str, step: &str) -> Result<u32, CronError> {
        match number(step) {
            Some(step) if (1..=self.most).contains(&step) => Ok(step),
            _ => Err(self.error(
                whole,
                format!("the step `{step}` must be a number from 1 to {}", self.most),
            )),
        }
    }

    /// One value, as a number or a name of which three letters count.
    pub(crate) fn value(&self, whole: &str, text: &str) -> Result<u32, CronError> {
        let allowed = || {
            let names = match (self.names.first(), self.names.last()) {
                (Some(first), Some(last)) => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            self.error(
                whole,
                format!("`{text}` is not a number from {} to {}{names}", self.least, self.most),
            )
        };
        if let Some(value) = number(text) {
            return if (self.least..=self.most).contains(&value) {
                Ok(value)
            } else {
                Err(allowed())
            };
        }
        let is_word = text.len() >= 3 && text.chars().all(|letter| letter.is_ascii_alphabetic());
        let position = self.names.iter().position(|name| is_word && text.starts_with(name));
        position
            .and_then(|position| u32::try_from(position).ok())
            .map(|position| self.least + position)
            .ok_or_else(allowed)
    }
}

/// Digits only: `+5` is a number to the standard library and none to Quartz.
pub(crate) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
