//! The single questions: server, fields, one project, counts, reconciled search.
//!
//! Requests are compared as Jira would see them.

use jira_client::{Edition, ErrorKind, JiraClient, parse_timestamp};
use serde_json::json;
use test_case::test_case;
use wiremock::matchers::{body_json, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{cloud, config, data_center, html, ok};

#[tokio::test]
async fn requests_say_what_they_accept_and_who_asks() {
    let server = MockServer::start().await;
    Mock::given(header("accept", "application/json"))
        .and(header_exists("authorization"))
        .and(header_exists("user-agent"))
        .and(|request: &wiremock::Request| !request.headers.contains_key("content-type"))
        .respond_with(ok(json!([])))
        .expect(1)
        .mount(&server)
        .await;
    assert!(cloud(&server.uri()).fields().await.unwrap().is_empty());
}

#[test_case("/jira"; "without slash")]
#[test_case("/jira/"; "with slash")]
#[tokio::test]
async fn the_context_path_is_kept(context: &'static str) {
    let server = MockServer::start().await;
    Mock::given(path("/jira/rest/api/2/serverInfo"))
        .respond_with(ok(
            json!({"baseUrl": "https://jira.example.com/jira", "version": "10.3.2",
            "versionNumbers": [10, 3, 2], "serverTime": "2026-11-01T10:00:00.000+0530"}),
        ))
        .mount(&server)
        .await;
    let info = data_center(&format!("{}{context}", server.uri()))
        .server_info()
        .await
        .unwrap();
    assert_eq!(info.version_numbers, [10, 3, 2]);
    assert_eq!(info.deployment, None);
    assert_eq!(info.server_time, parse_timestamp("2026-11-01T04:30:00.000Z"));
}

#[tokio::test]
async fn the_date_header_stands_in_for_a_missing_server_time() {
    let server = MockServer::start().await;
    let answer = ok(json!({"baseUrl": "https://a.atlassian.net", "version": "1001", "deploymentType": "Cloud"}));
    Mock::given(method("GET"))
        .respond_with(answer.insert_header("date", "Sun, 01 Nov 2026 04:30:00 GMT"))
        .mount(&server)
        .await;
    let info = cloud(&server.uri()).server_info().await.unwrap();
    assert_eq!(info.server_time, parse_timestamp("2026-11-01T04:30:00.000Z"));
}

#[tokio::test]
async fn fields_may_lack_most_members() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/2/field"))
        .respond_with(ok(json!([
            {"id": "customfield_1", "name": "Team", "custom": true, "schema": {"type": "array", "items": "string",
             "custom": "com.example:team", "customId": 1}, "scope": {"type": "PROJECT"}},
            {"id": "parent", "name": "Parent", "custom": false},
            {"id": "customfield_2"},
        ])))
        .mount(&server)
        .await;
    let fields = cloud(&server.uri()).fields().await.unwrap();
    assert_eq!(
        fields[0].schema.as_ref().unwrap().custom.as_deref(),
        Some("com.example:team")
    );
    assert_eq!(fields[1].schema, None);
    assert_eq!((fields[2].custom, fields[2].name.as_str()), (true, "customfield_2"));
}

#[tokio::test]
async fn a_project_with_numbers_as_strings_or_the_reverse_is_read() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/2/project/A%20B"))
        .and(query_param("expand", "description,lead,url"))
        .respond_with(ok(
            json!({"id": 10000, "key": "AB", "name": 7, "lead": {"accountId": "1"}}),
        ))
        .mount(&server)
        .await;
    let project = cloud(&server.uri()).project("A B").await.unwrap().unwrap();
    assert_eq!((project.id, project.name.as_str()), (10000, "7"));
    assert_eq!(project.raw["lead"]["accountId"], "1");
}

#[test_case("application/problem+json", r#"{"type":"about:blank","title":"Not Found","detail":"No endpoint GET"}"#; "unknown route")]
#[test_case("application/json", r#"{"status":404,"error":"Not Found"}"#; "a gateway")]
#[test_case("text/html", "<html>dead link</html>"; "a web server")]
#[tokio::test]
async fn a_404_that_jira_did_not_write_does_not_mean_that_a_project_is_gone(mime: &'static str, body: &'static str) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(404).set_body_raw(body, mime))
        .mount(&server)
        .await;
    let error = cloud(&server.uri()).project("A").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn counts_come_from_the_resource_of_the_edition() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/3/search/approximate-count"))
        .and(body_json(json!({"jql": "project = A"})))
        .respond_with(ok(json!({"count": 153})))
        .mount(&server)
        .await;
    Mock::given(path("/rest/api/2/search"))
        .respond_with(ok(json!({"startAt": 0, "maxResults": 0, "total": "12", "issues": []})))
        .mount(&server)
        .await;
    assert_eq!(
        cloud(&server.uri()).approximate_count("project = A").await.unwrap(),
        153
    );
    assert_eq!(
        data_center(&server.uri())
            .approximate_count("project = A")
            .await
            .unwrap(),
        12
    );
}

#[tokio::test]
async fn reconciled_search_names_the_ids_in_the_query_and_beside_it() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/3/search/jql"))
        .and(body_json(
            json!({"jql": "(project = A OR project = B) AND id in (1,2)", "maxResults": 50,
            "fields": ["updated"], "reconcileIssues": [1, 2]}),
        ))
        .respond_with(ok(json!({"issues": [{"id": "2"}], "isLast": true})))
        .mount(&server)
        .await;
    let client = cloud(&server.uri());
    let found = client
        .search_reconciled("project = A OR project = B", &[1, 2])
        .await
        .unwrap();
    assert_eq!(found.iter().map(|head| head.id).collect::<Vec<_>>(), [2]);
    assert!(client.search_reconciled("project = A", &[]).await.unwrap().is_empty());
    let too_many: Vec<u64> = (0..51).collect();
    assert_eq!(
        client.search_reconciled("", &too_many).await.unwrap_err().kind(),
        ErrorKind::TooManyIds
    );
}

#[test_case("ftp://jira.example.com/", "jira_url"; "scheme")]
#[test_case("https://robot:pw@jira.example.com/", "jira_url"; "password in the address")]
fn addresses_that_cannot_work_are_named(address: &str, setting: &str) {
    let error = JiraClient::new(config(address, Edition::Cloud)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains(setting) && !error.to_string().contains("pw@"),
        "{error}"
    );
}

#[tokio::test]
async fn cloud_judges_queries_in_one_request_and_answers_are_told_apart_by_their_text() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/3/jql/parse"))
        .and(query_param("validation", "strict"))
        .and(body_json(json!({"queries": ["a = 1", "project = AB"]})))
        .respond_with(ok(json!({"queries": [
            {"query": "project = AB", "structure": {}, "warnings": ["odd"]},
            {"query": "a = 1", "errors": ["Field 'a' does not exist."]},
        ]})))
        .expect(1)
        .mount(&server)
        .await;
    let verdicts = cloud(&server.uri())
        .check_jql(&["a = 1", "project = AB"])
        .await
        .unwrap();
    assert_eq!(verdicts[0].errors, ["Field 'a' does not exist."]);
    assert_eq!((verdicts[1].errors.len(), verdicts[1].warnings.len()), (0, 1));
}

#[tokio::test]
async fn data_center_judges_a_query_by_searching_for_no_rows() {
    let server = MockServer::start().await;
    Mock::given(body_json(
        json!({"jql": "a = 1", "startAt": 0, "maxResults": 0, "fields": ["id"], "validateQuery": true}),
    ))
    .respond_with(ResponseTemplate::new(400).set_body_json(json!({"errorMessages": ["Field 'a' does not exist."]})))
    .mount(&server)
    .await;
    let verdicts = data_center(&server.uri()).check_jql(&["a = 1"]).await.unwrap();
    assert_eq!(verdicts[0].errors, ["Field 'a' does not exist."]);
    // What is not about the query is no verdict on it.
    let failed = data_center(&server.uri()).check_jql(&["b = 1"]).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NotFound);
}

/// A gateway that lets nobody write refuses the search by POST as well.
#[tokio::test]
async fn a_server_that_takes_no_searches_by_post_is_searched_by_get() {
    let server = MockServer::start().await;
    let place = path("/rest/api/2/search");
    Mock::given(method("POST"))
        .and(place)
        .respond_with(html(405, ""))
        .expect(1)
        .mount(&server)
        .await;
    let asked = query_param("jql", "project in (\"A\", \"B\")");
    Mock::given(method("GET"))
        .and(path("/rest/api/2/search"))
        .and(asked)
        .and(query_param("validateQuery", "true"))
        .and(query_param("fields", "id"))
        .respond_with(ok(json!({"total": 7, "issues": []})))
        .expect(2)
        .mount(&server)
        .await;
    let client = data_center(&server.uri());
    for _ in 0..2 {
        let count = client.approximate_count("project in (\"A\", \"B\")").await.unwrap();
        assert_eq!(count, 7);
    }
}
