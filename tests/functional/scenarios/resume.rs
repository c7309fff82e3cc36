//! A sync that is interrupted goes on where it stopped: nothing is missed and little is done twice.

use jira_fixture::{DataSize, Options};
use serde_json::json;

use crate::harness::{Job, Setup, Stack};

/// Thousands of issues, slow enough to be met half-way.
fn medium() -> Setup {
    Setup {
        jira: Options {
            data_size: DataSize::Medium,
            latency_ms: 200,
            ..Options::default()
        },
        ..Setup::default()
    }
}

async fn half_done(stack: &Stack, job: &str) -> Job {
    stack
        .job_that(job, "most of the issues are done", |job| {
            assert!(!job.is_over(), "the sync was too fast to be met half-way: {}", job.0);
            job.0["metadata"]["issues_processed"].as_u64().unwrap_or(0) > 3_000
        })
        .await
}

/// Starts a job, stops its worker in the middle in some way, and lets another worker finish it.
async fn interrupted(stack: &Stack, stop: impl AsyncFnOnce(crate::harness::Service)) -> Job {
    let job = stack.elastic.create_job(&stack.connector).await;
    let service = stack.start_service();
    half_done(stack, &job).await;
    stop(service).await;
    // What changes while nobody works must not be lost: one issue early in the listing, one late.
    let changed = stack.jira.special("comments_20");
    stack
        .jira
        .site
        .update_issue(&changed, &json!({ "summary": "changed in between" }))
        .unwrap();
    stack
        .jira
        .site
        .create_issue("FIX", &json!({ "summary": "made in between" }))
        .unwrap();
    stack.jira.site.reset_requests();
    let _second = stack.start_service();
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    stack.assert_index_is_the_model().await;
    let (_, document) = stack.issue(&changed).await.unwrap();
    assert_eq!(document["Issue"]["summary"], "changed in between");
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_sync_goes_on_where_it_stopped() {
    let stack = Stack::with(medium()).await;
    let job = interrupted(&stack, async |mut service: crate::harness::Service| {
        service.terminate().await;
    })
    .await;
    let batches = stack.jira.requests_to("bulkfetch");
    assert!(
        batches <= 40,
        "of 48 batches a third was done before: {batches}, {}",
        job.0["metadata"]
    );
    assert_eq!(job.documents("total"), stack.documents().await.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_whose_worker_was_killed_goes_on_elsewhere() {
    let mut setup = medium();
    setup.config.push("service.idle_job_timeout: 10");
    let stack = Stack::with(setup).await;
    let job = interrupted(&stack, async |service: crate::harness::Service| drop(service)).await;
    assert_eq!(job.0["metadata"]["recoveries"], 1, "{}", job.0["metadata"]);
}
