//! The OpenAPI document: made of the endpoints and of the forms of all kinds, served, and kept in `docs/openapi.json`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::answers::{Refusal, json_answer};
use super::endpoints::{self, Answers, Endpoint};
use super::shared::Shared;
use super::spelling::Spelling;
use crate::operations::actions::kind_schemas;

/// Needs no right but a caller.
pub(super) async fn document(State(api): Shared, headers: HeaderMap) -> Result<Response, Refusal> {
    api.callers.sign_in(&headers, None).await?;
    Ok(json_answer(StatusCode::OK, &openapi()))
}

/// The document.
pub fn openapi() -> Value {
    let mut paths = Map::new();
    for endpoint in endpoints::all() {
        let path = paths.entry(endpoint.path.clone()).or_insert_with(|| json!({}));
        path[endpoint.method] = operation(&endpoint);
    }
    for (path, about) in [
        ("/metrics", "Metrics, for Prometheus."),
        ("/health/live", "Whether the process works."),
        ("/health/ready", "Whether the service can do its work."),
    ] {
        let responses = json!({ "200": { "description": "It does." }, "default": { "description": "It does not." } });
        let operation_id = format!("get{}", path.replace('/', "_"));
        let operation =
            json!({ "operationId": operation_id, "summary": about, "security": [{}], "responses": responses });
        paths.insert(path.to_owned(), json!({ "get": operation }));
    }
    let mut schemas = schemas();
    schemas.extend(kind_schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "jira-connector: Kibana's connector API, without Kibana",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every path works with /s/default before it and with a slash after it, too. A header kbn-xsrf may be sent \
                            and is not needed.",
        },
        "security": [{ "basic": [] }, { "apiKey": [] }, { "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic", "description": "A user of Elasticsearch." },
                "apiKey": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "`ApiKey` and an encoded API key of Elasticsearch.",
                },
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token of Elasticsearch, or one of `http.tokens`." },
            },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut parameters = Vec::new();
    if endpoint.path.contains("{id}") {
        parameters.push(parameter("id", "path", "The id of the connector."));
    }
    match endpoint.answers {
        Answers::Execution => {
            parameters.push(parameter(
                "Idempotency-Key",
                "header",
                "Calls with the same key make one thing.",
            ));
            parameters.push(parameter("Prefer", "header", "`respond-async` answers 202 at once."));
            let about =
                "`true`: a failed action answers 422 (refused), 503 (throttled), 502 (not sent) or 504 (unknown).";
            parameters.push(parameter("X-Fail-Status", "header", about));
        }
        Answers::Executions => {
            parameters.push(parameter("size", "query", "How many, 20 without, 1,000 at most."));
            parameters.push(parameter("outcome", "query", "Only those that came to this."));
        }
        Answers::Types => parameters.push(parameter("feature_id", "query", "Only those that Kibana offers there.")),
        _ => {}
    }
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "summary": endpoint.about,
        "parameters": parameters,
        "responses": responses(endpoint),
    });
    if let Some(body) = &endpoint.body {
        let mut schema = body.schema();
        if endpoint.answers == Answers::Notice {
            schema["additionalProperties"] = json!(true);
        }
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": schema } },
        });
    }
    operation
}

fn parameter(name: &str, place: &str, about: &str) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "description": about, "schema": { "type": "string" },
    })
}

/// `post_api_actions_connector_id__execute`.
fn operation_id(endpoint: &Endpoint) -> String {
    let path: String = endpoint
        .path
        .chars()
        .filter(|character| !matches!(character, '{' | '}'))
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '_'
            }
        })
        .collect();
    format!("{}{path}", endpoint.method)
}

fn responses(endpoint: &Endpoint) -> Value {
    let of = |name: &str| {
        let spelled = match endpoint.spelling {
            Spelling::Current => name.to_owned(),
            Spelling::Legacy => format!("{name}.legacy"),
        };
        json!({ "$ref": format!("#/components/schemas/{spelled}") })
    };
    let list = |name: &str| json!({ "type": "array", "items": of(name) });
    let schema = match endpoint.answers {
        Answers::Nothing => None,
        Answers::Connector => Some(of("connector")),
        Answers::Connectors => Some(list("connector")),
        Answers::Page => Some(json!({
            "type": "object",
            "properties": {
                "page": { "type": "integer" }, "perPage": { "type": "integer" }, "total": { "type": "integer" },
                "data": list("connector"),
            },
        })),
        Answers::Types => Some(list("type")),
        Answers::Execution | Answers::Notice => Some(of("execution")),
        Answers::Test => Some(json!({ "$ref": "#/components/schemas/test" })),
        Answers::Executions => Some(json!({
            "type": "object",
            "properties": { "executions": { "type": "array", "items": { "type": "object" } } },
        })),
        Answers::Availability => Some(json!({
            "type": "object", "properties": { "connectorIdAvailable": { "type": "boolean" } },
        })),
        Answers::Status | Answers::Document => Some(json!({ "type": "object" })),
    };
    let mut responses = match schema {
        None => json!({ "204": { "description": "Done." } }),
        Some(schema) => json!({
            "200": { "description": "Done.", "content": { "application/json": { "schema": schema } } },
        }),
    };
    let error = json!({ "$ref": "#/components/schemas/error" });
    responses["default"] = json!({
        "description": "Not done: 400 wrong, 401 not signed in, 403 not allowed, 404 unknown, 409 changed meanwhile, 429 too often, \
                        503 Elasticsearch does not answer.",
        "content": { "application/json": { "schema": error } },
    });
    responses
}

fn schemas() -> Map<String, Value> {
    let mut schemas = Map::from_iter([
        (
            "error".to_owned(),
            object(&[("statusCode", "integer"), ("error", "string"), ("message", "string")]),
        ),
        (
            "test".to_owned(),
            json!({
                "type": "object",
                "properties": {
                    "ok": { "type": "boolean" },
                    "checks": { "type": "array", "items": object(&[("name", "string"), ("ok", "boolean"), ("hint", "string")]) },
                },
            }),
        ),
    ]);
    for (spelling, suffix) in [(Spelling::Current, ""), (Spelling::Legacy, ".legacy")] {
        for (name, schema) in spelling.schemas() {
            schemas.insert(format!("{name}{suffix}"), schema);
        }
    }
    schemas
}

/// An object of these members and their types.
pub(super) fn object(members: &[(&str, &str)]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })))
        .collect();
    json!({ "type": "object", "properties": properties })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_in_docs_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(
            kept == openapi(),
            "docs/openapi.json is stale; renew it: cargo run -- actions openapi > docs/openapi.json"
        );
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
        let document = openapi();
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let mut names: Vec<String> = endpoints::all().iter().map(operation_id).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
