//! A scan returns everything or an error, never something in between.

use elastic_client::{ElasticError, ScanNext};
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, eventually, ok, refusal, requests, seen};

const SHARDS: fn(u64) -> Value = |failed| json!({ "total": 2, "failed": failed });

fn page(ids: &[u64], total: Option<u64>) -> Value {
    let hits: Vec<Value> = ids
        .iter()
        .map(|id| json!({ "_id": format!("doc-{id}"), "_source": { "id": id }, "sort": [id] }))
        .collect();
    let mut body = json!({ "pit_id": "pit-2", "timed_out": false, "_shards": SHARDS(0) });
    if let Some(total) = total {
        body["hits"]["total"]["value"] = json!(total);
    }
    if !hits.is_empty() {
        body["hits"]["hits"] = json!(hits);
    }
    body
}

async fn server_with_point_in_time() -> MockServer {
    let server = MockServer::start().await;
    let opened = ok(json!({ "id": "pit-1" }));
    Mock::given(method("POST"))
        .and(path("/jira/_pit"))
        .respond_with(opened)
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .and(path("/_pit"))
        .respond_with(ok(json!({ "succeeded": true })))
        .mount(&server)
        .await;
    server
}

async fn answer_search(server: &MockServer, response: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path("/_search"))
        .respond_with(response)
        .up_to_n_times(1)
        .mount(server)
        .await;
}

async fn closed_points_in_time(server: &MockServer) -> Vec<Value> {
    let requests = requests(server).await;
    let closing = requests.iter().filter(|request| request.method.as_str() == "DELETE");
    closing
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_until_the_empty_one() {
    let server = server_with_point_in_time().await;
    answer_search(&server, ok(page(&[1, 2], Some(3)))).await;
    Mock::given(body_partial_json(
        json!({ "search_after": [2], "pit": { "id": "pit-2" } }),
    ))
    .respond_with(ok(page(&[3], None)))
    .up_to_n_times(1)
    .mount(&server)
    .await;
    answer_search(&server, ok(page(&[], None))).await;

    let mut scan = client(&server).scan("jira", &["id", "_timestamp"], Some(json!({ "match_all": {} })));
    let mut ids = Vec::new();
    let rows = loop {
        match scan.next_page().await.unwrap() {
            ScanNext::Page(documents) => ids.extend(documents.into_iter().map(|document| document.id)),
            ScanNext::End { rows } => break rows,
        }
    };
    assert_eq!(
        (rows, ids),
        (3, vec!["doc-1".to_owned(), "doc-2".to_owned(), "doc-3".to_owned()])
    );
    assert_eq!(closed_points_in_time(&server).await, [json!({ "id": "pit-2" })]);

    let first: Value = serde_json::from_slice(&requests(&server).await[1].body).unwrap();
    insta::assert_json_snapshot!(first, @r#"
    {
      "_source": [
        "id",
        "_timestamp"
      ],
      "pit": {
        "id": "pit-1",
        "keep_alive": "10m"
      },
      "query": {
        "match_all": {}
      },
      "size": 2000,
      "sort": [
        "_shard_doc"
      ],
      "track_total_hits": true
    }
    "#);
    assert!(seen(&server).await[1].contains("allow_partial_search_results=false"));
}

#[tokio::test]
async fn an_empty_index_ends_at_once_and_stays_ended() {
    let server = server_with_point_in_time().await;
    answer_search(&server, ok(page(&[], Some(0)))).await;
    let mut scan = client(&server).scan("jira", &[], None);
    for _ in 0..2 {
        assert!(matches!(scan.next_page().await.unwrap(), ScanNext::End { rows: 0 }));
    }
}

#[tokio::test]
async fn whatever_is_incomplete_is_an_error_and_stays_one() {
    let mut timed_out = page(&[2], None);
    timed_out["timed_out"] = json!(true);
    let mut failed_shard = page(&[2], None);
    failed_shard["_shards"] = SHARDS(1);
    let mut silent_about_shards = page(&[], None);
    silent_about_shards.as_object_mut().unwrap().remove("_shards");
    let second_answers = [
        ("timed out", ok(timed_out)),
        ("failed shard", ok(failed_shard)),
        ("silent about shards", ok(silent_about_shards)),
        ("fewer rows than announced", ok(page(&[], None))),
        (
            "expired",
            refusal(404, "search_context_missing_exception", "No search context found"),
        ),
        (
            "cut off",
            ResponseTemplate::new(200).set_body_raw("{\"hits\"", "application/json"),
        ),
    ];
    for (name, second) in second_answers {
        let server = server_with_point_in_time().await;
        answer_search(&server, ok(page(&[1], Some(5)))).await;
        answer_search(&server, second).await;
        let mut scan = client(&server).scan("jira", &["id"], None);
        assert!(matches!(scan.next_page().await, Ok(ScanNext::Page(_))), "{name}");
        scan.next_page().await.expect_err(name);
        let sent = seen(&server)
            .await
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count();
        let again = scan.next_page().await.expect_err(name);
        assert!(matches!(again, ElasticError::PartialAnswer { .. }), "{name}: {again:?}");
        let sent_after = seen(&server)
            .await
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count();
        assert_eq!(sent, sent_after, "{name}: a poisoned scan asks no more");
        eventually("closing", || async { closed_points_in_time(&server).await.len() == 1 }).await;
    }
}

#[tokio::test]
async fn an_abandoned_scan_closes_its_point_in_time() {
    let server = server_with_point_in_time().await;
    answer_search(&server, ok(page(&[1], Some(5)))).await;
    let mut scan = client(&server).scan("jira", &["id"], None);
    scan.next_page().await.unwrap();
    drop(scan);
    eventually("closing", || async { closed_points_in_time(&server).await.len() == 1 }).await;
}

#[tokio::test]
async fn a_missing_index_is_not_an_empty_one() {
    let server = MockServer::start().await;
    let missing = refusal(404, "index_not_found_exception", "no such index [jira]");
    Mock::given(path("/jira/_pit"))
        .respond_with(missing)
        .mount(&server)
        .await;
    let error = client(&server).scan("jira", &[], None).next_page().await.unwrap_err();
    assert!(matches!(error, ElasticError::NotFound { .. }), "{error:?}");
}
