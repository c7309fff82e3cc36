//! Tells whoever typed a schedule why it cannot be used. It names the field and what is allowed there.

use thiserror::Error;

/// A cron expression that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CronError {
    /// Not six or seven fields.
    #[error(
        "it has {0} fields; six or seven are needed: seconds, minutes, hours, day of month, month, day of week, and \
         perhaps a year, as in `0 30 2 * * ?`"
    )]
    FieldCount(usize),
    /// One field cannot be read.
    #[error("{field} `{given}`: {problem}")]
    Field {
        /// Its name.
        field: &'static str,
        /// The text that stands there.
        given: String,
        /// The problem and the allowed values.
        problem: String,
    },
    /// Both days, or neither, are restricted.
    #[error(
        "exactly one of day of month (`{day_of_month}`) and day of week (`{day_of_week}`) must be `?`; write `*` in the \
         other for every day"
    )]
    Days {
        /// The text for the day of the month.
        day_of_month: String,
        /// The text for the day of the week.
        day_of_week: String,
    },
    /// It names no day that exists.
    #[error("no day matches it")]
    Never,
}
