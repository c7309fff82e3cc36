//! Times in which nothing of Jira answers: how long they are borne, and what is no outage.

use std::time::{Duration, Instant};

use jira_client::{Edition, ErrorKind, JiraClient, JiraConfig, Next};
use serde_json::json;
use test_case::test_case;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{config, html, ok};

/// Patient for a time, but with as good as no tries.
fn patient(server: &MockServer, outage: Duration) -> JiraConfig {
    let mut config = config(&server.uri(), Edition::Cloud);
    config.retries = 1;
    config.retry_delay = Duration::from_millis(20);
    config.max_retry_delay = Duration::from_millis(50);
    config.max_outage = outage;
    config
}

async fn answers(server: &MockServer, body: serde_json::Value) {
    Mock::given(any()).respond_with(ok(body)).mount(server).await;
}

/// The cure of case L2: far more tries than are allowed, because the server is down and not the request wrong.
#[test_case(503)]
#[test_case(502)]
#[test_case(504)]
#[tokio::test]
async fn an_outage_in_the_middle_of_a_sync_is_outlived(status: u16) {
    let server = MockServer::start().await;
    let client = JiraClient::new(patient(&server, Duration::from_secs(60))).unwrap();
    {
        let _up = Mock::given(any())
            .respond_with(ok(json!([])))
            .mount_as_scoped(&server)
            .await;
        client.fields().await.unwrap();
    }
    Mock::given(any())
        .respond_with(html(status, "<p>maintenance"))
        .up_to_n_times(12)
        .mount(&server)
        .await;
    answers(&server, json!([])).await;
    client.fields().await.unwrap();
    assert_eq!(client.stats().retries, 12);
}

#[tokio::test]
async fn an_outage_for_ever_ends_in_an_error() {
    let server = MockServer::start().await;
    let client = JiraClient::new(patient(&server, Duration::from_millis(500))).unwrap();
    {
        let _up = Mock::given(any())
            .respond_with(ok(json!([])))
            .mount_as_scoped(&server)
            .await;
        client.fields().await.unwrap();
    }
    Mock::given(any()).respond_with(html(503, "")).mount(&server).await;
    let began = Instant::now();
    assert_eq!(client.fields().await.unwrap_err().kind(), ErrorKind::ServerError);
    let borne = began.elapsed();
    assert!((400..5000).contains(&borne.as_millis()), "{borne:?}");
}

/// A wrong address or a port that nobody listens on is told at once.
#[tokio::test]
async fn a_server_that_never_answered_is_not_waited_for() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(503, "")).mount(&server).await;
    let client = JiraClient::new(patient(&server, Duration::from_secs(600))).unwrap();
    assert_eq!(client.fields().await.unwrap_err().kind(), ErrorKind::ServerError);
    assert_eq!(client.stats().requests, 2);
}

/// Others are served meanwhile: it is this request that fails, and only its tries count.
#[tokio::test]
async fn one_resource_that_always_fails_is_no_outage() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/2/field"))
        .respond_with(html(502, ""))
        .mount(&server)
        .await;
    let project = json!({"id": "1", "key": "A", "name": "A"});
    Mock::given(path("/rest/api/2/project/A"))
        .respond_with(ok(project))
        .mount(&server)
        .await;
    let client = JiraClient::new(patient(&server, Duration::from_secs(600))).unwrap();
    client.project("A").await.unwrap();
    let others = client.clone();
    let others = tokio::spawn(async move {
        loop {
            others.project("A").await.unwrap();
        }
    });
    let error = client.fields().await.unwrap_err();
    others.abort();
    assert_eq!(error.kind(), ErrorKind::ServerError);
    assert!(client.stats().retries <= 3, "{:?}", client.stats().retries);
}

/// Cases P3: neither is an end, and neither is for good.
#[test_case(408; "the server waited too long for the request")]
#[test_case(425; "the request came too early")]
#[tokio::test]
async fn a_refusal_that_passes_in_the_middle_of_a_listing_is_tried_again(status: u16) {
    let server = MockServer::start().await;
    let row = |id: u64| json!({"id": id.to_string()});
    let first = json!({"issues": [row(1)], "nextPageToken": "two", "isLast": false});
    let last = json!({"issues": [row(2)], "isLast": true});
    let answers = [ok(first), ResponseTemplate::new(status), ok(last)];
    for answer in answers {
        Mock::given(method("POST"))
            .respond_with(answer)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    let client = crate::fake_jira::cloud(&server.uri());
    let mut listing = client.issue_ids("project = A");
    let mut ids = Vec::new();
    while let Next::Page(page) = listing.next_page().await.unwrap() {
        ids.extend(page.iter().map(|head| head.id));
    }
    assert_eq!(ids, [1, 2]);
    assert_eq!(client.stats().retries, 1);
}
