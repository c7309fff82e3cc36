//! Reads facts of service management about an issue: request type, organisations, service levels. They are in fields
//! that every issue is read with, so it costs no request.
//!
//! Those fields have names that administrators choose, and service levels count on with every second. Here they have
//! names of their own, and hold only what changes with the issue.

use jira_client::Field;
use serde_json::{Map, Value};

const REQUEST_TYPE: &str = "com.atlassian.servicedesk:vp-origin";
const ORGANIZATIONS: &str = "com.atlassian.servicedesk:sd-customer-organizations";
const SERVICE_LEVEL: &str = "com.atlassian.servicedesk:sd-sla-field";

/// The member of an issue's document that carries it.
pub const REQUEST_FIELD: &str = "Request";

/// The fields of service management on this site, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFields {
    request_type: Vec<String>,
    organizations: Vec<String>,
    service_levels: Vec<String>,
}

impl RequestFields {
    /// Picks them by their type, which does not change when somebody renames them.
    pub fn new(fields: &[Field]) -> Self {
        let of_type = |wanted: &str| {
            let is = |field: &&Field| {
                field
                    .schema
                    .as_ref()
                    .is_some_and(|schema| schema.custom.as_deref() == Some(wanted))
            };
            fields.iter().filter(is).map(|field| field.id.clone()).collect()
        };
        Self {
            request_type: of_type(REQUEST_TYPE),
            organizations: of_type(ORGANIZATIONS),
            service_levels: of_type(SERVICE_LEVEL),
        }
    }

    /// Their number; a site without service management has none.
    pub fn count(&self) -> usize {
        self.request_type.len() + self.organizations.len() + self.service_levels.len()
    }

    /// Reads these fields of an issue; none for an issue that service management knows nothing about.
    pub fn read(&self, fields: &Map<String, Value>) -> Option<Value> {
        let mut request = Map::new();
        let origin = self.request_type.iter().find_map(|id| fields.get(id)?.as_object());
        if let Some(origin) = origin {
            if let Some(kind) = origin.get("requestType").and_then(Value::as_object) {
                request.insert("type".into(), pick(kind, &["id", "name", "description"]));
                copy(kind, "serviceDeskId", &mut request, "service_desk_id");
            }
            if let Some(status) = origin.get("currentStatus").and_then(Value::as_object) {
                copy(status, "status", &mut request, "status");
            }
        }
        let organizations: Vec<Value> = values(&self.organizations, fields)
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|organization| Some(pick(organization.as_object()?, &["id", "name"])))
            .collect();
        if !organizations.is_empty() {
            request.insert("organizations".into(), organizations.into());
        }
        let levels: Vec<Value> = values(&self.service_levels, fields)
            .filter_map(Value::as_object)
            .flat_map(cycles)
            .collect();
        if !levels.is_empty() {
            request.insert("sla".into(), levels.into());
        }
        (!request.is_empty()).then_some(Value::Object(request))
    }
}

fn values<'f>(ids: &'f [String], fields: &'f Map<String, Value>) -> impl Iterator<Item = &'f Value> {
    ids.iter().filter_map(|id| fields.get(id))
}

/// The cycles of a service level, the one that runs last.
fn cycles(level: &Map<String, Value>) -> Vec<Value> {
    let done = level.get("completedCycles").and_then(Value::as_array);
    let done = done.into_iter().flatten().filter_map(Value::as_object);
    let running = level.get("ongoingCycle").and_then(Value::as_object);
    let done = done.map(|raw| {
        let mut cycle = cycle(level, raw, "completed");
        instant(raw, "stopTime", &mut cycle);
        copy(raw, "breached", &mut cycle, "breached");
        millis(raw, "elapsedTime", &mut cycle, "elapsed_ms");
        Value::Object(cycle)
    });
    // Whether the running one is breached by now is for those to say who look at its `breachTime`.
    let running = running.map(|raw| {
        let mut cycle = cycle(level, raw, "ongoing");
        copy(raw, "paused", &mut cycle, "paused");
        Value::Object(cycle)
    });
    done.chain(running).collect()
}

fn cycle(level: &Map<String, Value>, raw: &Map<String, Value>, state: &str) -> Map<String, Value> {
    let mut cycle = Map::new();
    copy(level, "name", &mut cycle, "name");
    cycle.insert("state".into(), state.into());
    instant(raw, "startTime", &mut cycle);
    instant(raw, "breachTime", &mut cycle);
    millis(raw, "goalDuration", &mut cycle, "goal_ms");
    cycle
}

fn copy(from: &Map<String, Value>, member: &str, to: &mut Map<String, Value>, name: &str) {
    if let Some(value) = from.get(member).filter(|value| !value.is_null()) {
        to.insert(name.to_owned(), value.clone());
    }
}

/// Ids are texts in some versions and numbers in others.
fn pick(from: &Map<String, Value>, members: &[&str]) -> Value {
    let text = |value: &Value| match value {
        Value::Number(number) => Value::from(number.to_string()),
        other => other.clone(),
    };
    let picked = members
        .iter()
        .filter_map(|member| Some(((*member).to_owned(), text(from.get(*member)?))));
    Value::Object(picked.collect())
}

fn instant(cycle: &Map<String, Value>, member: &str, to: &mut Map<String, Value>) {
    let milliseconds = cycle.get(member).and_then(|date| date.get("epochMillis")?.as_i64());
    let instant = milliseconds.and_then(chrono::DateTime::from_timestamp_millis);
    if let Some(instant) = instant {
        let text = instant.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string();
        to.insert(member.to_owned(), text.into());
    }
}

fn millis(cycle: &Map<String, Value>, member: &str, to: &mut Map<String, Value>, name: &str) {
    if let Some(milliseconds) = cycle.get(member).and_then(|duration| duration.get("millis")?.as_i64()) {
        to.insert(name.to_owned(), milliseconds.into());
    }
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use serde_json::json;

    use super::*;

    fn fields() -> RequestFields {
        let of_type = |id: &str, custom: &str| Field {
            id: id.into(),
            name: "whatever somebody calls it".into(),
            custom: true,
            schema: Some(FieldSchema {
                r#type: "any".into(),
                items: None,
                custom: Some(custom.into()),
                system: None,
            }),
        };
        RequestFields::new(&[
            of_type("customfield_1", REQUEST_TYPE),
            of_type("customfield_2", ORGANIZATIONS),
            of_type("customfield_3", SERVICE_LEVEL),
            of_type("customfield_4", "com.example:other"),
        ])
    }

    fn read(issue: &Value) -> Option<Value> {
        fields().read(issue.as_object().unwrap())
    }

    #[test]
    fn a_request_with_organisations_and_service_levels() {
        assert_eq!(fields().count(), 3);
        let at = |ms: i64| json!({"iso8601": "x", "friendly": "x", "epochMillis": ms});
        let long = |ms: i64| json!({"millis": ms, "friendly": "x"});
        let request = read(&json!({
            "customfield_1": {
                "requestType": {"id": 25, "name": "Get IT help", "description": "", "serviceDeskId": "4", "helpText": ""},
                "currentStatus": {"status": "Waiting for support", "statusDate": at(0)},
            },
            "customfield_2": [{"id": "1", "name": "ACME", "_links": {"self": "x"}}],
            "customfield_3": {
                "id": "9", "name": "Time to resolution",
                "completedCycles": [{
                    "startTime": at(0), "stopTime": at(1_000), "breachTime": at(2_000), "breached": false,
                    "goalDuration": long(2_000), "elapsedTime": long(1_000), "remainingTime": long(1_000),
                }],
                "ongoingCycle": {
                    "startTime": at(5_000), "breachTime": at(7_000), "breached": false, "paused": true,
                    "goalDuration": long(2_000), "elapsedTime": long(1), "remainingTime": long(1_999),
                },
            },
        }));
        assert_eq!(
            request,
            Some(json!({
                "type": {"id": "25", "name": "Get IT help", "description": ""},
                "service_desk_id": "4",
                "status": "Waiting for support",
                "organizations": [{"id": "1", "name": "ACME"}],
                "sla": [
                    {"name": "Time to resolution", "state": "completed", "startTime": "1970-01-01T00:00:00.000+0000",
                     "stopTime": "1970-01-01T00:00:01.000+0000", "breachTime": "1970-01-01T00:00:02.000+0000",
                     "breached": false, "goal_ms": 2_000, "elapsed_ms": 1_000},
                    {"name": "Time to resolution", "state": "ongoing", "startTime": "1970-01-01T00:00:05.000+0000",
                     "breachTime": "1970-01-01T00:00:07.000+0000", "paused": true, "goal_ms": 2_000},
                ],
            }))
        );
    }

    #[test]
    fn other_issues_and_odd_values_say_nothing() {
        assert_eq!(
            read(&json!({"customfield_1": null, "customfield_2": [], "customfield_3": null})),
            None
        );
        assert_eq!(
            read(&json!({"customfield_1": "it/help", "customfield_2": "ACME", "customfield_3": []})),
            None
        );
        assert_eq!(read(&json!({"customfield_4": {"requestType": {"id": "1"}}})), None);
    }
}
