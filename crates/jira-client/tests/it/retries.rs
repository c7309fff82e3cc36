//! Which failures are tried again, how often, and who waits.
//!
//! Lengths of waits beyond a second are tested beside their code, without waiting.

use std::io::Write;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use jira_client::{Edition, EndpointClass, ErrorKind, JiraClient};
use serde_json::json;
use test_case::test_case;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{RawServer, cloud, config, html, ok, raw};

#[test_case(429 => (ErrorKind::RateLimited, 3); "rate limit")]
#[test_case(502 => (ErrorKind::ServerError, 3); "bad gateway")]
#[test_case(503 => (ErrorKind::ServerError, 3); "unavailable")]
#[test_case(504 => (ErrorKind::ServerError, 3); "gateway timeout")]
#[test_case(400 => (ErrorKind::BadRequest, 1); "bad request")]
#[test_case(401 => (ErrorKind::Unauthorized, 1); "unauthorized")]
#[test_case(403 => (ErrorKind::Forbidden, 1); "forbidden")]
#[test_case(404 => (ErrorKind::NotFound, 1); "not found")]
#[test_case(410 => (ErrorKind::Gone, 1); "gone")]
#[tokio::test]
async fn tries_with_two_retries_allowed(status: u16) -> (ErrorKind, usize) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(html(status, ""))
        .mount(&server)
        .await;
    let client = cloud(&server.uri());
    let error = client.fields().await.unwrap_err();
    let requests = server.received_requests().await.unwrap().len();
    let stats = client.stats();
    assert_eq!(stats.requests, requests as u64);
    assert_eq!(stats.retries, requests as u64 - 1);
    assert_eq!(stats.by_class[&EndpointClass::Fields].requests, requests as u64);
    (error.kind(), requests)
}

#[tokio::test]
async fn a_500_is_tried_three_times_at_most() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(html(500, ""))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::Cloud);
    config.retries = 9;
    JiraClient::new(config).unwrap().fields().await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_named_wait_is_kept_and_costs_no_retry() {
    let server = MockServer::start().await;
    let limited = ResponseTemplate::new(429).insert_header("Retry-After", "1");
    Mock::given(method("GET"))
        .respond_with(limited)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(ok(json!([])))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::Cloud);
    config.retries = 0;
    let client = JiraClient::new(config).unwrap();
    let start = Instant::now();
    client.fields().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    let stats = client.stats();
    assert_eq!((stats.retries, stats.rate_limit_waits), (1, 1));
    assert!(
        stats.rate_limit_wait >= Duration::from_millis(900),
        "{:?}",
        stats.rate_limit_wait
    );
}

/// Measures a request for projects after one for fields met a rate limit of a second.
async fn projects_after_limit(reason: Option<&str>) -> Duration {
    let server = MockServer::start().await;
    let mut limited = ResponseTemplate::new(429).insert_header("Retry-After", "1");
    if let Some(reason) = reason {
        limited = limited.insert_header("RateLimit-Reason", reason);
    }
    Mock::given(path("/rest/api/2/field"))
        .respond_with(limited)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path("/rest/api/2/field"))
        .respond_with(ok(json!([])))
        .mount(&server)
        .await;
    let project = json!({"id": "1", "key": "A", "name": "A"});
    Mock::given(path("/rest/api/2/project/A"))
        .respond_with(ok(project))
        .mount(&server)
        .await;
    let client = cloud(&server.uri());
    let limited_client = client.clone();
    let fields = tokio::spawn(async move { limited_client.fields().await });
    let deadline = Instant::now() + Duration::from_secs(5);
    while client.stats().retries == 0 {
        assert!(Instant::now() < deadline, "the limit was never met");
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    client.project("A").await.unwrap();
    let taken = start.elapsed();
    fields.await.unwrap().unwrap();
    taken
}

#[tokio::test]
async fn a_rate_limit_holds_every_request_of_the_client_back() {
    assert!(projects_after_limit(None).await >= Duration::from_millis(900));
}

#[tokio::test]
async fn a_burst_limit_holds_back_only_its_endpoint() {
    assert!(projects_after_limit(Some("jira-burst-based")).await < Duration::from_millis(900));
}

#[tokio::test]
async fn truncated_bodies_are_asked_for_again() {
    let cut = raw(
        "200 OK",
        &["Content-Type: application/json"],
        500,
        b"[{\"id\":\"summary\",",
    );
    let whole = raw("200 OK", &["Content-Type: application/json"], 2, b"[]");
    let server = RawServer::start(vec![cut, whole]).await;
    assert!(cloud(&server.address).fields().await.unwrap().is_empty());
    assert_eq!(server.requests(), 2);
}

#[test_case(&["Content-Type: application/json"], 500; "shorter than announced")]
#[test_case(&["Content-Type: application/json"], 3; "json without an end")]
#[test_case(&["Content-Type: application/json", "Content-Encoding: gzip"], 3; "no gzip")]
#[tokio::test]
async fn a_body_that_stays_truncated_is_an_error(headers: &'static [&'static str], announced: usize) {
    let server = RawServer::start(vec![raw("200 OK", headers, announced, b"[{ ")]).await;
    let error = cloud(&server.address).fields().await.unwrap_err();
    assert_eq!((error.kind(), server.requests()), (ErrorKind::Truncated, 3));
    assert!(error.is_retryable());
}

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const ZIPPED: [&str; 2] = ["Content-Type: application/json", "Content-Encoding: gzip"];

#[tokio::test]
async fn zipped_bodies_are_read_and_asked_for() {
    let body = zipped(r#"[{"id": "summary", "name": "Summary"}]"#);
    let whole = raw("200 OK", &ZIPPED, body.len(), &body);
    let server = RawServer::start(vec![whole]).await;
    assert_eq!(cloud(&server.address).fields().await.unwrap().len(), 1);
    let server = MockServer::start().await;
    Mock::given(header("accept-encoding", "gzip"))
        .respond_with(ok(json!([])))
        .mount(&server)
        .await;
    cloud(&server.uri()).fields().await.unwrap();
}

/// The JSON inside is whole: only the end of the compressed stream is missing.
#[test_case(1; "its last byte")]
#[test_case(8; "its checksum")]
#[test_case(12; "some of its data")]
#[tokio::test]
async fn a_zipped_body_without_its_end_is_asked_for_again(missing: usize) {
    let body = zipped(r#"[{"id": "summary", "name": "Summary"}]"#);
    let cut = &body[..body.len() - missing];
    let server = RawServer::start(vec![
        raw("200 OK", &ZIPPED, cut.len(), cut),
        raw("200 OK", &ZIPPED, body.len(), &body),
    ])
    .await;
    assert_eq!(cloud(&server.address).fields().await.unwrap().len(), 1);
    assert_eq!(server.requests(), 2);
    let server = RawServer::start(vec![raw("200 OK", &ZIPPED, cut.len(), cut)]).await;
    let error = cloud(&server.address).fields().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_tried_again() {
    let server = RawServer::start(vec![Vec::new()]).await;
    let error = cloud(&server.address).fields().await.unwrap_err();
    assert_eq!((error.kind(), server.requests()), (ErrorKind::Connect, 3));
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = cloud(&format!("http://{address}")).fields().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let text = error.to_string();
    assert!(
        text.contains(&format!("127.0.0.1 port {}", address.port())) && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn silence_ends_in_a_timeout_that_says_how_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0u8; 1024];
            drop(stream.read(&mut buffer).await);
            open.push(stream);
        }
    });
    let mut config = config(&format!("http://{address}"), Edition::Cloud);
    config.request_timeout = Duration::from_millis(50);
    let client = JiraClient::new(config).unwrap();
    let error = client.fields().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("50 ms"), "{error}");
    assert_eq!(client.stats().requests, 3);
}

#[tokio::test]
async fn no_more_requests_at_once_than_allowed() {
    let server = MockServer::start().await;
    let slow = ok(json!([])).set_delay(Duration::from_millis(100));
    Mock::given(method("GET")).respond_with(slow).mount(&server).await;
    let mut config = config(&server.uri(), Edition::Cloud);
    config.max_concurrent_requests = 2;
    let client = JiraClient::new(config).unwrap();
    let start = Instant::now();
    let all = futures::future::join_all((0..6).map(|_| client.fields())).await;
    assert!(all.iter().all(Result::is_ok));
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}
