//! Fetching issues by id: each one read, failed or absent, whatever the answer looks like.
//!
//! A property test of the sorting stands beside its code.

use jira_client::{Edition, ErrorKind, JiraClient};
use serde_json::{Value, json};
use test_case::test_case;
use wiremock::matchers::{body_json, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fake_jira::{cloud, config, data_center, ok};

const BULK: &str = "/rest/api/2/issue/bulkfetch";

fn issue(id: u64) -> Value {
    json!({"id": id.to_string(), "key": format!("A-{id}"), "fields": {"summary": "Text", "customfield_1": null}})
}

fn asked_ids(request: &Request) -> Vec<u64> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["issueIdsOrKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn every_issue_is_read_failed_or_absent() {
    let server = MockServer::start().await;
    let answer = json!({
        "issues": [issue(1), {"id": 4, "key": "MOVED-4", "fields": {}}, {"id": "5", "key": "A-5"}, issue(99)],
        "issueErrors": [{"id": "2", "errorMessage": "payload too large"}],
    });
    Mock::given(path(BULK))
        .and(body_json(
            json!({"issueIdsOrKeys": ["1", "2", "3", "4", "5"], "fields": ["*all"]}),
        ))
        .respond_with(ok(answer))
        .mount(&server)
        .await;
    let fetched = cloud(&server.uri())
        .fetch_issues(&[5, 4, 3, 2, 1, 1], &["*all"])
        .await
        .unwrap();
    let read: Vec<_> = fetched
        .issues
        .iter()
        .map(|issue| (issue.id, issue.key.as_str()))
        .collect();
    assert_eq!(read, [(1, "A-1"), (4, "MOVED-4")]);
    assert_eq!(fetched.failed[0], (2, "payload too large".to_owned()));
    assert_eq!(fetched.failed[1].0, 5);
    assert_eq!(fetched.absent, [3]);
    assert_eq!(fetched.issues[0].fields["summary"], "Text");
}

#[tokio::test]
async fn an_error_without_readable_id_makes_nothing_absent() {
    let server = MockServer::start().await;
    let answer = json!({"issues": [issue(1)], "issueErrors": [{"id": "A-2", "errorMessage": "later"}]});
    Mock::given(path(BULK)).respond_with(ok(answer)).mount(&server).await;
    let fetched = cloud(&server.uri()).fetch_issues(&[1, 2], &[]).await.unwrap();
    assert_eq!(
        (fetched.issues.len(), fetched.failed.len(), fetched.absent.len()),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_broken_batch_is_halved_until_the_culprit_is_alone() {
    let server = MockServer::start().await;
    Mock::given(path(BULK))
        .respond_with(|request: &Request| {
            let ids = asked_ids(request);
            let mut body = json!({"issues": ids.iter().copied().map(issue).collect::<Vec<_>>()}).to_string();
            if ids.contains(&7) {
                body.truncate(body.len() / 2);
            }
            ResponseTemplate::new(200).set_body_raw(body, "application/json")
        })
        .mount(&server)
        .await;
    let ids: Vec<u64> = (1..=100).collect();
    let fetched = cloud(&server.uri()).fetch_issues(&ids, &["*all"]).await.unwrap();
    assert_eq!(fetched.issues.len(), 99);
    assert_eq!(fetched.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [7]);
    assert!(fetched.failed[0].1.contains("cut off"), "{}", fetched.failed[0].1);
    let requests = server.received_requests().await.unwrap().len();
    assert!(requests <= 20, "{requests} requests");
}

#[tokio::test]
async fn when_everything_is_broken_it_is_not_the_issues_fault() {
    let server = MockServer::start().await;
    let broken = ResponseTemplate::new(200).set_body_raw("{\"issues\":[", "application/json");
    Mock::given(path(BULK)).respond_with(broken).mount(&server).await;
    let error = cloud(&server.uri()).fetch_issues(&[1, 2, 3], &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[tokio::test]
async fn other_failures_are_not_taken_for_broken_answers() {
    let server = MockServer::start().await;
    Mock::given(path(BULK))
        .respond_with(ResponseTemplate::new(401))
        .expect(1)
        .mount(&server)
        .await;
    let error = cloud(&server.uri()).fetch_issues(&[1, 2, 3], &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn sizes_are_checked_before_anything_is_sent() {
    let server = MockServer::start().await;
    let client = cloud(&server.uri());
    let ids: Vec<u64> = (0..101).collect();
    assert_eq!(
        client.fetch_issues(&ids, &[]).await.unwrap_err().kind(),
        ErrorKind::TooManyIds
    );
    assert_eq!(
        client.fetch_issues(&[], &[]).await.unwrap(),
        jira_client::FetchedIssues::default()
    );
    assert_eq!(client.stats().requests, 0);
}

async fn data_center_with(found: &[u64], total: u64) -> MockServer {
    let server = MockServer::start().await;
    let issues: Vec<Value> = found.iter().copied().map(issue).collect();
    Mock::given(method("POST"))
        .and(path("/rest/api/2/search"))
        .and(body_json(
            json!({"jql": "id in (1,2,3,4,5) ORDER BY created, key", "startAt": 0, "maxResults": 100,
            "fields": ["summary", "comment"], "validateQuery": false}),
        ))
        .respond_with(
            ok(json!({"startAt": 0, "maxResults": 100, "total": total, "issues": issues}))
                .insert_header("X-AUSERNAME", "robot"),
        )
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn data_center_asks_for_what_the_search_does_not_give() {
    let server = data_center_with(&[2, 1], 2).await;
    let envelope = json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}});
    let answers = [
        (3, ok(issue(3))),
        (4, ResponseTemplate::new(404).set_body_json(&envelope)),
        (5, ResponseTemplate::new(403).set_body_json(&envelope)),
    ];
    for (id, answer) in answers {
        let single = format!("/rest/api/2/issue/{id}");
        Mock::given(path(single))
            .respond_with(answer)
            .expect(1)
            .mount(&server)
            .await;
    }
    let client = data_center(&server.uri());
    let fetched = client
        .fetch_issues(&[1, 2, 3, 4, 5], &["summary", "comment"])
        .await
        .unwrap();
    assert_eq!(
        fetched.issues.iter().map(|issue| issue.id).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert_eq!(fetched.absent, [4]);
    assert_eq!(fetched.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [5]);
}

/// Some versions tell with a 403 that an issue is there and hidden. Only one that names the account proves it.
#[test_case(json_answer(403, "X-AUSERNAME", "robot") => Some(true); "the account that logged in")]
#[test_case(json_answer(403, "X-Other", "robot") => Some(false); "nobody named")]
#[test_case(json_answer(403, "X-AUSERNAME", "somebody") => Some(false); "somebody else")]
#[test_case(json_answer(403, "X-AUSERNAME", "anonymous") => None; "nobody")]
#[test_case(json_answer(403, "X-AUSERNAME", "robot").insert_header("X-Seraph-LoginReason", "AUTHENTICATION_DENIED") => Some(false); "a captcha")]
#[test_case(ResponseTemplate::new(403).insert_header("X-AUSERNAME", "robot").set_body_raw("<p>blocked", "text/html") => Some(false); "a page")]
#[tokio::test]
async fn an_issue_that_is_hidden(answer: ResponseTemplate) -> Option<bool> {
    let server = data_center_with(&[1, 2, 3, 4], 4).await;
    let robot = json!({"name": "robot", "key": "JIRAUSER1", "displayName": "Robot"});
    Mock::given(path("/rest/api/2/myself"))
        .respond_with(ok(robot).insert_header("X-AUSERNAME", "robot"))
        .mount(&server)
        .await;
    Mock::given(path("/rest/api/2/issue/5"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = data_center(&server.uri());
    client.myself().await.unwrap();
    match client.fetch_issues(&[1, 2, 3, 4, 5], &["summary", "comment"]).await {
        Ok(fetched) => {
            assert_eq!(fetched.absent.len() + fetched.failed.len(), 1, "{fetched:?}");
            Some(fetched.absent == [5])
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotAuthenticated);
            None
        }
    }
}

fn json_answer(status: u16, header: &'static str, value: &'static str) -> ResponseTemplate {
    let body = json!({"errorMessages": ["You do not have the permission to see the specified issue."], "errors": {}});
    ResponseTemplate::new(status)
        .set_body_json(body)
        .insert_header(header, value)
}

#[tokio::test]
async fn an_issue_that_cannot_be_asked_for_is_not_absent() {
    let server = data_center_with(&[1, 2, 3, 4], 4).await;
    Mock::given(path("/rest/api/2/issue/5"))
        .respond_with(ResponseTemplate::new(502))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::Server);
    config.retries = 1;
    let client = JiraClient::new(config).unwrap();
    let error = client
        .fetch_issues(&[1, 2, 3, 4, 5], &["summary", "comment"])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ServerError);
}
