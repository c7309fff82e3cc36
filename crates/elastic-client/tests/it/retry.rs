//! Which requests are sent again, how often, and what becomes of those that must not be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use elastic_client::{ElasticClient, ElasticError, JobType, Refresh, TriggerMethod, Versioned};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, config, ok, refusal, root_answer, seen};

fn job() -> Versioned<()> {
    Versioned {
        id: "job-1".to_owned(),
        seq_no: 7,
        primary_term: 2,
        value: (),
    }
}

/// A server that takes a request and then hangs up. Counts the requests.
async fn server_that_hangs_up() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            if connection.read(&mut buffer).await.unwrap() > 0 {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_busy_or_failing_cluster_is_asked_again() {
    for status in [429, 500, 502, 503, 504] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(refusal(status, "x", "y"))
            .up_to_n_times(2)
            .mount(&server)
            .await;
        Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
        client(&server).info().await.unwrap();
        assert_eq!(seen(&server).await.len(), 3, "{status}");
    }
}

/// What a node says while it starts again, before it has its security index back.
#[tokio::test]
async fn credentials_that_were_accepted_before_are_tried_again() {
    let server = MockServer::start().await;
    let accepts = || Mock::given(any()).respond_with(ok(root_answer()));
    accepts().up_to_n_times(1).mount(&server).await;
    Mock::given(any())
        .respond_with(refusal(401, "security_exception", "unable to authenticate"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    accepts().mount(&server).await;
    let elastic = client(&server);
    elastic.info().await.unwrap();
    elastic.info().await.unwrap();
    assert_eq!(seen(&server).await.len(), 4);
}

#[tokio::test]
async fn attempts_end_with_the_last_error() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(refusal(503, "x", "still down"))
        .mount(&server)
        .await;
    let error = client(&server).info().await.unwrap_err();
    assert!(error.to_string().contains("still down"), "{error}");
    assert_eq!(seen(&server).await.len(), 3);
}

#[tokio::test]
async fn a_refusal_is_not_asked_again() {
    for status in [400, 401, 403, 404, 409, 413] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(refusal(status, "x", "y"))
            .mount(&server)
            .await;
        client(&server).info().await.unwrap_err();
        assert_eq!(seen(&server).await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_wait_that_the_server_asks_for_is_kept() {
    let server = MockServer::start().await;
    let busy = refusal(429, "x", "y").insert_header("retry-after", "1");
    Mock::given(any())
        .respond_with(busy)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
    let started = Instant::now();
    client(&server).info().await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_slow_answer_is_a_timeout_and_asked_again_only_when_configured() {
    for (retry_on_timeout, attempts) in [(false, 1), (true, 3)] {
        let server = MockServer::start().await;
        let slow = ok(root_answer()).set_delay(Duration::from_secs(30));
        Mock::given(any()).respond_with(slow).mount(&server).await;
        let mut config = config(&server.uri());
        config.request_timeout = Duration::from_millis(50);
        config.retry_on_timeout = retry_on_timeout;
        let error = ElasticClient::new(config).unwrap().info().await.unwrap_err();
        assert!(matches!(error, ElasticError::Timeout { .. }), "{error:?}");
        assert!(error.to_string().contains("within 0.05 s"), "{error}");
        assert_eq!(seen(&server).await.len(), attempts);
    }
}

#[tokio::test]
async fn a_cut_connection_is_asked_again_for_reads() {
    let (address, count) = server_that_hangs_up().await;
    let error = ElasticClient::new(config(&address)).unwrap().info().await.unwrap_err();
    assert!(matches!(error, ElasticError::Interrupted { .. }), "{error:?}");
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_conditional_write_whose_answer_is_lost_has_an_unknown_outcome_and_is_sent_once() {
    let (address, count) = server_that_hangs_up().await;
    let jobs = ElasticClient::new(config(&address)).unwrap().sync_jobs();
    let error = jobs
        .update_if_unchanged(&job(), &json!({}), Refresh::None)
        .await
        .unwrap_err();
    assert!(matches!(error, ElasticError::OutcomeUnknown { .. }), "{error:?}");
    assert!(!error.is_retryable());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn gateway_failures_leave_conditional_writes_and_creations_unknown() {
    for status in [500, 502, 504] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        let jobs = client(&server).sync_jobs();
        let error = jobs
            .update_if_unchanged(&job(), &json!({}), Refresh::None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, ElasticError::OutcomeUnknown { .. }),
            "{status}: {error:?}"
        );
        let error = jobs
            .create("c", &JobType::Full, &TriggerMethod::OnDemand)
            .await
            .unwrap_err();
        assert!(
            matches!(error, ElasticError::OutcomeUnknown { .. }),
            "{status}: {error:?}"
        );
        assert_eq!(seen(&server).await.len(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_conditional_write_that_was_turned_away_is_sent_again() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(refusal(429, "x", "busy"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ok(json!({ "_seq_no": 8, "_primary_term": 2 })))
        .mount(&server)
        .await;
    let jobs = client(&server).sync_jobs();
    let updated = jobs
        .update_if_unchanged(&job(), &json!({}), Refresh::None)
        .await
        .unwrap();
    assert_eq!((updated.seq_no, updated.primary_term), (8, 2));
}

#[tokio::test]
async fn a_conflict_after_a_503_may_be_with_ourselves_and_says_so() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(refusal(503, "x", "gone"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(refusal(409, "version_conflict_engine_exception", "7 is now 8"))
        .mount(&server)
        .await;
    let jobs = client(&server).sync_jobs();
    let error = jobs
        .update_if_unchanged(&job(), &json!({}), Refresh::None)
        .await
        .unwrap_err();
    assert!(matches!(error, ElasticError::OutcomeUnknown { .. }), "{error:?}");
}

#[tokio::test]
async fn waiting_for_a_cluster_that_comes_up_reports_each_fault() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
    let mut waits = Vec::new();
    let initial = Duration::from_millis(2);
    let info = client(&server)
        .wait_until_reachable(Duration::from_secs(10), initial, 2.0, |_, wait| {
            waits.push(wait.as_millis())
        })
        .await
        .unwrap();
    assert_eq!(info.version, "8.19.21");
    assert_eq!(info.major_minor(), Some((8, 19)));
    assert_eq!(waits, [2, 4]);
}

#[tokio::test]
async fn waiting_ends_at_once_when_the_answer_is_no() {
    // A server without a root resource is none of ours: it answers 404, and waiting would not change that.
    for (status, said) in [(401, Some(401)), (403, Some(403)), (404, None)] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(refusal(status, "security_exception", "no"))
            .mount(&server)
            .await;
        let second = Duration::from_secs(1);
        let error = client(&server)
            .wait_until_reachable(second * 60, second, 2.0, |_, _| panic!())
            .await
            .unwrap_err();
        assert_eq!(error.status(), said, "{error}");
    }
}

#[tokio::test]
async fn waiting_ends_after_the_time_given() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(503))
        .mount(&server)
        .await;
    let wait = Duration::from_millis(10);
    let error = client(&server)
        .wait_until_reachable(wait * 5, wait, 1.0, |_, _| {})
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(503));
}
