//! The connector service: finds jobs of its connectors, claims and runs them, and keeps the records true.
//!
//! This is where Jira's source and Elasticsearch's sink are wired to the engine. Nothing here prints.

pub mod clients;
pub mod cron;
pub mod preflight;
pub mod supervisor;

pub mod registration;

pub mod job_cleanup;
pub mod job_fence;
pub mod job_lease;
pub mod job_report;
pub mod job_runner;

pub mod dry_run;
pub mod rule_validation;
pub mod verify;

mod boot_clock;
mod connector_lock;
mod job_setup;
mod renewal;
mod stop;

pub use clients::{USER_AGENT, client_for_connector, elastic_client};
pub use dry_run::{Inspection, InspectionError};
pub use job_runner::{JobEnd, JobRunner, RunJobError};
pub use preflight::{PreflightError, preflight};
pub use rule_validation::{RuleValidation, effect_of, validate_rules};
pub use stop::{JobStop, StopReason};
pub use supervisor::{Supervisor, SupervisorError};
pub use verify::{ProjectCoverage, verify};
