//! Log lines for people: time, level, message, then the fields.
//!
//! One record stays one line whatever it holds; machines read the ECS form instead.

use std::fmt::Write;

use chrono::SecondsFormat;
use serde_json::Value;
use tracing::Level;

use super::record::{Format, Record};

pub(super) struct Text {
    pub(super) color: bool,
}

impl Format for Text {
    fn line(&self, record: &Record) -> String {
        let (dim, plain) = if self.color {
            ("\u{1b}[2m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        let level_color = match (self.color, record.level) {
            (false, _) => "",
            (true, Level::ERROR) => "\u{1b}[31m",
            (true, Level::WARN) => "\u{1b}[33m",
            (true, Level::INFO) => "\u{1b}[32m",
            (true, _) => "\u{1b}[34m",
        };
        let time = record.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let level = record.level.as_str();
        let message = one_line(&record.message);
        let mut line = format!("{dim}{time}{plain} {level_color}{level:<5}{plain} {message}");
        for (name, value) in record.fields.iter() {
            let text = match value {
                Value::String(text) if needs_quotes(text) => format!("{text:?}"),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            write!(line, " {dim}{name}={plain}{text}").expect("writing to a string cannot fail");
        }
        line
    }
}

/// A line break or an escape sequence in a message could fake a record or take over the terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '='))
}

#[cfg(test)]
mod tests {
    use super::Text;
    use crate::telemetry::record::tests::capture;

    #[test]
    fn a_line_reads_well_and_stays_one_line() {
        let lines = capture(Box::new(Text { color: false }), || {
            let _job =
                tracing::info_span!("sync_job", connector.id = "c1", sync_job.id = tracing::field::Empty).entered();
            tracing::Span::current().record("sync_job.id", "j1");
            tracing::warn!(duration_ms = 15, reason = "two\nlines", "page failed\nfake line");
        });
        let (time, rest) = lines.split_once(' ').unwrap();
        assert!(
            chrono::DateTime::parse_from_rfc3339(time).is_ok() && time.ends_with('Z'),
            "{time}"
        );
        let expected =
            "WARN  page failed\\nfake line connector.id=c1 sync_job.id=j1 duration_ms=15 reason=\"two\\nlines\"\n";
        assert_eq!(rest, expected);
    }
}
