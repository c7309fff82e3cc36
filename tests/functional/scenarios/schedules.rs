//! Schedules and draft rules of connectors, as Kibana writes them, with services that look all the time.

use jira_fixture::Options;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack, eventually, run_program};

async fn schedule(stack: &Stack, scheduling: Value) {
    let path = format!("/_connector/{}/_scheduling", stack.connector);
    stack.elastic.put(&path, &json!({ "scheduling": scheduling })).await;
}

async fn jobs(stack: &Stack) -> Vec<Value> {
    let path = format!("/_connector/_sync_job?connector_id={}&size=1000", stack.connector);
    stack.elastic.get(&path).await["results"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_create_one_job_for_each_run_of_a_schedule() {
    let setup = Setup {
        jira: Options::default(),
        ..Setup::default()
    };
    let stack = Stack::with(setup.field("projects", "FIX")).await;
    // One of them works without the API, wholly through the indices.
    let config = std::fs::read_to_string(stack.config()).unwrap();
    let indices_only = config + "elasticsearch.feature_use_connectors_api: false\n";
    std::fs::write(stack.file("indices.yml"), indices_only).unwrap();
    // Every other second, so that several runs fit into the test.
    schedule(
        &stack,
        json!({ "incremental": { "enabled": true, "interval": "0/2 * * * * ?" } }),
    )
    .await;
    // What a worker leaves that is killed between booking a run and creating its job.
    let owed = format!("{}-owed", stack.connector);
    let doc = json!({ "doc": {
        "last_incremental_sync_scheduled_at": chrono::Utc::now().to_rfc3339(),
        "scheduled_jobs_owed": { "incremental": owed },
    } });
    let path = format!("/.elastic-connectors/_update/{}?refresh=true", stack.connector);
    stack.elastic.post(&path, &doc).await;
    let mut services = [
        stack.start_service(),
        stack.start_service_with(&stack.file("indices.yml")),
    ];
    eventually("several runs are over", async || {
        let jobs = jobs(&stack).await;
        (jobs.iter().filter(|job| job["status"] == "completed").count() >= 3).then_some(())
    })
    .await;
    for service in &mut services {
        service.terminate().await;
    }
    let made_up_for = stack.job(&owed).await;
    assert_eq!(
        made_up_for.status(),
        "completed",
        "the run of the killed worker is not lost"
    );
    let mut runs: Vec<i64> = Vec::new();
    for job in jobs(&stack).await {
        assert_eq!(
            (&job["job_type"], &job["trigger_method"]),
            (&json!("incremental"), &json!("scheduled"))
        );
        if job["id"] == owed {
            continue;
        }
        let created = job["created_at"].as_str().unwrap();
        let created = chrono::DateTime::parse_from_rfc3339(created).unwrap();
        runs.push(created.timestamp_millis() / 2_000);
    }
    runs.sort_unstable();
    let distinct: std::collections::BTreeSet<i64> = runs.iter().copied().collect();
    assert_eq!(distinct.len(), runs.len(), "two jobs for one run: {runs:?}");
    let record = stack.connector_record().await;
    assert!(record["last_incremental_sync_scheduled_at"].is_string(), "{record}");
}

/// Compares a job that we wrote with one that Elasticsearch's API writes for the same connector.
async fn assert_same_job(stack: &Stack, ours: &str) {
    let theirs = stack.elastic.create_job(&stack.connector).await;
    let mut records = Vec::new();
    for id in [ours, &theirs] {
        let path = format!("/.elastic-connectors-sync-jobs/_doc/{id}");
        let mut record = stack.elastic.get(&path).await["_source"].take();
        for time in ["created_at", "last_seen"] {
            assert!(record[time].is_string(), "{record}");
            record[time] = Value::Null;
        }
        records.push(record);
    }
    assert_eq!(records[0], records[1]);
    let path = format!("/_connector/_sync_job/{theirs}/_cancel");
    stack.elastic.call(reqwest::Method::PUT, &path, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_cannot_be_read_is_named_in_the_record() {
    let stack = Stack::small().await;
    // The API would refuse it; older versions and direct writers do not.
    let doc = json!({ "doc": { "scheduling": { "full": { "enabled": true, "interval": "0 0 0 * * *" } } } });
    let path = format!("/.elastic-connectors/_update/{}?refresh=true", stack.connector);
    stack.elastic.post(&path, &doc).await;
    let _service = stack.start_service();
    let record = eventually("the record names the schedule", async || {
        let record = stack.connector_record().await;
        (record["status"] == "error").then_some(record)
    })
    .await;
    let error = record["error"].as_str().unwrap();
    assert!(
        error.contains("the schedule of full syncs, `0 0 0 * * *`, cannot be used")
            && error.contains("exactly one of day of month"),
        "{error}"
    );
    schedule(
        &stack,
        json!({ "full": { "enabled": false, "interval": "0 0 0 * * ?" } }),
    )
    .await;
    eventually("the record is in order again", async || {
        let record = stack.connector_record().await;
        (record["status"] == "connected" && record["error"].is_null()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_api_drafts_are_judged_and_jobs_are_created_run_and_canceled() {
    let stack = Stack::with(Setup::default().field("projects", "FIX")).await;
    let config = std::fs::read_to_string(stack.config()).unwrap();
    std::fs::write(
        stack.config(),
        config + "elasticsearch.feature_use_connectors_api: false\n",
    )
    .unwrap();

    // What Elasticsearch would refuse is refused here as well.
    let nonsense = ["connector", "schedule", "--full", "every day"];
    let output = stack.command(&nonsense).await.exits_with(2);
    output.complains_of(&["`every day`", "Quartz cron"]);
    let file = stack.config().display().to_string();
    let second = ["-c", &file, "connector", "create", "--index-name", &stack.index];
    let output = run_program(stack.folder(), &second).await.exits_with(1);
    output.complains_of(&[&stack.index, &stack.connector]);

    let started = stack
        .command(&["--output", "json", "sync", "start"])
        .await
        .exits_with(0);
    let unwanted = started.json()["job_id"].as_str().unwrap().to_owned();
    assert_same_job(&stack, &unwanted).await;
    stack.command(&["sync", "cancel", &unwanted]).await.exits_with(0);
    assert_eq!(stack.job(&unwanted).await.status(), "canceled");

    let filtering = format!("/_connector/{}/_filtering", stack.connector);
    let rule =
        json!({ "id": "no-bugs", "field": "Type", "rule": "equals", "value": "Bug", "policy": "exclude", "order": 0 });
    stack.elastic.put(&filtering, &json!({ "rules": [rule] })).await;
    let _service = stack.start_service();
    eventually("the draft is in force", async || {
        let active = stack.connector_record().await["filtering"][0]["active"].clone();
        (active["rules"][0]["id"] == "no-bugs").then_some(())
    })
    .await;
    let everything =
        json!({ "id": "all", "field": "Type", "rule": "regex", "value": ".*", "policy": "exclude", "order": 0 });
    stack.elastic.put(&filtering, &json!({ "rules": [everything] })).await;
    let record = eventually("the second draft is refused", async || {
        let record = stack.connector_record().await;
        (record["filtering"][0]["draft"]["validation"]["state"] == "invalid").then_some(record)
    })
    .await;
    let first = &record["filtering"][0];
    assert_eq!(first["draft"]["validation"]["errors"][0]["ids"], json!(["all"]));
    assert_eq!(
        first["active"]["rules"][0]["id"], "no-bugs",
        "what was in force stays in force"
    );

    let started = stack
        .command(&["--output", "json", "sync", "start"])
        .await
        .exits_with(0);
    let job = stack.finished(started.json()["job_id"].as_str().unwrap()).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    let documents = stack.documents().await;
    assert!(!documents.is_empty() && documents.values().all(|document| document["Type"] != "Bug"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_waits_for_a_connector_that_does_not_exist_yet_and_serves_it() {
    let stack = Stack::small().await;
    let config = stack.admin_config(&[&stack.connector, "comes-later"]);
    std::fs::write(stack.file("waiting.yml"), &config).unwrap();
    std::fs::write(stack.file("alone.yml"), config.replace(&stack.connector, "never-comes")).unwrap();
    let mut alone = stack.start_service_with(&stack.file("alone.yml"));
    eventually("the service says what it waits for", async || {
        alone.log().contains("there is no such connector").then_some(())
    })
    .await;
    let service = stack.start_service_with(&stack.file("waiting.yml"));
    let job = stack.elastic.create_job(&stack.connector).await;
    assert_eq!(stack.finished(&job).await.status(), "completed");
    assert!(service.log().contains("comes-later"), "{}", service.log());
    let (status, _) = alone.terminate().await;
    assert!(status.success(), "{}", alone.log());
}
