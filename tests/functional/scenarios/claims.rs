//! Who runs a job, and what becomes of it when someone interferes: other workers, cancellation, a stop of the service.

use std::time::Duration;

use jira_fixture::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Job, Service, Setup, Stack, eventually};

/// A Jira slow enough that a sync can be met half-way: several seconds.
fn slow() -> Setup {
    Setup {
        jira: Options {
            latency_ms: 400,
            ..Options::default()
        },
        ..Setup::default()
    }
}

async fn cancel(stack: &Stack, job: &str) {
    let path = format!("/_connector/_sync_job/{job}/_cancel");
    // A report of the worker may come in between, and the API does not repeat what met such a write.
    let (status, answer) = eventually("the request to cancel meets no report", async || {
        let answer = stack.elastic.call(Method::PUT, &path, None).await;
        (answer.0 != 409).then_some(answer)
    })
    .await;
    assert_eq!(status, 200, "{answer}");
}

/// Meets the sync half-way and keeps it there; `go_on` lets later ones run.
async fn half_way(stack: &Stack, job: &str) {
    stack
        .job_that(job, "the sync is under way", |job| {
            assert!(!job.is_over(), "the sync was too fast to be met half-way: {}", job.0);
            job.status() == "in_progress"
        })
        .await;
    eventually("issues are being fetched", async || {
        (stack.jira.requests_to("search_jql") > 0).then_some(())
    })
    .await;
    stack.jira.site.set(|settings| settings.latency_ms = 30_000);
}

/// A first sync that ended early has counted every document that is there, unless the log says what it could not.
async fn assert_honest_counts(stack: &Stack, job: &Job, service: &Service) {
    let there = stack.outlines().await.len() as u64;
    let counted = (job.documents("indexed"), job.documents("total"));
    let excused = service.log().contains("bulk requests have no answer yet") && counted.0 <= there;
    assert!(
        excused || counted == (there, there),
        "counted {counted:?}, {there} are there"
    );
}

fn go_on(stack: &Stack) {
    stack.jira.site.set(|settings| settings.latency_ms = 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_share_the_jobs_of_one_connector_and_each_runs_once() {
    let stack = Stack::small().await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(stack.elastic.create_job(&stack.connector).await);
    }
    let mut services = [stack.start_service(), stack.start_service()];
    for job in &jobs {
        let job = stack.finished(job).await;
        assert_eq!(job.status(), "completed", "{}", job.error());
    }
    stack.assert_index_is_the_model().await;
    let mut claims = 0;
    for service in &mut services {
        service.terminate().await;
        claims += service.log().matches("claimed the job").count();
    }
    assert_eq!(claims, jobs.len(), "each job was claimed once, by one of them");
    let finished: Vec<Job> = [
        stack.job(&jobs[0]).await,
        stack.job(&jobs[1]).await,
        stack.job(&jobs[2]).await,
    ]
    .into();
    for pair in finished.windows(2) {
        let (ended, next) = (&pair[0].0["completed_at"], &pair[1].0["started_at"]);
        let (ended, next) = (ended.as_str().unwrap(), next.as_str().unwrap());
        assert!(
            ended <= next,
            "syncs of one connector overlap: one ended {ended}, the next began {next}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_canceled_before_anybody_took_it_stays_canceled() {
    let stack = Stack::small().await;
    let canceled = stack.elastic.create_job(&stack.connector).await;
    cancel(&stack, &canceled).await;
    let wanted = stack.elastic.create_job(&stack.connector).await;
    let service = stack.start_service();
    assert_eq!(stack.finished(&wanted).await.status(), "completed");
    let canceled = stack.job(&canceled).await;
    assert_eq!(canceled.status(), "canceled");
    assert_eq!(canceled.0["started_at"], Value::Null);
    assert_eq!(service.log().matches("claimed the job").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_can_be_canceled_and_the_next_one_runs() {
    let stack = Stack::with(slow()).await;
    let service = stack.start_service();
    let job = stack.elastic.create_job(&stack.connector).await;
    half_way(&stack, &job).await;
    cancel(&stack, &job).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "canceled", "{}", job.error());
    assert!(
        job.0["canceled_at"].is_string() && job.0["completed_at"].is_string(),
        "{}",
        job.0
    );
    assert_eq!(job.0["error"], Value::Null);
    assert_eq!(job.documents("deleted"), 0);
    assert_honest_counts(&stack, &job, &service).await;
    let record = eventually("the connector is released", async || {
        let record = stack.connector_record().await;
        (record["last_sync_status"] == "canceled").then_some(record)
    })
    .await;
    assert_eq!(
        (&record["status"], &record["error"]),
        (&json!("connected"), &Value::Null)
    );

    go_on(&stack);
    let next = stack.elastic.create_job(&stack.connector).await;
    let next = stack.finished(&next).await;
    assert_eq!(next.status(), "completed", "{}", next.error());
    stack.assert_index_is_the_model().await;
}

/// With so short a timeout a report is due whenever the job is looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_reported_all_the_time_can_be_canceled() {
    let mut setup = slow();
    setup.config.push("service.idle_job_timeout: 2");
    let stack = Stack::with(setup).await;
    let _service = stack.start_service();
    let job = stack.elastic.create_job(&stack.connector).await;
    half_way(&stack, &job).await;
    cancel(&stack, &job).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "canceled", "{}", job.error());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_canceled_when_its_service_is_told_to_stop_does_not_go_on_later() {
    let stack = Stack::with(slow()).await;
    let mut service = stack.start_service();
    let job = stack.elastic.create_job(&stack.connector).await;
    half_way(&stack, &job).await;
    cancel(&stack, &job).await;
    service.terminate().await;
    let job = stack.job(&job).await;
    assert_eq!(job.status(), "canceled", "{}", service.log());
    assert!(
        job.0["canceled_at"].is_string() && job.0["completed_at"].is_string(),
        "{}",
        job.0
    );
    assert_eq!(stack.connector_record().await["last_sync_status"], "canceled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_stop_suspends_its_job_and_the_next_one_completes_it() {
    let stack = Stack::with(slow()).await;
    let mut service = stack.start_service();
    let id = stack.elastic.create_job(&stack.connector).await;
    half_way(&stack, &id).await;
    let (status, took) = service.terminate().await;
    assert!(status.success(), "{status}; {}", service.log());
    assert!(took < Duration::from_secs(7), "stopping took {took:?}");

    let suspended = stack.job(&id).await;
    assert_eq!(suspended.status(), "suspended");
    assert_honest_counts(&stack, &suspended, &service).await;
    assert_eq!(
        (&suspended.0["error"], &suspended.0["completed_at"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(stack.connector_record().await["last_sync_status"], "suspended");

    go_on(&stack);
    let _next = stack.start_service();
    let job = stack.finished(&id).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    stack.assert_index_is_the_model().await;
    assert_eq!(job.documents("total"), stack.outlines().await.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_record_is_deleted_stops_and_the_service_goes_on() {
    let stack = Stack::with(slow()).await;
    let _service = stack.start_service();
    let job = stack.elastic.create_job(&stack.connector).await;
    half_way(&stack, &job).await;
    let path = format!("/_connector/_sync_job/{job}");
    let (status, answer) = stack.elastic.call(Method::DELETE, &path, None).await;
    assert_eq!(status, 200, "{answer}");
    go_on(&stack);
    let next = stack.elastic.create_job(&stack.connector).await;
    let next = stack.finished(&next).await;
    assert_eq!(next.status(), "completed", "{}", next.error());
    let (status, _) = stack.elastic.call(Method::GET, &path, None).await;
    assert_eq!(status, 404, "the deleted job does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_whose_connector_is_gone_are_ended_and_no_others() {
    let stack = Stack::small().await;
    let (gone, kept) = (stack.another_connector(1).await, stack.another_connector(2).await);
    let mut orphans = Vec::new();
    for (before, after) in [
        ("pending", "canceled"),
        ("suspended", "canceled"),
        ("in_progress", "error"),
        ("canceling", "canceled"),
        ("completed", "completed"),
    ] {
        let job = stack.elastic.create_job(&gone).await;
        let path = format!("/.elastic-connectors-sync-jobs/_update/{job}?refresh=true");
        stack.elastic.post(&path, &json!({ "doc": { "status": before } })).await;
        orphans.push((job, before, after));
    }
    let waiting = stack.elastic.create_job(&kept).await;
    let path = format!("/_connector/{gone}");
    let (status, answer) = stack.elastic.call(Method::DELETE, &path, None).await;
    assert_eq!(status, 200, "{answer}");
    let _service = stack.start_service();
    for (job, before, after) in orphans {
        let job = stack
            .job_that(&job, "the orphan is ended", |job| job.status() == after)
            .await;
        if before == "completed" {
            assert_eq!(job.0["error"], Value::Null, "what is over stays as it is");
            continue;
        }
        let text = format!("connector {gone} was deleted, so nothing runs its jobs any more");
        assert_eq!(job.error(), text, "{before}");
        assert!(job.0["completed_at"].is_string(), "{}", job.0);
    }
    assert_eq!(
        stack.job(&waiting).await.status(),
        "pending",
        "a job of a connector that others serve"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_job_is_followed_to_its_end() {
    let stack = Stack::small().await;
    let _service = stack.start_service();
    let output = stack.command(&["sync", "start", "--watch"]).await.exits_with(0);
    assert!(output.stdout.contains("completed"), "{output}");
    stack.assert_index_is_the_model().await;
    stack.assert_no_secret(&output.text());
}
