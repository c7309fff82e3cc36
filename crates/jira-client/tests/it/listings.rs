//! Listings of Jira Cloud: only a listing whose every page arrived ends, and it ends once.
//!
//! Offset listings of the other editions have their own file.

use jira_client::{ErrorKind, IssueIdListing, JiraError, Next, ProjectListing, ProjectStatus, parse_timestamp};
use serde_json::{Value, json};
use test_case::test_case;
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{cloud, html, ok};

/// Ids, and rows and pages of the end.
async fn read_ids(mut listing: IssueIdListing) -> Result<(Vec<u64>, u64, u64), JiraError> {
    let mut ids = Vec::new();
    loop {
        match listing.next_page().await? {
            Next::Page(rows) => ids.extend(rows.iter().map(|head| head.id)),
            Next::End(end) => return Ok((ids, end.rows(), end.pages())),
        }
    }
}

async fn read_keys(mut listing: ProjectListing) -> Result<Vec<String>, JiraError> {
    let mut keys = Vec::new();
    while let Next::Page(projects) = listing.next_page().await? {
        keys.extend(projects.into_iter().map(|project| project.key));
    }
    Ok(keys)
}

async fn server_with_pages(pages: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    for page in pages {
        Mock::given(method("POST"))
            .and(path("/rest/api/3/search/jql"))
            .respond_with(page)
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    server
}

fn page(ids: &[u64], token: Value, is_last: Value) -> ResponseTemplate {
    let issues: Vec<Value> = ids.iter().map(|id| json!({"id": id.to_string()})).collect();
    ok(json!({"issues": issues, "nextPageToken": token, "isLast": is_last}))
}

#[tokio::test]
async fn tokens_lead_from_page_to_page() {
    let server = MockServer::start().await;
    let body = json!({"jql": "project = A", "maxResults": 5000, "fields": ["id"]});
    let mut next = body.clone();
    next["nextPageToken"] = json!("UxAQ");
    Mock::given(body_json(&body))
        .respond_with(page(&[3, 1], json!("UxAQ"), json!(false)))
        .mount(&server)
        .await;
    Mock::given(body_json(&next))
        .respond_with(page(&[2], Value::Null, json!(true)))
        .mount(&server)
        .await;
    let read = read_ids(cloud(&server.uri()).issue_ids("project = A")).await.unwrap();
    assert_eq!(read, (vec![3, 1, 2], 3, 2));
}

#[test_case(json!("t"), json!(true); "last by name")]
#[test_case(Value::Null, Value::Null; "without token")]
#[test_case(json!(""), Value::Null; "empty token")]
#[tokio::test]
async fn the_end_after_short_and_empty_pages(token: Value, is_last: Value) {
    let pages = vec![
        page(&[], json!("a"), json!(false)),
        page(&[1], json!("b"), Value::Null),
        page(&[], json!("c"), json!(false)),
        page(&[2], token, is_last),
    ];
    let server = server_with_pages(pages).await;
    let read = read_ids(cloud(&server.uri()).issue_ids("project = A")).await.unwrap();
    assert_eq!(read, (vec![1, 2], 2, 4));
}

#[test_case(page(&[2], json!("a"), json!(false)) => ErrorKind::RepeatedToken; "a token seen before")]
#[test_case(page(&[], Value::Null, json!(false)) => ErrorKind::BadAnswer; "not last, but no token")]
#[test_case(ok(json!({"isLast": true})) => ErrorKind::BadAnswer; "no issues at all")]
#[test_case(ok(json!({"issues": [{"key": "A-1"}], "isLast": true})) => ErrorKind::BadAnswer; "an issue without id")]
#[test_case(html(200, "<html>") => ErrorKind::LoginPage; "a web page")]
#[test_case(html(400, "") => ErrorKind::BadRequest; "a refusal")]
#[tokio::test]
async fn a_failed_page_is_no_end_and_breaks_the_listing(second: ResponseTemplate) -> ErrorKind {
    let pages = vec![
        page(&[1], json!("a"), json!(false)),
        // Some faults are asked about again before they count.
        second.clone(),
        second.clone(),
        second,
        page(&[9], Value::Null, json!(true)),
    ];
    let server = server_with_pages(pages).await;
    let mut listing = cloud(&server.uri()).issue_ids("project = A");
    listing.next_page().await.unwrap();
    let kind = listing.next_page().await.unwrap_err().kind();
    for _ in 0..2 {
        assert_eq!(listing.next_page().await.unwrap_err().kind(), ErrorKind::BrokenListing);
    }
    kind
}

#[tokio::test]
async fn the_end_can_be_asked_for_again() {
    let server = server_with_pages(vec![page(&[1], Value::Null, json!(true))]).await;
    let mut listing = cloud(&server.uri()).issue_ids("project = A");
    listing.next_page().await.unwrap();
    for _ in 0..2 {
        assert!(matches!(listing.next_page().await.unwrap(), Next::End(end) if end.rows() == 1));
    }
}

#[tokio::test]
async fn updated_comes_when_asked_for_and_readable() {
    let server = MockServer::start().await;
    let issues = json!([
        {"id": 1, "fields": {"updated": "2024-09-19T21:57:31.666-0500"}},
        {"id": "2", "fields": {"updated": "yesterday"}},
        {"id": "3"},
    ]);
    Mock::given(body_json(json!({"jql": "a", "maxResults": 100, "fields": ["updated"]})))
        .respond_with(ok(json!({"issues": issues})))
        .mount(&server)
        .await;
    let mut listing = cloud(&server.uri()).issue_ids("a").with_updated().page_size(100);
    let Next::Page(rows) = listing.next_page().await.unwrap() else {
        panic!("no page")
    };
    assert_eq!(rows[0].updated, parse_timestamp("2024-09-20T02:57:31.666Z"));
    assert_eq!((rows[1].updated, rows[2].updated), (None, None));
}

fn project(id: u64) -> Value {
    json!({"id": id.to_string(), "key": format!("P{id}"), "name": format!("Project {id}"), "unknown": {}})
}

/// Jira's projects, in pages of at most two.
async fn mount_projects(server: &MockServer, status: &str, count: u64, says_last: bool) {
    for start in 0..=count {
        let end = (start + 2).min(count);
        let values: Vec<Value> = (start..end).map(project).collect();
        let mut body = json!({"startAt": start, "values": values});
        if says_last {
            body["isLast"] = json!(end == count);
        }
        Mock::given(path("/rest/api/2/project/search"))
            .and(query_param("status", status))
            .and(query_param("startAt", start.to_string()))
            .and(query_param("maxResults", "100"))
            .respond_with(ok(body))
            .mount(server)
            .await;
    }
}

#[test_case(0, true; "none")]
#[test_case(1, true; "one")]
#[test_case(5, true; "several pages")]
#[test_case(5, false; "pages that do not say which is last")]
#[test_case(0, false; "none and it does not say so")]
#[tokio::test]
async fn all_projects_come_once(count: u64, says_last: bool) {
    let server = MockServer::start().await;
    mount_projects(&server, "live", count, says_last).await;
    let keys = read_keys(cloud(&server.uri()).projects(ProjectStatus::Live))
        .await
        .unwrap();
    assert_eq!(keys, (0..count).map(|id| format!("P{id}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn archived_and_deleted_projects_are_listed_together() {
    let server = MockServer::start().await;
    mount_projects(&server, "archived", 3, true).await;
    let deleted = json!({"startAt": 0, "isLast": true, "values": [{"id": 77, "key": "BIN", "name": "Bin"}]});
    Mock::given(query_param("status", "deleted"))
        .respond_with(ok(deleted))
        .mount(&server)
        .await;
    let keys = read_keys(cloud(&server.uri()).projects(ProjectStatus::ArchivedOrDeleted))
        .await
        .unwrap();
    assert_eq!(keys, ["P0", "P1", "P2", "BIN"]);
}

#[test_case(json!({"startAt": 0, "isLast": false, "values": []}) => ErrorKind::BadAnswer; "empty but not last")]
#[test_case(json!({"isLast": true}) => ErrorKind::BadAnswer; "no values")]
#[test_case(json!({"isLast": true, "values": [{"id": "1", "name": "no key"}]}) => ErrorKind::BadAnswer; "no key")]
#[tokio::test]
async fn broken_project_pages_are_errors(body: Value) -> ErrorKind {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ok(body)).mount(&server).await;
    read_keys(cloud(&server.uri()).projects(ProjectStatus::Live))
        .await
        .unwrap_err()
        .kind()
}

#[tokio::test]
async fn a_project_list_that_ignores_the_offset_does_not_go_on_for_ever() {
    let server = MockServer::start().await;
    let body = json!({"isLast": false, "values": [project(1), project(2)]});
    Mock::given(method("GET")).respond_with(ok(body)).mount(&server).await;
    let error = read_keys(cloud(&server.uri()).projects(ProjectStatus::Live))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadAnswer);
}
