//! When a sync is due, and how its job comes to be exactly once. Pure: the loop that reads and writes is in `worker`.

pub mod cron;

pub(crate) mod booking;
pub(crate) mod due;
