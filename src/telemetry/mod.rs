//! Carries what the parts of the program report: the log on standard error, metrics, and whether loops turn.
//!
//! The configuration sets level and form; the parts decide what they report. Serving metrics and health
//! over HTTP is left to `service`.

mod setup;

mod record;

mod ecs;
mod text;

mod events;
mod health;
mod metrics;

pub use events::{DocumentOutcome, DocumentSettled, JobEnded, JobStarted, connectors_served, last_synced, pass_failed};
pub use health::{Health, Stuck};
pub use metrics::{METRICS, Metric, MetricKind, Metrics};
pub use setup::{TelemetryError, init};
