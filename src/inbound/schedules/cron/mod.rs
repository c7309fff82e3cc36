//! Schedules in the Quartz dialect that Elasticsearch and Kibana use: six or seven fields, times in UTC.
//!
//! Pure: the time comes in as a parameter. When a job is created from a schedule is left to `scheduler`.

mod error;

mod field;
mod parse;

mod day_rule;
mod expression;

#[cfg(test)]
mod oracle;

pub use error::CronError;
pub use expression::CronExpression;
