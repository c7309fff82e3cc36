//! Comments and worklogs arrive completely or not at all.
//!
//! Restricted ones are passed on like the others: leaving them out is not this crate's business.

use jira_client::ErrorKind;
use serde_json::{Value, json};
use test_case::test_case;
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fake_jira::{cloud, data_center, ok};

/// Serves children in pages of at most `cap`, with a total if wanted.
async fn mount_children(server: &MockServer, resource: &'static str, count: usize, cap: usize, with_total: bool) {
    let member = format!("{resource}s");
    Mock::given(method("GET"))
        .and(path(format!("/rest/api/2/issue/10001/{resource}")))
        .respond_with(move |request: &Request| {
            let parameter = |name: &str| {
                let value = request
                    .url
                    .query_pairs()
                    .find(|(found, _)| found == name)?
                    .1
                    .parse::<usize>()
                    .unwrap();
                Some(value)
            };
            let start = parameter("startAt").unwrap_or(0);
            let size = parameter("maxResults").unwrap_or(usize::MAX).min(cap);
            let rows: Vec<Value> = (0..count)
                .skip(start)
                .take(size)
                .map(|id| json!({"id": id.to_string()}))
                .collect();
            let mut body = json!({"startAt": start, "maxResults": size, member.as_str(): rows});
            if with_total {
                body["total"] = json!(count);
            }
            ok(body)
        })
        .mount(server)
        .await;
}

fn ids(rows: &[Value]) -> Vec<usize> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[test_case(0, true; "none")]
#[test_case(20, true; "one page")]
#[test_case(250, true; "three pages")]
#[test_case(250, false; "without a total")]
#[tokio::test]
async fn all_comments_come(count: usize, with_total: bool) {
    let server = MockServer::start().await;
    mount_children(&server, "comment", count, 100, with_total).await;
    for client in [cloud(&server.uri()), data_center(&server.uri())] {
        let comments = client.comments(10001).await.unwrap();
        assert_eq!(ids(&comments), (0..count).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn all_worklogs_come() {
    let server = MockServer::start().await;
    mount_children(&server, "worklog", 12_000, 5000, true).await;
    assert_eq!(cloud(&server.uri()).worklogs(10001).await.unwrap().len(), 12_000);
}

#[tokio::test]
async fn worklogs_of_data_center_come_at_once_or_not_at_all() {
    let server = MockServer::start().await;
    mount_children(&server, "worklog", 30, 30, true).await;
    let client = data_center(&server.uri());
    assert_eq!(client.worklogs(10001).await.unwrap().len(), 30);
    let cut = json!({"startAt": 0, "maxResults": 20, "total": 21, "worklogs": []});
    Mock::given(path("/rest/api/2/issue/2/worklog"))
        .respond_with(ok(cut))
        .mount(&server)
        .await;
    assert_eq!(client.worklogs(2).await.unwrap_err().kind(), ErrorKind::BadAnswer);
}

#[test_case(ResponseTemplate::new(502) => ErrorKind::ServerError; "a failure")]
#[test_case(ok(json!({"startAt": 99, "total": 150, "comments": []})) => ErrorKind::BadAnswer; "an empty page")]
#[test_case(ok(json!({"startAt": 0, "total": 150, "comments": [{"id": "0"}]})) => ErrorKind::BadAnswer; "another page")]
#[test_case(ok(json!({"startAt": 99, "total": 150})) => ErrorKind::BadAnswer; "no list")]
#[tokio::test]
async fn a_failed_second_page_fails_the_whole(second: ResponseTemplate) -> ErrorKind {
    let server = MockServer::start().await;
    let rows: Vec<Value> = (0..100).map(|id| json!({"id": id.to_string()})).collect();
    Mock::given(query_param("startAt", "0"))
        .respond_with(ok(json!({"startAt": 0, "total": 150, "comments": rows})))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(query_param("startAt", "99"))
        .respond_with(second)
        .mount(&server)
        .await;
    let nothing = ok(json!({"total": 150, "comments": []}));
    Mock::given(method("GET")).respond_with(nothing).mount(&server).await;
    cloud(&server.uri()).comments(10001).await.unwrap_err().kind()
}
