//! What a service does for several connectors at once: so many syncs at a time, and each with the credential that
//! config.yml gives it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use jira_fixture::Options;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack, within};

/// Syncs of one small project, some seconds each.
async fn stack() -> Stack {
    let setup = Setup {
        jira: Options {
            latency_ms: 100,
            ..Options::default()
        },
        ..Setup::default()
    };
    Stack::with(setup.field("projects", "FIX")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_syncs_run_at_once_than_are_allowed() {
    let stack = stack().await;
    let mut connectors = vec![stack.connector.clone()];
    for number in 1..5 {
        connectors.push(stack.another_connector(number).await);
    }
    for connector in &connectors {
        stack.elastic.create_job(connector).await;
    }
    let ids: Vec<&str> = connectors.iter().map(String::as_str).collect();
    let config = stack.admin_config(&ids) + "service.max_concurrent_content_syncs: 2\n";
    std::fs::write(stack.file("two.yml"), config).unwrap();
    let mut service = stack.start_service_with(&stack.file("two.yml"));

    let jobs = json!({ "size": 100, "_source": ["status"], "query": { "terms": { "connector.id": connectors } } });
    let most = AtomicUsize::new(0);
    within(Duration::from_secs(120), "all syncs are completed", async || {
        let found = stack
            .elastic
            .post("/.elastic-connectors-sync-jobs/_search", &jobs)
            .await;
        let jobs = found["hits"]["hits"].as_array().unwrap();
        let count = |status: &str| jobs.iter().filter(|job| job["_source"]["status"] == status).count();
        most.fetch_max(count("in_progress"), Relaxed);
        (count("completed") == connectors.len()).then_some(())
    })
    .await;
    assert_eq!(most.into_inner(), 2);
    service.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_writes_with_its_own_key() {
    let stack = stack().await;
    let role = json!({ "elsewhere": {
        "cluster": ["monitor"], "index": [{ "names": ["elsewhere"], "privileges": ["all"] }],
    } });
    let body = json!({ "name": stack.index, "role_descriptors": role });
    let other = stack.elastic.post("/_security/api_key", &body).await;
    let own = stack.api_key().unwrap();
    for (key, outcome) in [(other["encoded"].as_str().unwrap(), "error"), (&own, "completed")] {
        let config = stack.admin_config(&[&stack.connector]) + &format!("    api_key: {key}\n");
        std::fs::write(stack.file("keys.yml"), config).unwrap();
        let mut service = stack.start_service_with(&stack.file("keys.yml"));
        let job = stack.elastic.create_job(&stack.connector).await;
        let job = stack.finished(&job).await;
        assert_eq!(job.status(), outcome, "{}", job.error());
        assert_eq!(stack.outlines().await.is_empty(), outcome == "error");
        if outcome == "error" {
            // The superuser of the same file would have been allowed to.
            assert!(job.error().contains(&stack.index), "{}", job.error());
        } else {
            assert_eq!(job.0["error"], Value::Null);
        }
        service.terminate().await;
        let log = service.log();
        assert!(!log.contains(key), "{log}");
    }
}
