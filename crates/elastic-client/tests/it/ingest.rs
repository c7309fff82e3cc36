//! What a pipeline makes of a document: asked without writing, and read in all forms that Elasticsearch answers with.

use bytes::Bytes;
use elastic_client::Simulated;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use test_case::test_case;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer};

use crate::support::{client, ok, seen};

#[test_case(json!({}), None, json!({}); "nothing of what was asked for, or dropped by the pipeline")]
#[test_case(json!({"docs": [{"doc": {"_source": {"note": ["no"]}}}]}), None, json!({"note": ["no"]}); "a field")]
#[test_case(json!({"docs": [{"doc": {"error": {"type": "illegal_argument_exception", "reason": "no such pipeline"}}}]}),
            Some("no such pipeline"), json!({}); "refused")]
#[tokio::test]
async fn what_would_become_of_a_document(answer: Value, refused: Option<&str>, source: Value) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(answer)).mount(&server).await;
    let document = Bytes::from_static(b"{\"title\":\"a\"}");
    let client = client(&server);
    let simulated = client.simulate_ingest("jira", Some("search"), "A \"1\"", &document, &["note"]);
    let refused = refused.map(str::to_owned);
    assert_eq!(simulated.await.unwrap(), Simulated { refused, source });
    assert_eq!(
        seen(&server).await,
        ["POST /_ingest/jira/_simulate?filter_path=docs.doc.error%2Cdocs.doc._source.note&pipeline=search"]
    );
    let sent: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!(sent, json!({"docs": [{"_id": "A \"1\"", "_source": {"title": "a"}}]}));
}
