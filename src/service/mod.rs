//! The connector service: keeps records true, schedules, finds, claims and runs jobs, and repairs what others left behind.
//!
//! This is where Jira's source and Elasticsearch's sink are wired to the engine. Nothing here prints.

pub mod clients;
pub mod monitoring;
pub mod preflight;
pub mod supervisor;

mod failure_budget;
mod served_connectors;
mod worker;

// The loops.
mod heartbeat;
mod scheduler;

mod booking;
pub mod cron;
mod due;
mod filtering_check;
pub mod registration;

pub mod access_control_job;
mod access_control_runner;
pub mod access_view;
mod idle_jobs;
pub mod job_cleanup;
mod job_queue;

// One job.
pub mod job_runner;

mod connector_lock;
mod job_setup;
mod job_state;
mod last_sync;
#[cfg(test)]
mod protocol_model;

pub mod job_fence;
pub mod job_lease;
pub mod job_report;
mod stop;

mod boot_clock;
mod renewal;

// Without a job.
pub mod dry_run;
pub mod rule_validation;
pub mod verify;

pub use clients::{USER_AGENT, client_for_connector, elastic_client};
pub use cron::CronExpression;
pub use dry_run::{Inspection, InspectionError};
pub use job_runner::{JobEnd, JobRunner, RunJobError};
pub use preflight::{PreflightError, preflight};
pub use rule_validation::{RuleValidation, advanced_rules_in_force, effect_of, validate_rules};
pub use served_connectors::entries as served_entries;
pub use stop::{JobStop, StopReason};
pub use supervisor::{Action, Supervisor, SupervisorError};
pub use verify::{ProjectCoverage, verify};
