//! `GET /api/status`: clients of Kibana ask for its version before they go on.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::super::answers::{Refusal, json_answer};
use super::shared::Shared;

/// From this version on clients may choose ids themselves.
const LEAST: (u64, u64) = (8, 8);

/// The version is that of the cluster, as a Kibana beside it would have.
pub(super) async fn status(State(api): Shared, headers: HeaderMap) -> Result<Response, Refusal> {
    api.callers.sign_in(&headers, None).await?;
    let server = api.client.info().await.map_err(|error| {
        let text = format!("Elasticsearch does not answer: {error}");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text).after(5)
    })?;
    let (major, minor) = LEAST;
    let version = if is_older(&server.version, LEAST) {
        format!("{major}.{minor}.0")
    } else {
        server.version
    };
    let body = json!({
        "name": "jira-connector",
        "version": { "number": version, "build_flavor": "traditional", "build_snapshot": false },
        "status": { "overall": { "level": "available", "summary": "All services are available" } },
    });
    Ok(json_answer(StatusCode::OK, &body))
}

fn is_older(version: &str, than: (u64, u64)) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < than
}
