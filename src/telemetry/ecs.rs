//! Log lines for machines: one ECS JSON object a line, with the labels that Kibana's connector pages look for.
//!
//! Fields without a place in ECS go under `jira_connector`, where they cannot clash with the types ECS gives a name.

use chrono::SecondsFormat;
use serde_json::{Map, Value};

use super::record::{Format, Record};

/// Fields that Elastic's connector service writes as labels.
const LABELS: [(&str, &str); 4] = [
    ("sync_job.id", "labels.sync_job_id"),
    ("connector.id", "labels.connector_id"),
    ("index.name", "labels.index_name"),
    ("connector.service_type", "labels.service_type"),
];

pub(super) struct Ecs;

impl Format for Ecs {
    fn line(&self, record: &Record) -> String {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put(
            "@timestamp",
            record.time.to_rfc3339_opts(SecondsFormat::Millis, true).into(),
        );
        put("log.level", record.level.as_str().to_lowercase().into());
        put("message", record.message.clone().into());
        put("ecs.version", "8.11.0".into());
        put("log.logger", record.target.clone().into());
        put("process.pid", std::process::id().into());
        put("service.type", "jira-connector".into());
        put("service.version", env!("CARGO_PKG_VERSION").into());
        let mut own = Map::new();
        for (name, value) in record.fields.iter() {
            let label = LABELS.iter().find(|(field, _)| *field == name).map(|(_, label)| *label);
            match (label, name) {
                // Labels are keywords, whatever was given.
                (Some(label), _) => put(
                    label,
                    value.as_str().map_or_else(|| value.to_string(), str::to_owned).into(),
                ),
                (None, "error") => put("error.message", value.clone()),
                (None, _) => own.insert(name.to_owned(), value.clone()),
            };
        }
        if !own.is_empty() {
            put("jira_connector", Value::Object(own));
        }
        Value::Object(line).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Ecs;
    use crate::telemetry::record::tests::capture;

    #[test]
    fn ids_become_labels_from_spans_and_events() {
        let lines = capture(Box::new(Ecs), || {
            let _connector =
                tracing::info_span!("connector", connector.id = "c1", connector.service_type = "jira").entered();
            let _job = tracing::info_span!("sync_job", sync_job.id = "j1").entered();
            let error = std::io::Error::other("disk full");
            tracing::error!(
                index.name = "idx",
                error = &error as &dyn std::error::Error,
                size_bytes = 3,
                "bulk failed"
            );
        });
        assert_eq!(lines.lines().count(), 1);
        let mut line: Value = serde_json::from_str(&lines).unwrap();
        let time = line["@timestamp"].take();
        assert!(
            chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).is_ok(),
            "{time}"
        );
        let expected = json!({
            "@timestamp": null, "log.level": "error", "message": "bulk failed", "ecs.version": "8.11.0",
            "log.logger": module_path!(), "process.pid": std::process::id(),
            "service.type": "jira-connector", "service.version": env!("CARGO_PKG_VERSION"),
            "labels.connector_id": "c1", "labels.sync_job_id": "j1", "labels.index_name": "idx",
            "labels.service_type": "jira", "error.message": "disk full", "jira_connector": {"size_bytes": 3},
        });
        assert_eq!(line, expected);
    }
}
