//! Searches and reads by id: complete or an error.

use elastic_client::ElasticError;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, ok, refusal, seen};

fn found() -> Value {
    json!({
        "took": 1, "timed_out": false, "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 },
        "hits": { "total": { "value": 10000, "relation": "gte" }, "max_score": null, "hits": [
            { "_index": "jira", "_id": "a", "_seq_no": 4, "_primary_term": 1, "_source": { "n": 1 }, "sort": [1, "x"] },
        ]},
        "aggregations": { "by_type": { "value": 3 } },
    })
}

async fn server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

#[tokio::test]
async fn hits_carry_their_version() {
    let server = server(ok(found())).await;
    let response = client(&server).search("jira", &json!({ "size": 1 })).await.unwrap();
    let hit = &response.hits[0];
    assert_eq!(
        (hit.id.as_str(), hit.seq_no, hit.primary_term, &hit.source),
        ("a", 4, 1, &json!({ "n": 1 }))
    );
    assert_eq!(hit.sort, [json!(1), json!("x")]);
    assert_eq!((response.total, response.total_is_exact), (Some(10000), false));
    assert_eq!(response.aggregations["by_type"]["value"], 3);
    assert_eq!(
        seen(&server).await,
        ["POST /jira/_search?allow_partial_search_results=false&seq_no_primary_term=true"]
    );
}

#[tokio::test]
async fn a_search_that_missed_something_is_an_error() {
    for (pointer, value) in [
        ("timed_out", json!(true)),
        ("_shards", json!({ "total": 2, "failed": 1 })),
    ] {
        let mut body = found();
        body[pointer] = value;
        let server = server(ok(body)).await;
        let error = client(&server).search("jira", &json!({})).await.unwrap_err();
        assert!(matches!(error, ElasticError::PartialAnswer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_document_is_missing_only_when_elasticsearch_says_so() {
    let absent = ResponseTemplate::new(404).set_body_json(json!({ "_index": "jira", "_id": "a", "found": false }));
    assert_eq!(
        client(&server(absent).await).get_document("jira", "a").await.unwrap(),
        None
    );
    for response in [
        refusal(404, "index_not_found_exception", "no such index [jira]"),
        ResponseTemplate::new(404).set_body_raw("<html>not here</html>", "text/html"),
        ResponseTemplate::new(404).set_body_json(json!({ "message": "no route" })),
        ResponseTemplate::new(404),
    ] {
        client(&server(response).await)
            .get_document("jira", "a")
            .await
            .unwrap_err();
    }
}

#[tokio::test]
async fn many_documents_come_in_the_order_asked_for() {
    let body = json!({ "docs": [{ "found": true, "_source": { "n": 1 } }, { "found": false }] });
    let server = server(ok(body)).await;
    let client = client(&server);
    let documents = client.get_documents("jira", &["a", "b"], &["n"]).await.unwrap();
    assert_eq!(documents, [Some(json!({ "n": 1 })), None]);
    client
        .get_documents("jira", &["a", "b", "c"], &["n"])
        .await
        .unwrap_err();
    assert_eq!(
        client.get_documents("jira", &[], &[]).await.unwrap(),
        Vec::<Option<Value>>::new()
    );
}

#[tokio::test]
async fn an_error_for_one_of_many_documents_is_not_an_absent_document() {
    let body = json!({ "docs": [{ "error": { "type": "index_not_found_exception", "reason": "no such index" } }] });
    let server = server(ok(body)).await;
    client(&server).get_documents("jira", &["a"], &["n"]).await.unwrap_err();
}
