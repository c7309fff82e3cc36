//! A sync that is interrupted goes on where it stopped: nothing is missed and little is done twice.

use jira_fixture::{DataSize, Options};
use serde_json::json;

use crate::harness::{Job, Service, Setup, Stack, eventually};

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
async fn interrupted(stack: &Stack, stop: impl AsyncFnOnce(Service)) -> Job {
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
    let job = interrupted(&stack, async |mut service: Service| {
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
    setup.config.push("service.idle_job_timeout: 60");
    let stack = Stack::with(setup).await;
    let job = interrupted(&stack, async |service: Service| drop(service)).await;
    // One was counted, and forgotten when the job got on.
    assert_eq!(job.0["metadata"]["recoveries"], 0, "{}", job.0["metadata"]);
}

/// More often than a job may lose its worker without getting on, and with nobody alive for `service.idle_job_timeout`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_whose_worker_is_killed_and_started_again_all_the_time_gets_on() {
    let mut setup = medium();
    setup.jira.latency_ms = 400;
    setup.config.push("service.idle_job_timeout: 300");
    let stack = Stack::with(setup).await;
    let job = stack.elastic.create_job(&stack.connector).await;
    for _ in 0..5 {
        let service = stack.start_service();
        let before = stack.job(&job).await;
        let saved = |job: &Job| job.0["metadata"]["progress"].clone();
        // On a slow machine a life may get to the end.
        stack
            .job_that(&job, "its checkpoint moves", |now| {
                now.is_over() || now.status() == "in_progress" && saved(now) != saved(&before)
            })
            .await;
        drop(service);
    }
    let _last = stack.start_service();
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    stack.assert_index_is_the_model().await;
}

/// Jira goes away in the middle and stays away until the job has failed. The next job begins where that one came to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_the_next_full_sync_only_what_was_not_done_yet() {
    let stack = Stack::with(medium()).await;
    let failing = stack.elastic.create_job(&stack.connector).await;
    let _service = stack.start_service();
    eventually("some issues are done", async || {
        (processed(&stack, &failing).await > 1_000).then_some(())
    })
    .await;
    let away = json!({ "endpoint": "*", "kind": "status", "status": 500 });
    stack.jira.site.add_fault(serde_json::from_value(away).unwrap());
    let failed = stack.finished(&failing).await;
    assert_eq!(failed.status(), "error", "{}", failed.0);
    assert_eq!(failed.0["metadata"]["failure_passes"], true, "{}", failed.0["metadata"]);
    stack.jira.site.clear_faults();
    let changed = stack.jira.special("comments_20");
    stack
        .jira
        .site
        .update_issue(&changed, &json!({ "summary": "changed in between" }))
        .unwrap();
    stack.jira.site.reset_requests();

    let next = stack.elastic.create_job(&stack.connector).await;
    let next = stack.finished(&next).await;
    assert_eq!(next.status(), "completed", "{}", next.error());
    let batches = stack.jira.requests_to("bulkfetch");
    assert!(batches <= 44, "of 48 batches some were done before: {batches}");
    stack.assert_index_is_the_model().await;
    let (_, document) = stack.issue(&changed).await.unwrap();
    assert_eq!(document["Issue"]["summary"], "changed in between");
}

/// Ten interruptions of one job at points that differ from run to run: mostly by SIGTERM, three times by SIGKILL, after
/// which the job has to be found idle first. Changes are made all along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_is_interrupted_ten_times_misses_nothing() {
    const INTERRUPTIONS: u64 = 10;
    let mut setup = medium();
    setup.jira.latency_ms = 40;
    setup.config.push("service.idle_job_timeout: 5");
    let stack = Stack::with(setup).await;
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let job = stack.elastic.create_job(&stack.connector).await;
    for interruption in 0..INTERRUPTIONS {
        let mut service = stack.start_service();
        let before = processed(&stack, &job).await;
        let further = random.u64(1..800);
        let reached = eventually("the sync gets on", async || {
            let now = stack.job(&job).await;
            (now.is_over() || processed_of(&now) >= before.min(3_600) + further).then_some(now)
        })
        .await;
        if reached.is_over() {
            break;
        }
        stack.jira.site.touch(5, interruption).unwrap();
        if interruption % 4 == 1 {
            drop(service);
        } else {
            service.terminate().await;
        }
    }
    let _last = stack.start_service();
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "seed {seed}: {}", job.error());
    stack.assert_index_is_the_model().await;
    let verified = stack.command(&["verify", "--output", "json"]).await;
    assert_eq!(verified.code, 0, "seed {seed}: {verified}");
    assert_eq!(
        job.documents("total"),
        stack.outlines().await.len() as u64,
        "seed {seed}"
    );
}

async fn processed(stack: &Stack, job: &str) -> u64 {
    processed_of(&stack.job(job).await)
}

fn processed_of(job: &Job) -> u64 {
    job.0["metadata"]["issues_processed"].as_u64().unwrap_or(0)
}
