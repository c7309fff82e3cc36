//! Reads amount and form of the log: the `service.log_*` keys.
//!
//! It sets nothing up; `telemetry` does, from these values.

use super::reader::Reader;

/// The least severe level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// Helps to follow one job.
    Debug,
    /// Shows what an operator wants to see.
    Info,
    /// Odd things that were dealt with.
    Warn,
    /// Failures.
    Error,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One ECS JSON object a line, for Filebeat and Elastic Agent.
    EcsJson,
}

impl LogLevel {
    /// Python's level names are accepted because existing files carry them.
    const WORDS: &[(&str, Self)] = &[
        ("TRACE", Self::Trace),
        ("DEBUG", Self::Debug),
        ("INFO", Self::Info),
        ("WARNING", Self::Warn),
        ("WARN", Self::Warn),
        ("ERROR", Self::Error),
        ("CRITICAL", Self::Error),
        ("FATAL", Self::Error),
    ];

    /// The name that log filters use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Reads level, form and filter.
pub(super) fn read(reader: &mut Reader) -> (LogLevel, LogFormat, Option<String>) {
    let formats = [("text", LogFormat::Text), ("ecs_json", LogFormat::EcsJson)];
    (
        reader.choice("service.log_level", LogLevel::Info, LogLevel::WORDS),
        reader.choice("service.log_format", LogFormat::Text, &formats),
        reader.text("service.log_filter").map(|(_, filter)| filter),
    )
}
