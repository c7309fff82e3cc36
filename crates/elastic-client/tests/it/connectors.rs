//! Connector records and the connector API.

use elastic_client::{ConnectorStatus, ElasticError, Refresh};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, ok, refusal, requests, seen};

fn document(source: Value) -> Value {
    json!({ "_index": ".elastic-connectors-v1", "_id": "c1", "_version": 3, "_seq_no": 5, "_primary_term": 2,
            "found": true, "_source": source })
}

fn absent() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({ "_id": "c1", "found": false }))
}

async fn server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

fn body(request: &wiremock::Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn a_record_is_read_by_id_with_its_version() {
    let server = server(ok(document(json!({ "status": "connected", "index_name": "jira" })))).await;
    let connector = client(&server).connectors().get("c1").await.unwrap().unwrap();
    assert_eq!(
        (connector.id.as_str(), connector.seq_no, connector.primary_term),
        ("c1", 5, 2)
    );
    assert_eq!(connector.value.status, Some(ConnectorStatus::Connected));
    assert_eq!(seen(&server).await, ["GET /.elastic-connectors/_doc/c1"]);
}

#[tokio::test]
async fn absent_deleted_and_fresh_clusters_have_no_connector() {
    let missing_index = refusal(404, "index_not_found_exception", "no such index [.elastic-connectors]");
    for response in [absent(), ok(document(json!({ "deleted": true }))), missing_index] {
        assert!(
            client(&server(response).await)
                .connectors()
                .get("c1")
                .await
                .unwrap()
                .is_none()
        );
    }
    client(&server(ResponseTemplate::new(403)).await)
        .connectors()
        .get("c1")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn the_list_is_whole_or_an_error() {
    let hit = json!({ "_index": "i", "_id": "c1", "_seq_no": 5, "_primary_term": 2, "_source": { "name": "one" } });
    let answer = |total: u64| {
        ok(json!({ "timed_out": false, "_shards": { "total": 1, "failed": 0 },
                   "hits": { "total": { "value": total, "relation": "eq" }, "hits": [hit] } }))
    };
    let server_with_one = server(answer(1)).await;
    let list = client(&server_with_one).connectors().list().await.unwrap();
    assert_eq!(list[0].value.name.as_deref(), Some("one"));
    insta::assert_json_snapshot!(body(&requests(&server_with_one).await[0])["query"], @r#"
    {
      "bool": {
        "must_not": [
          {
            "term": {
              "deleted": true
            }
          }
        ]
      }
    }
    "#);
    client(&server(answer(2)).await).connectors().list().await.unwrap_err();
    let missing = refusal(404, "index_not_found_exception", "no such index [.elastic-connectors]");
    assert!(
        client(&server(missing).await)
            .connectors()
            .list()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn creating_never_resets_a_connector_that_exists() {
    let server = server(ok(document(json!({ "name": "mine" })))).await;
    let error = client(&server)
        .connectors()
        .put(Some("c1"), &json!({}))
        .await
        .unwrap_err();
    assert!(matches!(error, ElasticError::AlreadyExists { .. }), "{error:?}");
    assert_eq!(seen(&server).await, ["GET /.elastic-connectors/_doc/c1"]);
}

#[tokio::test]
async fn creating_returns_the_id_and_notices_a_race() {
    for (result, succeeds) in [("created", true), ("updated", false)] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(absent()).mount(&server).await;
        let answer = ok(json!({ "id": "c1", "result": result }));
        Mock::given(method("PUT"))
            .and(path("/_connector/c1"))
            .respond_with(answer)
            .mount(&server)
            .await;
        let id = client(&server)
            .connectors()
            .put(Some("c1"), &json!({ "name": "n" }))
            .await;
        assert_eq!(id.ok(), succeeds.then(|| "c1".to_owned()));
    }
    let server = server(ok(json!({ "id": "generated", "result": "created" }))).await;
    assert_eq!(
        client(&server).connectors().put(None, &json!({})).await.unwrap(),
        "generated"
    );
    assert_eq!(seen(&server).await, ["POST /_connector"]);
}

#[tokio::test]
async fn configuration_values_are_stored_in_a_form_the_server_survives() {
    let server = server(ok(json!({ "result": "updated" }))).await;
    let values = json!({ "projects": ["A", "B"], "api_token": null, "concurrent_downloads": 5, "ssl_enabled": true });
    client(&server)
        .connectors()
        .update_configuration_values("c1", values.as_object().unwrap())
        .await
        .unwrap();
    assert_eq!(seen(&server).await, ["PUT /_connector/c1/_configuration"]);
    assert_eq!(
        body(&requests(&server).await[0]),
        json!({ "values": { "projects": "A,B", "api_token": "", "concurrent_downloads": 5, "ssl_enabled": true } })
    );
}

#[tokio::test]
async fn a_refused_configuration_does_not_repeat_the_password() {
    let server = server(refusal(
        400,
        "x_content_parse_exception",
        "[values] cannot parse [hunter2hunter2]",
    ))
    .await;
    let values = json!({ "password": "hunter2hunter2" });
    let connectors = client(&server).connectors();
    let error = connectors
        .update_configuration_values("c1", values.as_object().unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot parse [[redacted]]"), "{error}");
    let definition = json!({ "configuration": { "password": { "value": "hunter2hunter2", "label": "cannot" } } });
    let error = connectors
        .update_unconditionally("c1", &definition, Refresh::None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot parse [[redacted]]"), "{error}");
}

#[tokio::test]
async fn a_lone_access_control_schedule_takes_another_one_along() {
    let server = MockServer::start().await;
    let full = json!({ "enabled": true, "interval": "0 0 0 * * ?" });
    let record = document(json!({ "scheduling": { "full": full } }));
    Mock::given(method("GET")).respond_with(ok(record)).mount(&server).await;
    Mock::given(method("PUT"))
        .respond_with(ok(json!({ "result": "updated" })))
        .mount(&server)
        .await;
    let access_control = json!({ "enabled": true, "interval": "0 0 1 * * ?" });
    let scheduling = json!({ "access_control": access_control });
    client(&server)
        .connectors()
        .update_scheduling("c1", &scheduling)
        .await
        .unwrap();
    assert_eq!(
        body(&requests(&server).await[1]),
        json!({ "scheduling": { "access_control": access_control, "full": full } })
    );
}

#[tokio::test]
async fn a_conditional_update_names_the_version_it_was_read_at() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ok(document(json!({}))))
        .mount(&server)
        .await;
    let updated = ok(json!({ "result": "updated", "_seq_no": 9, "_primary_term": 2 }));
    Mock::given(method("POST"))
        .respond_with(updated)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let conflict = refusal(
        409,
        "version_conflict_engine_exception",
        "required seqNo [5], current document has seqNo [9]",
    );
    Mock::given(method("POST")).respond_with(conflict).mount(&server).await;
    let connectors = client(&server).connectors();
    let connector = connectors.get("c1").await.unwrap().unwrap();
    let doc = json!({ "last_sync_error": null });
    let updated = connectors
        .update_if_unchanged(&connector, &doc, Refresh::WaitFor)
        .await
        .unwrap();
    assert_eq!(connector.clone().at(updated).seq_no, 9);
    let error = connectors
        .update_if_unchanged(&connector, &doc, Refresh::None)
        .await
        .unwrap_err();
    assert!(matches!(error, ElasticError::VersionConflict { .. }), "{error:?}");
    let seen = seen(&server).await;
    assert_eq!(
        seen[1],
        "POST /.elastic-connectors/_update/c1?require_alias=true&refresh=wait_for&if_seq_no=5&if_primary_term=2"
    );
    assert_eq!(
        body(&requests(&server).await[1]),
        json!({ "doc": doc, "detect_noop": false })
    );
}

#[tokio::test]
async fn each_part_has_its_own_path() {
    let server = server(ok(json!({ "result": "updated", "acknowledged": true }))).await;
    let connectors = client(&server).connectors();
    let value = json!({});
    connectors.check_in("c").await.unwrap();
    connectors.update_api_key_id("c", "k").await.unwrap();
    connectors.update_pipeline("c", &value).await.unwrap();
    connectors.update_features("c", &value).await.unwrap();
    connectors.update_name("c", "n").await.unwrap();
    connectors.update_index_name("c", None).await.unwrap();
    connectors.update_filtering_draft("c", &value).await.unwrap();
    connectors.update_filtering_validation("c", &value).await.unwrap();
    connectors.activate_filtering("c").await.unwrap();
    connectors.delete("c", true).await.unwrap();
    let bodies: Vec<String> = requests(&server)
        .await
        .iter()
        .zip(seen(&server).await)
        .map(|(request, line)| format!("{line} {}", String::from_utf8_lossy(&request.body)))
        .collect();
    insta::assert_snapshot!(bodies.join("\n"), @r#"
    PUT /_connector/c/_check_in 
    PUT /_connector/c/_api_key_id {"api_key_id":"k"}
    PUT /_connector/c/_pipeline {"pipeline":{}}
    PUT /_connector/c/_features {"features":{}}
    PUT /_connector/c/_name {"name":"n"}
    PUT /_connector/c/_index_name {"index_name":null}
    PUT /_connector/c/_filtering {}
    PUT /_connector/c/_filtering/_validation {"validation":{}}
    PUT /_connector/c/_filtering/_activate 
    DELETE /_connector/c?delete_sync_jobs=true 
    "#);
}
