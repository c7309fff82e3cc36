//! Puts the log together once, at the start of the process.
//!
//! It reads no configuration file: the caller passes the `service.log_*` values.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::ecs::Ecs;
use super::record::{Format, RecordLayer};
use super::text::Text;
use crate::config::{LogFormat, LogLevel, environment};

/// Crates whose debug output drowns ours and may show headers; they speak from `warn` on.
const NOISY: [&str; 6] = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tower"];

/// The reason why logging could not be set up. An edit of the configuration helps, another try does not.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `service.log_filter` is no list of directives.
    #[error("service.log_filter: {0}; expected directives such as \"info,elastic_client=debug\"")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something set logging up before.
    #[error("logging was set up twice: {0}")]
    Twice(#[from] TryInitError),
}

/// Starts logging to standard error; `filter` takes the place of `level` and of the built-in limits for noisy crates.
pub fn init(level: LogLevel, format: LogFormat, filter: Option<&str>) -> Result<(), TelemetryError> {
    let format: Box<dyn Format> = match format {
        LogFormat::EcsJson => Box::new(Ecs),
        LogFormat::Text => Box::new(Text {
            color: io::stderr().is_terminal() && !environment::no_color(),
        }),
    };
    let layer = RecordLayer::new(format, io::stderr);
    tracing_subscriber::registry()
        .with(build_filter(level, filter)?)
        .with(layer)
        .try_init()?;
    Ok(())
}

fn build_filter(level: LogLevel, filter: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let directives = match (filter, level) {
        (Some(filter), _) => filter.to_owned(),
        (None, LogLevel::Error) => level.as_str().to_owned(),
        (None, _) => NOISY
            .iter()
            .fold(level.as_str().to_owned(), |list, name| format!("{list},{name}=warn")),
    };
    Ok(EnvFilter::try_new(directives)?)
}

#[cfg(test)]
mod tests {
    use super::{TelemetryError, build_filter};
    use crate::config::LogLevel;

    #[test]
    fn noisy_crates_are_limited_unless_a_filter_says_otherwise() {
        let shown = |level, filter| build_filter(level, filter).unwrap().to_string();
        assert!(shown(LogLevel::Debug, None).contains("hyper=warn"));
        assert_eq!(shown(LogLevel::Error, None), "error");
        assert_eq!(shown(LogLevel::Info, Some("hyper=trace")), "hyper=trace");
        let refused = build_filter(LogLevel::Info, Some("a=loud")).unwrap_err();
        assert!(matches!(&refused, TelemetryError::Filter(_)), "{refused}");
        assert!(refused.to_string().starts_with("service.log_filter: "), "{refused}");
    }
}
