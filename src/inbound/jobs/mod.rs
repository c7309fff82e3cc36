//! One sync job from claim to end, and the repair of jobs whose worker is gone. Which job runs is left to `worker`.

pub mod job_runner;

pub mod access_control_job;
mod access_control_runner;
mod content_job;
pub mod job_cleanup;

pub(crate) mod connector_lock;
pub(crate) mod job_setup;
pub(crate) mod job_state;
pub(crate) mod last_sync;
#[cfg(test)]
mod protocol_model;
mod resume;
mod takeover;

pub mod job_end;
mod job_ending;
mod job_events;
mod job_failure;
pub mod job_fence;
mod job_heartbeat;
pub mod job_lease;
pub mod job_report;
mod job_start;
