//! Logging: what every part of the program says through `tracing`, written to standard error.
//!
//! Which level and form apply comes from the configuration; what is said is up to the parts.

mod setup;

mod record;

mod ecs;
mod text;

pub use setup::{TelemetryError, init};
