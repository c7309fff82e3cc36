//! A request that creates in Jira is never sent twice by itself, unless nothing can have come of the first time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jira_client::{Edition, ErrorKind, JiraClient, JiraError, NewIssue};
use serde_json::{Map, json};
use test_case::test_case;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{RawServer, cloud, config, html, raw};
use crate::tls;

const JSON: &[&str] = &["Content-Type: application/json"];

async fn create(client: &JiraClient) -> Result<u64, JiraError> {
    let issue = NewIssue {
        fields: Map::from_iter([("summary".to_owned(), json!("a finding"))]),
        properties: Map::new(),
    };
    client.create_issue(&issue).await.map(|issue| issue.id)
}

fn made() -> Vec<u8> {
    let body = br#"{"id":"10001","key":"A-1"}"#;
    raw("201 Created", JSON, body.len(), body)
}

#[test_case(Vec::new(); "the connection ends without an answer")]
#[test_case(raw("201 Created", JSON, 500, b"{\"id\":"); "the answer is cut off")]
#[test_case(raw("201 Created", JSON, 2, b"{}"); "the answer names no issue")]
#[test_case(raw("200 OK", &["Content-Type: text/html"], 6, b"<html>"); "a proxy shows a page")]
#[test_case(raw("503 Service Unavailable", &["Retry-After: 0"], 0, b""); "a proxy says 503")]
#[test_case(raw("504 Gateway Timeout", &[], 0, b""); "a proxy waited too long")]
#[test_case(raw("500 Internal Server Error", &[], 0, b""); "jira fails")]
#[test_case(raw("408 Request Timeout", &[], 0, b""); "the server waited too long for the request")]
#[tokio::test]
async fn a_lost_answer_is_not_met_with_a_second_issue(first: Vec<u8>) {
    let server = RawServer::start(vec![first, made()]).await;
    let error = create(&cloud(&server.address)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert!(!error.is_retryable());
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn silence_is_not_met_with_a_second_issue() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut buffer = [0u8; 4096];
            drop(stream.read(&mut buffer).await);
            open.push(stream);
        }
    });
    let mut config = config(&address, Edition::Cloud);
    config.request_timeout = std::time::Duration::from_millis(100);
    let error = create(&JiraClient::new(config).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refusal_for_the_rate_is_waited_out() {
    let server = MockServer::start().await;
    let issue = path("/rest/api/2/issue");
    Mock::given(method("POST"))
        .and(issue)
        .respond_with(html(429, ""))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let answer = ResponseTemplate::new(201).set_body_json(json!({"id": "7", "key": "A-7"}));
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    assert_eq!(create(&cloud(&server.uri())).await.unwrap(), 7);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_field_is_an_error_with_a_known_outcome() {
    let server = RawServer::start(vec![raw("400 Bad Request", JSON, 2, b"{}")]).await;
    let error = create(&cloud(&server.address)).await.unwrap_err();
    assert_eq!((error.kind(), server.requests()), (ErrorKind::BadRequest, 1));
}

/// The first connection is reset during the handshake, so nothing of the request left.
#[tokio::test]
async fn a_connection_that_breaks_before_anything_was_sent_is_tried_again() {
    let answer = raw("201 Created", JSON, 26, br#"{"id":"10001","key":"A-1"}"#);
    let jira = tls::jira_that_resets_first(1, answer).await;
    let mut config = config(&jira.address, Edition::Cloud);
    config.tls.ca_pem = Some(jira.ca_pem);
    assert_eq!(create(&JiraClient::new(config).unwrap()).await.unwrap(), 10001);
}
