//! Index management.

use elastic_client::ElasticError;
use serde_json::json;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, ok, refusal, seen};

#[tokio::test]
async fn an_index_that_exists_is_told_from_one_that_was_created() {
    let cases = [
        (ok(json!({ "acknowledged": true })), true),
        (
            refusal(
                400,
                "resource_already_exists_exception",
                "index [jira/x] already exists",
            ),
            false,
        ),
        (
            refusal(
                400,
                "invalid_index_name_exception",
                "Invalid index name [jira], already exists as alias",
            ),
            false,
        ),
    ];
    for (response, created) in cases {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(response).mount(&server).await;
        assert_eq!(
            client(&server).indices().create("jira", &json!({})).await.unwrap(),
            created
        );
    }
    let server = MockServer::start().await;
    let bad_name = refusal(
        400,
        "invalid_index_name_exception",
        "Invalid index name [Jira], must be lowercase",
    );
    Mock::given(any()).respond_with(bad_name).mount(&server).await;
    client(&server).indices().create("Jira", &json!({})).await.unwrap_err();
}

#[tokio::test]
async fn existence_is_never_guessed() {
    for (status, expected) in [(200, Some(true)), (404, Some(false)), (403, None), (503, None)] {
        let server = MockServer::start().await;
        Mock::given(method("HEAD"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        assert_eq!(
            client(&server).indices().exists("jira").await.ok(),
            expected,
            "{status}"
        );
    }
}

#[tokio::test]
async fn connector_indices_are_created_under_their_concrete_names_only() {
    let server = MockServer::start().await;
    Mock::given(method("HEAD"))
        .and(path("/.elastic-connectors-v1"))
        .respond_with(ok(json!({})))
        .mount(&server)
        .await;
    Mock::given(method("HEAD"))
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .respond_with(ok(json!({ "acknowledged": true })))
        .mount(&server)
        .await;
    client(&server).indices().ensure_connector_indices().await.unwrap();
    assert_eq!(
        seen(&server).await,
        [
            "HEAD /.elastic-connectors-v1",
            "HEAD /.elastic-connectors-sync-jobs-v1",
            "PUT /.elastic-connectors-sync-jobs-v1",
        ]
    );
}

#[tokio::test]
async fn the_mapping_of_an_alias_is_that_of_its_index() {
    let server = MockServer::start().await;
    let one = json!({ "jira-000001": { "mappings": { "properties": { "id": { "type": "keyword" } } } } });
    Mock::given(path("/jira/_mapping"))
        .respond_with(ok(one))
        .mount(&server)
        .await;
    let two = json!({ "a": { "mappings": {} }, "b": { "mappings": {} } });
    Mock::given(path("/both/_mapping"))
        .respond_with(ok(two))
        .mount(&server)
        .await;
    let indices = client(&server).indices();
    assert_eq!(
        indices.get_mapping("jira").await.unwrap()["properties"]["id"]["type"],
        "keyword"
    );
    indices.get_mapping("both").await.unwrap_err();
}

#[tokio::test]
async fn a_count_without_all_shards_is_an_error() {
    let server = MockServer::start().await;
    let body = json!({ "count": 7, "_shards": { "total": 2, "successful": 1, "skipped": 0, "failed": 1 } });
    Mock::given(any()).respond_with(ok(body)).mount(&server).await;
    let error = client(&server).indices().count("jira", None).await.unwrap_err();
    assert!(matches!(error, ElasticError::PartialAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn deleting_says_whether_there_was_something() {
    let server = MockServer::start().await;
    let missing = refusal(404, "index_not_found_exception", "no such index [gone]");
    Mock::given(path("/gone")).respond_with(missing).mount(&server).await;
    Mock::given(path("/jira"))
        .respond_with(ok(json!({ "acknowledged": true })))
        .mount(&server)
        .await;
    let indices = client(&server).indices();
    assert!(indices.delete("jira").await.unwrap());
    assert!(!indices.delete("gone").await.unwrap());
}
