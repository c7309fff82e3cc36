//! Reads the body of a request within its limits, and checks its form.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::super::answers::Refusal;
use super::spelling::Spelling;
use crate::operations::actions::{Shape, check, optional, required};

/// A JSON object; no body is an empty one.
pub(super) async fn object(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    within: Duration,
) -> Result<Map<String, Value>, Refusal> {
    let read = tokio::time::timeout(within, to_bytes(body, most)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let text = format!("Payload content length greater than maximum allowed: {most}");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        Err(_) => {
            let text = format!("the request did not arrive within {} s", within.as_secs());
            return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, text));
        }
    };
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // curl calls everything a form unless it is told otherwise.
    let is_json = content_type.is_none_or(|kind| kind.contains("json") || kind.contains("x-www-form-urlencoded"));
    if !is_json {
        let text = "Unsupported Media Type: send application/json";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::bad_request("[request body]: expected a plain object value")),
        Err(error) => Err(Refusal::bad_request(format!(
            "Invalid request payload JSON format: {error}"
        ))),
    }
}

/// The form of a new connector.
pub(super) fn new_connector(spelling: Spelling) -> Shape {
    Shape::object([
        required("name", Shape::filled_text(), "The name of the connector."),
        required(spelling.kind(), Shape::filled_text(), "The id of its type: `.jira`."),
        optional("config", Shape::Record, "Its settings.").or(Map::new()),
        optional("secrets", Shape::Record, "Its secrets; they are never shown.").or(Map::new()),
        optional("inbound_events_enabled", Shape::Flag, "Kibana's; without effect."),
    ])
}

/// The form of a change.
pub(super) fn changed_connector() -> Shape {
    Shape::object([
        required("name", Shape::filled_text(), "The name of the connector."),
        optional("config", Shape::Record, "Its settings.").or(Map::new()),
        optional("secrets", Shape::Record, "All of its secrets.").or(Map::new()),
        optional("inbound_events_enabled", Shape::Flag, "Kibana's; without effect."),
    ])
}

/// The form of a call.
pub(super) fn call() -> Shape {
    Shape::object([required(
        "params",
        Shape::Record,
        "`subAction` and `subActionParams`, as the type of the connector has them.",
    )])
}

/// The members of a body of this form.
pub(super) fn checked(shape: &Shape, body: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    match check(shape, &Value::Object(body)) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::bad_request("[request body]: expected a plain object value")),
        Err(misfit) => Err(Refusal::bad_request(misfit.below("request body").to_string())),
    }
}

/// A member that the form guarantees.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> String {
    members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member that the form guarantees.
pub(super) fn record(members: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match members.remove(name) {
        Some(Value::Object(record)) => record,
        _ => Map::new(),
    }
}
