//! Bulk requests as they go out, and one outcome for each operation.

use std::io::Read as _;

use elastic_client::{BulkBody, BulkRequest, ElasticClient, ElasticError, ItemOutcome};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::support::{client, config, ok, refusal, requests, seen};

fn request() -> BulkRequest {
    let mut body = BulkBody::default();
    body.index("a", &json!({ "n": 1 })).unwrap();
    body.update("b", &json!({ "n": 2 })).unwrap();
    body.delete("c").unwrap();
    body.take_request("jira", Some("my pipeline"))
}

fn answer() -> Value {
    json!({ "took": 12, "errors": true, "items": [
        { "index": { "_id": "a", "status": 201, "result": "created" } },
        { "update": { "_id": "b", "status": 429, "error": { "type": "es_rejected_execution_exception", "reason": "full" } } },
        { "delete": { "_id": "c", "status": 404, "result": "not_found" } },
    ]})
}

#[tokio::test]
async fn operations_go_out_as_lines_and_come_back_as_outcomes() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(answer())).mount(&server).await;
    let response = client(&server).bulk(&request()).await.unwrap();
    let outcomes: Vec<_> = response
        .items
        .iter()
        .map(|item| (item.id.as_str(), item.outcome()))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("a", ItemOutcome::Applied),
            ("b", ItemOutcome::Retry),
            ("c", ItemOutcome::NotFound)
        ]
    );
    assert_eq!(response.took_ms, 12);

    let sent = &requests(&server).await[0];
    assert_eq!(sent.headers["content-type"], "application/x-ndjson");
    assert_eq!(sent.headers["accept"], "application/json");
    assert_eq!(sent.headers["x-elastic-product-origin"], "connectors");
    assert_eq!(sent.headers["user-agent"], "jira-connector-test");
    assert_eq!(sent.headers["authorization"], "ApiKey secret-api-key");
    assert!(!sent.headers.contains_key("content-encoding"));
    assert_eq!(
        String::from_utf8_lossy(&sent.body),
        "{\"index\":{\"_id\":\"a\"}}\n{\"n\":1}\n{\"update\":{\"_id\":\"b\"}}\n{\"doc\":{\"n\":2}}\n{\"delete\":{\"_id\":\"c\"}}\n"
    );
    assert!(seen(&server).await[0].starts_with("POST /jira/_bulk?filter_path="));
    assert!(seen(&server).await[0].ends_with("&pipeline=my+pipeline"));
}

#[tokio::test]
async fn an_answer_with_too_few_results_is_an_error() {
    let server = MockServer::start().await;
    let mut short = answer();
    short["items"].as_array_mut().unwrap().pop();
    Mock::given(any()).respond_with(ok(short)).mount(&server).await;
    let error = client(&server).bulk(&request()).await.unwrap_err();
    assert!(matches!(error, ElasticError::BadAnswer { .. }), "{error:?}");
    assert!(
        error.to_string().contains("3 operations were sent, 2 results came"),
        "{error}"
    );
}

#[tokio::test]
async fn a_busy_cluster_gets_the_same_body_again_unless_it_must_not() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(refusal(429, "x", "busy"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(ok(answer())).mount(&server).await;
    let client = client(&server);
    let error = client.bulk_once(&request()).await.unwrap_err();
    assert!(matches!(error, ElasticError::TooManyRequests { .. }), "{error:?}");
    assert_eq!(seen(&server).await.len(), 1);
    client.bulk(&request()).await.unwrap();
    let sent = requests(&server).await;
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[1].body, sent[2].body);
}

#[tokio::test]
async fn nothing_to_do_is_not_sent() {
    let server = MockServer::start().await;
    let empty = BulkBody::default().take_request("jira", None);
    assert!(client(&server).bulk(&empty).await.unwrap().items.is_empty());
    assert!(seen(&server).await.is_empty());
}

fn joined(request: &BulkRequest) -> Vec<u8> {
    request.body.pieces().flat_map(|piece| piece.to_vec()).collect()
}

#[test_case::test_case(false; "as it is")]
#[test_case::test_case(true; "compressed")]
#[tokio::test]
async fn a_document_of_many_megabytes_goes_out_whole_and_with_its_length(compress: bool) {
    let server = MockServer::start().await;
    let items = json!([{ "index": { "_id": "a", "status": 201, "result": "created" } },
                       { "index": { "_id": "b", "status": 201, "result": "created" } }]);
    Mock::given(any())
        .respond_with(ok(json!({ "took": 1, "items": items })))
        .mount(&server)
        .await;
    let large = bytes::Bytes::from(format!("{{\"file\":\"{}\"}}", "QUJD".repeat(1024 * 1024)));
    let mut body = BulkBody::default();
    body.index_json("a", &large).unwrap();
    body.index_json("b", &bytes::Bytes::from_static(b"{}")).unwrap();
    let request = body.take_request("jira", None);
    assert_eq!(request.body.pieces().count(), 3);
    let mut config = config(&server.uri());
    config.compress = compress;
    ElasticClient::new(config).unwrap().bulk(&request).await.unwrap();
    let sent = &requests(&server).await[0];
    assert_eq!(sent.headers["content-length"], sent.body.len().to_string());
    let mut received = Vec::new();
    if compress {
        flate2::read::GzDecoder::new(&sent.body[..])
            .read_to_end(&mut received)
            .unwrap();
    } else {
        received.clone_from(&sent.body);
    }
    assert!(received == joined(&request));
}

#[tokio::test]
async fn large_bodies_are_compressed_when_asked_for() {
    for operations in [20, 5_000] {
        let server = MockServer::start().await;
        let items: Vec<Value> = (0..operations)
            .map(|_| json!({ "index": { "_id": "x", "status": 200, "result": "updated" } }))
            .collect();
        Mock::given(any())
            .respond_with(ok(json!({ "took": 1, "items": items })))
            .mount(&server)
            .await;
        let mut config = config(&server.uri());
        config.compress = true;
        let mut body = BulkBody::default();
        for number in 0..operations {
            body.index(
                &number.to_string(),
                &json!({ "summary": "the same words in every issue" }),
            )
            .unwrap();
        }
        let request = body.take_request("jira", None);
        let plain = joined(&request);
        ElasticClient::new(config).unwrap().bulk(&request).await.unwrap();
        let sent = &requests(&server).await[0];
        assert_eq!(sent.headers["content-encoding"], "gzip");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&sent.body[..])
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);
    }
}
