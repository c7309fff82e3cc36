//! Gathers one log record: the event, and the fields of every span around it.
//!
//! A [`Format`] decides how a record looks.

use std::fmt;
use std::io::Write;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// One thing that was said.
pub(super) struct Record {
    pub(super) time: DateTime<Utc>,
    pub(super) level: Level,
    /// The module that said it.
    pub(super) target: String,
    pub(super) message: String,
    /// Fields of the spans from the outermost in, then the event's own; a later one of the same name replaces.
    pub(super) fields: Fields,
}

/// The form of a log line.
pub(super) trait Format: Send + Sync {
    /// The line, without its newline.
    fn line(&self, record: &Record) -> String;
}

/// Named values in the order they were first given.
#[derive(Default, Clone)]
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut chain = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        self.set(field.name(), chain.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

/// The layer that writes records.
pub(super) struct RecordLayer<W> {
    format: Box<dyn Format>,
    writer: W,
}

impl<W> RecordLayer<W> {
    pub(super) fn new(format: Box<dyn Format>, writer: W) -> Self {
        Self { format, writer }
    }
}

impl<S, W> Layer<S> for RecordLayer<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                of_span
                    .0
                    .iter()
                    .for_each(|(name, value)| fields.set(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let message = match fields.0.iter().position(|(name, _)| name == "message") {
            Some(position) => match fields.0.remove(position).1 {
                Value::String(text) => text,
                other => other.to_string(),
            },
            None => event.metadata().name().to_owned(),
        };
        let record = Record {
            time: Utc::now(),
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            message,
            fields,
        };
        let line = self.format.line(&record) + "\n";
        // Nothing can be done about a log that cannot be written, and a job must not fail for it.
        drop(self.writer.make_writer_for(event.metadata()).write_all(line.as_bytes()));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::{Format, RecordLayer};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Captures what is written while `speak` runs.
    pub(in crate::telemetry) fn capture(format: Box<dyn Format>, speak: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let layer = RecordLayer::new(format, move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), speak);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }
}
