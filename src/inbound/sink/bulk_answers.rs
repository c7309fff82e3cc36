//! Tests of the sink against a wire that answers bulk requests in every way Elasticsearch does.
//!
//! The functional tests ask a real node with real documents.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use elastic_client::{Credentials, ElasticClient, ElasticConfig, RetryPolicy};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sync_engine::sync::{DocumentId, Flushed, Operation, Progress, Sink, SinkError, Unfenced};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{BatchLimits, IndexSink, SinkOptions, Target};
use crate::config::ErrorMonitorConfig;

const MIB: usize = 1024 * 1024;

/// A wire, and the ids of every bulk request that came over it.
struct Wire {
    server: MockServer,
    requests: Arc<Mutex<Vec<Sent>>>,
}

/// The documents of one request, by their ids.
type Sent = Vec<(String, Value)>;

/// Decides the fate of a document by how often it came before.
type Answer = fn(&str, &Value, usize) -> Value;

/// A client that reaches this server, and gives up soon.
pub(super) fn client_of(server: &MockServer) -> ElasticClient {
    let config = ElasticConfig {
        host: server.uri().parse().unwrap(),
        credentials: Credentials::ApiKey("key".into()),
        verify_certs: true,
        ca_certs: None,
        headers: Vec::new(),
        request_timeout: Duration::from_secs(10),
        max_retries: 1,
        retry_interval: Duration::from_millis(1),
        retry_on_timeout: true,
        compress: false,
        user_agent: "jira-connector-test".to_owned(),
    };
    ElasticClient::new(config).unwrap()
}

/// A sink with small limits on an index.
pub(super) fn sink_on(client: ElasticClient, index: &str, progress: &Arc<Progress>) -> IndexSink {
    let target = Target {
        index: index.to_owned(),
        ..Target::default()
    };
    IndexSink::start(client, target, options(), Arc::clone(progress), Arc::new(Unfenced))
}

/// The small limits.
pub(super) fn options() -> SinkOptions {
    SinkOptions {
        batch: BatchLimits {
            lines: 500,
            bytes: MIB,
            in_flight: 2,
        },
        budget_bytes: 64 * MIB,
        max_text_document_bytes: Some(3 * MIB),
        error_monitor: ErrorMonitorConfig {
            enabled: true,
            max_total_errors: 1000,
            max_consecutive_errors: 10,
            max_error_rate: 0.15,
            error_window_size: 100,
            error_queue_size: 10,
        },
        retry: RetryPolicy {
            max_attempts: 2,
            interval: Duration::from_millis(1),
            on_timeout: true,
        },
        longest_wait: Duration::from_secs(20),
        queue_length: 100,
        log_operations: false,
    }
}

impl Wire {
    async fn new(answer: Answer) -> Self {
        Self::with(answer, usize::MAX).await
    }

    /// As a proxy that takes no more than so many bytes.
    async fn with(answer: Answer, limit: usize) -> Self {
        let server = MockServer::start().await;
        let requests: Arc<Mutex<Vec<Sent>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let bulk = move |request: &Request| {
            if request.body.len() > limit {
                return ResponseTemplate::new(413);
            }
            let mut seen = seen.lock();
            let sent = operations(&request.body);
            let items: Vec<Value> = sent
                .iter()
                .filter(|(id, _)| id != "forgotten")
                .map(|(id, source)| {
                    let before = seen.iter().flatten().filter(|(earlier, _)| earlier == id).count();
                    let mut item = answer(id, source, before);
                    item["_id"] = id.as_str().into();
                    json!({ "index": item })
                })
                .collect();
            seen.push(sent);
            ResponseTemplate::new(200).set_body_json(json!({ "took": 1, "items": items }))
        };
        Mock::given(path_regex("/_bulk$"))
            .respond_with(bulk)
            .mount(&server)
            .await;
        Mock::given(path_regex("/_mapping$"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "acknowledged": true })))
            .mount(&server)
            .await;
        Self { server, requests }
    }

    fn sink(&self, progress: &Arc<Progress>) -> IndexSink {
        sink_on(client_of(&self.server), "jira", progress)
    }

    /// The ids of each bulk request.
    fn ids(&self) -> Vec<Vec<String>> {
        let requests = self.requests.lock();
        requests
            .iter()
            .map(|sent| sent.iter().map(|(id, _)| id.clone()).collect())
            .collect()
    }

    /// A document as it was sent last.
    fn last(&self, id: &str) -> Value {
        let requests = self.requests.lock();
        let sent = requests.iter().flatten().rev().find(|(sent, _)| sent == id);
        sent.unwrap().1.clone()
    }
}

fn operations(body: &[u8]) -> Sent {
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut operations = Vec::new();
    while let Some(action) = lines.next() {
        let action: Value = serde_json::from_slice(action).unwrap();
        let (name, meta) = action.as_object().unwrap().iter().next().unwrap();
        let source = match name.as_str() {
            "delete" => Value::Null,
            _ => serde_json::from_slice(lines.next().unwrap()).unwrap(),
        };
        operations.push((meta["_id"].as_str().unwrap().to_owned(), source));
    }
    operations
}

fn document(id: &str, issue: u64, source: &Value) -> Operation {
    Operation::Index {
        id: DocumentId::new(id.to_owned()),
        issue_id: Some(issue),
        ticket: None,
        with_content: false,
        source: Bytes::from(source.to_string()),
    }
}

fn created() -> Value {
    json!({ "status": 201, "result": "created" })
}

fn refused(status: u16, kind: &str, reason: &str) -> Value {
    json!({ "status": status, "error": { "type": kind, "reason": reason } })
}

/// Writes documents, one after the other, and waits for their outcomes.
async fn write(wire: &Wire, progress: &Arc<Progress>, documents: Vec<Operation>) -> Result<Flushed, SinkError> {
    let sink = wire.sink(progress);
    for document in documents {
        sink.write(document).await?;
    }
    sink.flush().await
}

fn some(ids: &[&str]) -> Vec<Operation> {
    let documents = ids.iter().zip(1..);
    documents
        .map(|(id, issue)| document(id, issue, &json!({ "Key": id })))
        .collect()
}

#[tokio::test]
async fn a_busy_item_is_sent_again_alone_and_counts_once() {
    let wire = Wire::new(|id, _, before| match (id, before) {
        ("busy", 0) => refused(429, "es_rejected_execution_exception", "queue capacity"),
        _ => created(),
    })
    .await;
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, some(&["a", "busy", "b"])).await.unwrap();
    assert_eq!(wire.ids(), [vec!["a", "busy", "b"], vec!["busy"]]);
    assert_eq!(progress.snapshot().indexed, 3);
    assert!(flushed.all_stored && flushed.rejected_issues.is_empty());
}

#[tokio::test]
async fn a_rejected_issue_is_named_to_the_engine_and_not_counted_as_indexed() {
    let wire = Wire::new(|id, _, _| match id {
        "bad" => refused(400, "odd_exception", "no reason that names a field"),
        _ => created(),
    })
    .await;
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, some(&["a", "bad", "b"])).await.unwrap();
    assert_eq!(flushed.rejected_issues, [2].into());
    assert!(!flushed.all_stored);
    let counted = progress.snapshot();
    assert_eq!((counted.indexed, counted.rejected), (2, 1));
}

#[tokio::test]
async fn a_document_that_the_pipeline_drops_is_not_counted_as_indexed() {
    let wire = Wire::new(|id, _, _| match id {
        "dropped" => json!({ "status": 200, "result": "noop" }),
        _ => created(),
    })
    .await;
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, some(&["a", "dropped"])).await.unwrap();
    assert!(!flushed.all_stored);
    let counted = progress.snapshot();
    assert_eq!((counted.indexed, counted.rejected), (1, 0));
}

#[tokio::test]
async fn an_answer_with_too_few_items_fails_the_sync() {
    let wire = Wire::new(|_, _, _| created()).await;
    let progress = Arc::new(Progress::default());
    let failed = write(&wire, &progress, some(&["a", "forgotten", "b"]))
        .await
        .unwrap_err();
    assert!(
        failed.to_string().contains("3 operations were sent, 2 results came"),
        "{failed}"
    );
    assert_eq!(progress.snapshot().indexed, 0);
}

#[tokio::test]
async fn an_issue_with_twelve_refused_fields_is_indexed_without_them() {
    let wire = Wire::new(|_, source, _| {
        let fields = source["Custom_Fields"].as_object().unwrap();
        match fields.keys().find(|name| name.starts_with("bad")) {
            Some(name) => {
                let reason = format!(
                    "[1:9] object mapping for [Custom_Fields.{name}] tried to parse field [{name}] as object, but found a \
                     concrete value"
                );
                refused(400, "document_parsing_exception", &reason)
            }
            None => created(),
        }
    })
    .await;
    let mut fields: serde_json::Map<String, Value> = (0..12).map(|n| (format!("bad {n} [x]"), json!("text"))).collect();
    fields.insert("good".into(), json!(1));
    let progress = Arc::new(Progress::default());
    let documents = vec![document("a", 1, &json!({ "Key": "AL-1", "Custom_Fields": fields }))];
    let flushed = write(&wire, &progress, documents).await.unwrap();
    assert!(flushed.all_stored);
    assert_eq!(wire.last("a")["Custom_Fields"], json!({ "good": 1 }));
    let counted = progress.snapshot();
    assert_eq!((counted.indexed, counted.fields_left_out), (1, 12));
}

#[tokio::test]
async fn an_issue_that_no_field_explains_is_indexed_with_its_core() {
    let wire = Wire::new(|_, source, _| match source["Custom_Fields"].is_null() {
        true => created(),
        false => refused(400, "document_parsing_exception", "failed to parse: something new"),
    })
    .await;
    let source = json!({
        "Key": "AL-1", "_allow_access_control": ["browse:1"], "Custom_Fields": { "a": 1 },
        "Issue": { "summary": "quagga" },
    });
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, vec![document("a", 1, &source)]).await.unwrap();
    assert!(flushed.all_stored && flushed.rejected_issues.is_empty());
    let sent = wire.last("a");
    assert_eq!(sent["_allow_access_control"], json!(["browse:1"]));
    assert_eq!(sent["Issue"]["summary"], "quagga");
    assert!(sent["_ingestion_errors"][0].as_str().unwrap().contains("something new"));
}

#[tokio::test]
async fn an_issue_larger_than_the_limit_is_cut_and_found() {
    let wire = Wire::new(|_, _, _| created()).await;
    let source = json!({ "Key": "AL-1", "Issue": { "summary": "quagga", "description": "d".repeat(4 * MIB) } });
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, vec![document("a", 1, &source)]).await.unwrap();
    assert!(flushed.all_stored);
    assert_eq!(wire.last("a")["Issue"]["summary"], "quagga");
    assert_eq!(progress.snapshot().indexed, 1);
}

#[tokio::test]
async fn an_issue_larger_than_a_proxy_takes_is_cut_until_it_passes() {
    let wire = Wire::with(|_, _, _| created(), MIB).await;
    let source = json!({ "Key": "AL-1", "Issue": { "summary": "quagga", "description": "d".repeat(5 * MIB / 2) } });
    let progress = Arc::new(Progress::default());
    let flushed = write(&wire, &progress, vec![document("a", 1, &source)]).await.unwrap();
    assert!(flushed.all_stored);
    assert_eq!(wire.last("a")["Issue"]["summary"], "quagga");
}

#[tokio::test]
async fn a_reason_that_concerns_every_item_ends_the_job_and_is_named() {
    static CASE: AtomicUsize = AtomicUsize::new(0);
    const CASES: [(u16, &str, &str); 6] = [
        (
            403,
            "security_exception",
            "action [indices:data/write/bulk] is unauthorized for API key",
        ),
        (
            403,
            "cluster_block_exception",
            "index [jira] blocked by: [FORBIDDEN/8/index write (api)];",
        ),
        (400, "index_closed_exception", "closed"),
        (404, "index_not_found_exception", "no such index [jira]"),
        (
            400,
            "strict_dynamic_mapping_exception",
            "[1:2] mapping set to strict, dynamic introduction of [Issue] within [_doc] is not allowed",
        ),
        (
            400,
            "illegal_argument_exception",
            "no write index is defined for alias [jira]. The write index may be explicitly disabled",
        ),
    ];
    for (case, (_, _, reason)) in CASES.iter().enumerate() {
        CASE.store(case, Relaxed);
        let wire = Wire::new(|_, _, _| {
            let (status, kind, reason) = CASES[CASE.load(Relaxed)];
            refused(status, kind, reason)
        })
        .await;
        let progress = Arc::new(Progress::default());
        let failed = write(&wire, &progress, some(&["a"])).await.unwrap_err().to_string();
        assert!(failed.contains(reason) && failed.contains("jira"), "{failed}");
    }
}

#[tokio::test]
async fn a_sync_whose_every_document_is_refused_does_not_complete() {
    let wire = Wire::new(|_, _, _| refused(400, "odd_exception", "the pipeline fails")).await;
    let progress = Arc::new(Progress::default());
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let failed = write(&wire, &progress, some(&ids)).await.unwrap_err().to_string();
    assert!(
        failed.contains("all 8") && failed.contains("the pipeline fails"),
        "{failed}"
    );
}

/// Refuses whatever has a key, and takes access alone.
fn takes_access_alone(_: &str, source: &Value, _: usize) -> Value {
    match source["doc"]["_allow_access_control"].is_null() {
        true => refused(400, "odd_exception", "no reason that names a field"),
        false => json!({ "status": 200, "result": "updated" }),
    }
}

#[tokio::test]
async fn an_issue_that_cannot_be_written_any_more_is_hidden_from_its_readers_of_before() {
    let wire = Wire::new(takes_access_alone).await;
    let progress = Arc::new(Progress::default());
    let documents = vec![document(
        "a",
        1,
        &json!({ "Key": "AL-1", "_allow_access_control": ["browse:1&level:3"] }),
    )];
    let flushed = write(&wire, &progress, documents).await.unwrap();
    assert_eq!(flushed.rejected_issues, [1].into());
    assert_eq!(
        wire.last("a"),
        json!({ "doc": { "_allow_access_control": ["browse:1&level:3"] } })
    );
    let counted = progress.snapshot();
    assert_eq!((counted.indexed, counted.rejected), (0, 1));
}

#[tokio::test]
async fn issues_are_hidden_before_too_many_refusals_end_the_sync() {
    let wire = Wire::new(takes_access_alone).await;
    let progress = Arc::new(Progress::default());
    let ids: Vec<String> = (0..30).map(|n| format!("issue-{n}")).collect();
    let documents = ids.iter().zip(1..);
    let documents =
        documents.map(|(id, issue)| document(id, issue, &json!({ "Key": id, "_allow_access_control": ["nobody"] })));
    let failed = write(&wire, &progress, documents.collect()).await.unwrap_err();
    assert!(matches!(failed, SinkError::TooManyErrors(_)), "{failed}");
    for id in &ids {
        assert_eq!(wire.last(id)["doc"]["_allow_access_control"], json!(["nobody"]), "{id}");
    }
}

#[tokio::test]
async fn what_the_pipeline_drops_is_hidden_from_readers_of_before() {
    let wire = Wire::new(|_, source, _| match source["doc"].is_null() {
        true => json!({ "status": 200, "result": "noop" }),
        false => json!({ "status": 404, "error": { "type": "document_missing_exception", "reason": "missing" } }),
    })
    .await;
    let progress = Arc::new(Progress::default());
    let documents = vec![document(
        "a",
        1,
        &json!({ "Key": "AL-1", "_allow_access_control": ["browse:1"] }),
    )];
    let flushed = write(&wire, &progress, documents).await.unwrap();
    assert!(flushed.rejected_issues.is_empty(), "there was nothing to hide");
    assert_eq!(
        wire.last("a"),
        json!({ "doc": { "_allow_access_control": ["browse:1"] } })
    );
}

#[tokio::test]
async fn what_cannot_be_hidden_fails_the_sync() {
    let wire = Wire::new(|_, _, _| refused(400, "odd_exception", "no reason that names a field")).await;
    let progress = Arc::new(Progress::default());
    let documents = vec![document(
        "a",
        1,
        &json!({ "Key": "AL-1", "_allow_access_control": ["browse:1"] }),
    )];
    let failed = write(&wire, &progress, documents).await.unwrap_err();
    assert!(
        failed
            .to_string()
            .contains("could not be hidden from its readers of before"),
        "{failed}"
    );
}

#[tokio::test]
async fn writers_that_outlive_the_end_of_a_sync_are_told_so() {
    let wire = Wire::new(|_, _, _| created()).await;
    let sink = wire.sink(&Arc::new(Progress::default()));
    sink.close(Duration::from_secs(5)).await;
    for document in some(&["a", "b"]) {
        let refused = sink.write(document).await.unwrap_err().to_string();
        assert!(refused.contains("before the sync did"), "{refused}");
    }
    sink.close(Duration::from_secs(5)).await;
}
