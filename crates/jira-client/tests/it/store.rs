//! Reading single issues past the search index of Server and Data Center: whatever comes back, an issue is absent only
//! when Jira itself says so, and nobody else is asked.

use jira_client::{ErrorKind, FetchedIssues};
use serde_json::{Value, json};
use test_case::test_case;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{RawServer, data_center, html, ok};

/// Issue 1 answers as it should, issue 5 like this.
async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    for (id, answer) in [(1, found(1)), (5, answer)] {
        let place = format!("/rest/api/2/issue/{id}");
        Mock::given(path(place)).respond_with(answer).mount(&server).await;
    }
    server
}

fn found(id: u64) -> ResponseTemplate {
    ok(json!({"id": id.to_string(), "key": format!("A-{id}"), "fields": {"updated": "2024-09-19T21:57:31.666-0500"}}))
}

fn refused(status: u16) -> ResponseTemplate {
    let body = json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}});
    ResponseTemplate::new(status).set_body_json(body)
}

#[derive(Debug, PartialEq)]
enum Fifth {
    Read,
    Absent,
    Failed,
}

fn fifth(fetched: &FetchedIssues) -> Fifth {
    let (read, failed) = (&fetched.issues, &fetched.failed);
    assert!(read.iter().any(|issue| issue.id == 1), "the other one was read");
    assert_eq!(
        read.len() + failed.len() + fetched.absent.len(),
        2,
        "each is in one list"
    );
    match (read.iter().any(|issue| issue.id == 5), fetched.absent.as_slice()) {
        (true, _) => Fifth::Read,
        (false, [5]) => Fifth::Absent,
        (false, _) => Fifth::Failed,
    }
}

#[test_case(found(5) => Ok(Fifth::Read))]
#[test_case(refused(404) => Ok(Fifth::Absent); "absent in the words of Jira")]
#[test_case(html(404, "<p>nothing here") => Err(ErrorKind::NotFound); "a page of somebody else")]
#[test_case(refused(403) => Ok(Fifth::Failed); "forbidden")]
#[test_case(found(6) => Ok(Fifth::Failed); "another issue")]
#[test_case(refused(401) => Err(ErrorKind::Unauthorized); "the credential is refused")]
#[test_case(refused(502) => Err(ErrorKind::ServerError); "out of order")]
#[test_case(html(200, "<form action=login>") => Err(ErrorKind::LoginPage); "a login form")]
#[tokio::test]
async fn one_issue_in_the_store(answer: ResponseTemplate) -> Result<Fifth, ErrorKind> {
    let server = server(answer).await;
    let fetched = data_center(&server.uri()).fetch_from_store(&[1, 5], &["updated"]).await;
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| request.url.path().starts_with("/rest/api/2/issue/")),
        "the search index was asked"
    );
    assert!(
        requests
            .iter()
            .all(|request| request.url.query() == Some("fields=updated"))
    );
    fetched.map(|fetched| fifth(&fetched)).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let other = MockServer::start().await;
    Mock::given(any()).respond_with(found(5)).mount(&other).await;
    let elsewhere = format!("{}/rest/api/2/issue/5", other.uri());
    let server = server(ResponseTemplate::new(302).insert_header("Location", elsewhere)).await;
    let client = data_center(&server.uri());
    let error = client.fetch_from_store(&[1, 5], &["updated"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsafeRedirect);
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_issue() {
    let body = json!({"id": "5", "key": "A-5", "fields": {}}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len() + 10
    );
    let server = RawServer::start(vec![[head.as_bytes(), body.as_bytes()].concat()]).await;
    let error = data_center(&server.address)
        .fetch_from_store(&[5], &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[tokio::test]
async fn many_are_asked_a_few_at_a_time_and_each_once() {
    let server = MockServer::start().await;
    let answer = |request: &wiremock::Request| {
        let id = request.url.path().rsplit('/').next().unwrap().to_owned();
        ok(json!({"id": id, "key": format!("A-{id}"), "fields": Value::Null}))
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let ids: Vec<u64> = (1..=250).collect();
    let fetched = data_center(&server.uri())
        .fetch_from_store(&ids, &["updated"])
        .await
        .unwrap();
    let mut accounted: Vec<u64> = fetched.issues.iter().map(|issue| issue.id).collect();
    accounted.extend(fetched.failed.iter().map(|(id, _)| *id));
    accounted.sort_unstable();
    assert_eq!((accounted, fetched.absent), (ids, vec![]));
    assert_eq!(server.received_requests().await.unwrap().len(), 250);
}
