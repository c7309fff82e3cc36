//! Sync jobs: creation, listing, conditional updates.

use elastic_client::{JobFilter, JobStatus, JobType, Refresh, TriggerMethod, Versioned};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, ok, refusal, requests, seen};

async fn server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    server
}

async fn sent(server: &MockServer) -> Value {
    serde_json::from_slice(&requests(server).await[0].body).unwrap()
}

#[tokio::test]
async fn a_job_is_created_through_the_api() {
    let server = server(ResponseTemplate::new(201).set_body_json(json!({ "id": "job-1" }))).await;
    let jobs = client(&server).sync_jobs();
    let id = jobs
        .create("c1", &JobType::AccessControl, &TriggerMethod::Scheduled)
        .await
        .unwrap();
    assert_eq!(id, "job-1");
    assert_eq!(seen(&server).await, ["POST /_connector/_sync_job"]);
    assert_eq!(
        sent(&server).await,
        json!({ "id": "c1", "job_type": "access_control", "trigger_method": "scheduled" })
    );
}

#[tokio::test]
async fn the_oldest_matching_jobs_are_listed() {
    let hit =
        json!({ "_index": "i", "_id": "j", "_seq_no": 1, "_primary_term": 1, "_source": { "status": "pending" } });
    let answer = json!({ "timed_out": false, "_shards": { "total": 1, "failed": 0 }, "hits": { "hits": [hit] } });
    let server = server(ok(answer)).await;
    let filter = JobFilter {
        connector_ids: Some(vec!["c1".to_owned()]),
        statuses: Some(vec![JobStatus::Pending, JobStatus::Suspended]),
        job_types: Some(vec![JobType::Full]),
        last_seen_before: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        size: 50,
        newest_first: false,
        ..JobFilter::default()
    };
    let jobs = client(&server).sync_jobs().list(&filter).await.unwrap();
    assert_eq!(jobs[0].value.status, Some(JobStatus::Pending));
    assert_eq!(
        sent(&server).await,
        json!({
            "size": 50,
            "sort": [{ "created_at": { "order": "asc", "missing": "_first" } }],
            "track_total_hits": false,
            "query": { "bool": { "filter": [
                { "terms": { "connector.id": ["c1"] } },
                { "terms": { "status": ["pending", "suspended"] } },
                { "terms": { "job_type": ["full"] } },
                { "range": { "last_seen": { "lt": "2026-01-02T03:04:05+00:00" } } },
            ]}},
        })
    );
}

#[tokio::test]
async fn a_fresh_cluster_has_no_jobs_but_a_forbidden_one_is_an_error() {
    let missing = refusal(
        404,
        "index_not_found_exception",
        "no such index [.elastic-connectors-sync-jobs]",
    );
    assert!(
        client(&server(missing).await)
            .sync_jobs()
            .list(&JobFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    let forbidden = refusal(
        403,
        "security_exception",
        "action [indices:data/read/search] is unauthorized",
    );
    client(&server(forbidden).await)
        .sync_jobs()
        .list(&JobFilter::default())
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_job_is_updated_only_at_the_version_it_was_read_at() {
    let server = server(ok(json!({ "_seq_no": 3, "_primary_term": 1 }))).await;
    let job = Versioned {
        id: "job-1".to_owned(),
        seq_no: 2,
        primary_term: 1,
        value: (),
    };
    let doc = json!({ "status": "in_progress" });
    client(&server)
        .sync_jobs()
        .update_if_unchanged(&job, &doc, Refresh::None)
        .await
        .unwrap();
    assert_eq!(
        seen(&server).await,
        ["POST /.elastic-connectors-sync-jobs/_update/job-1?require_alias=true&if_seq_no=2&if_primary_term=1"]
    );
}

#[tokio::test]
async fn cancel_and_delete_use_the_api() {
    let server = server(ok(json!({ "result": "updated", "acknowledged": true }))).await;
    let jobs = client(&server).sync_jobs();
    jobs.cancel("job-1").await.unwrap();
    jobs.delete("job-1").await.unwrap();
    assert_eq!(
        seen(&server).await,
        [
            "PUT /_connector/_sync_job/job-1/_cancel",
            "DELETE /_connector/_sync_job/job-1"
        ]
    );
}
