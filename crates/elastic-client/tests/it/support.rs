//! Clients and answers that many tests start from. What is asserted stays in the tests.

use std::time::Duration;

use elastic_client::{Credentials, ElasticClient, ElasticConfig};
use serde_json::{Value, json};
use wiremock::{MockServer, Request, ResponseTemplate};

/// A configuration that retries at once, so that no test waits.
pub(crate) fn config(host: &str) -> ElasticConfig {
    ElasticConfig {
        host: host.parse().unwrap(),
        credentials: Credentials::ApiKey("secret-api-key".into()),
        verify_certs: true,
        ca_certs: None,
        headers: Vec::new(),
        request_timeout: Duration::from_secs(10),
        max_retries: 3,
        retry_interval: Duration::from_millis(1),
        retry_on_timeout: true,
        compress: false,
        user_agent: "jira-connector-test".to_owned(),
    }
}

pub(crate) fn client(server: &MockServer) -> ElasticClient {
    ElasticClient::new(config(&server.uri())).unwrap()
}

pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

/// An error as Elasticsearch words it.
pub(crate) fn refusal(status: u16, kind: &str, reason: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({
        "error": { "root_cause": [{ "type": kind, "reason": reason }], "type": kind, "reason": reason },
        "status": status,
    }))
}

pub(crate) fn root_answer() -> Value {
    json!({
        "name": "node-0",
        "cluster_name": "test",
        "cluster_uuid": "uuid",
        "version": { "number": "8.19.21", "build_flavor": "default" },
        "tagline": "You Know, for Search",
    })
}

/// Every request that reached the server, as `METHOD /path?query`.
pub(crate) async fn seen(server: &MockServer) -> Vec<String> {
    requests(server).await.iter().map(line).collect()
}

pub(crate) async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn line(request: &Request) -> String {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {}{query}", request.method, request.url.path())
}

/// Polls until `condition` holds, for ten seconds at most.
pub(crate) async fn eventually<F, Fut>(what: &str, mut condition: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(std::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
