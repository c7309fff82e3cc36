//! One sync job from claim to end, and the repair of jobs whose worker is gone. Which job runs is left to `worker`.

pub mod job_runner;

pub mod access_control_job;
mod access_control_runner;
pub mod job_cleanup;

pub(crate) mod connector_lock;
pub(crate) mod job_setup;
pub(crate) mod job_state;
pub(crate) mod last_sync;
#[cfg(test)]
mod protocol_model;
mod takeover;

pub mod job_fence;
pub mod job_lease;
pub mod job_report;
