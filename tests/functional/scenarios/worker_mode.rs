//! A worker that serves whatever connectors of its type there are, without any being named to it. What is done for one
//! connector is in the other scenarios.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Node, Setup, Stack, eventually, run_program};

/// A connector of another kind with the configuration of the first, and a job that waits.
async fn job_of_foreign(stack: &Stack, id: &str, body: &Value) -> String {
    stack.elastic.put(&format!("/_connector/{id}"), body).await;
    let configuration = stack.connector_record().await["configuration"].clone();
    let body = json!({ "configuration": configuration });
    let path = format!("/_connector/{id}/_configuration");
    stack.elastic.put(&path, &body).await;
    stack.elastic.create_job(id).await
}

/// A job of the connector runs, its index is filled, and its record says that somebody is there.
async fn assert_served(stack: &Stack, connector: &str, index: &str) {
    let job = stack.elastic.create_job(connector).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "{connector}: {}", job.error());
    assert!(!stack.elastic.outlines(index).await.is_empty(), "{connector}");
    // It is written after the job.
    let record = eventually("the connector tells of the sync", async || {
        let record = stack.elastic.connector(connector).await;
        (record["last_sync_status"] != "in_progress").then_some(record)
    })
    .await;
    assert_eq!(
        (&record["status"], &record["error"], &record["last_sync_status"]),
        (&json!("connected"), &Value::Null, &json!("completed")),
        "{connector}"
    );
    let before = record["last_seen"].as_str().unwrap().to_owned();
    eventually("the connector has another sign of life", async || {
        let record = stack.elastic.connector(connector).await;
        (record["last_seen"].as_str() > Some(&before)).then_some(())
    })
    .await;
}

/// On a node of its own: it would run the jobs of every other test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_mode_serves_every_connector_of_its_type_and_no_others() {
    let node = Node::start().await;
    let stack = Stack::with_node(&node, Setup::default().field("projects", "FIX")).await;
    let second = stack.another_connector(1).await;
    let other_type = format!("{}-other-type", stack.index);
    let native = format!("{}-native", stack.index);
    let content = format!("content-{native}");
    let kinds = [
        (
            &other_type,
            json!({ "index_name": other_type, "service_type": "confluence" }),
        ),
        (
            &native,
            json!({ "index_name": content, "service_type": "jira", "is_native": true }),
        ),
    ];
    let mut foreign = Vec::new();
    for (connector, body) in &kinds {
        foreign.push((*connector, job_of_foreign(&stack, connector, body).await));
    }
    let mut before = Vec::new();
    for (connector, job) in &foreign {
        before.push((stack.elastic.connector(connector).await, stack.elastic.job(job).await));
    }

    let config =
        stack.admin_config(&[]) + "service.worker_mode: true\nservice.service_types: [jira]\nservice.heartbeat: 1\n";
    std::fs::write(stack.file("worker.yml"), config).unwrap();
    let file = stack.file("worker.yml").display().to_string();
    let output = run_program(stack.folder(), &["-c", &file, "check"]).await.exits_with(0);
    for connector in [&stack.connector, &second] {
        assert!(output.stdout.contains(connector.as_str()), "{}", output.stdout);
    }
    assert!(!output.stdout.contains(&native), "{}", output.stdout);
    let mut worker = stack.start_service_with(&stack.file("worker.yml"));
    assert_served(&stack, &stack.connector, &stack.index).await;
    assert_served(&stack, &second, &second).await;
    let third = stack.another_connector(2).await;
    assert_served(&stack, &third, &third).await;

    // One without any configuration is told what it needs.
    let bare = format!("{}-bare", stack.index);
    let body = json!({ "index_name": bare, "service_type": "jira" });
    stack.elastic.put(&format!("/_connector/{bare}"), &body).await;
    eventually("the fields of the new connector are registered", async || {
        let record = stack.elastic.connector(&bare).await;
        let asks = record["status"] == "needs_configuration" && record["configuration"]["jira_url"].is_object();
        (asks && record["last_seen"].is_string()).then_some(())
    })
    .await;

    for ((connector, job), before) in foreign.iter().zip(before) {
        let now = (stack.elastic.connector(connector).await, stack.elastic.job(job).await);
        assert_eq!(now.1["status"], "pending", "{connector}");
        assert_eq!(now, before, "{connector} is left alone");
    }
    for index in [&other_type, &content] {
        let (status, _) = stack.elastic.call(Method::GET, &format!("/{index}"), None).await;
        assert_eq!(status, 404, "{index}: nothing was written for them");
    }
    let (status, _) = worker.terminate().await;
    assert!(status.success(), "{}", worker.log());
    let log = worker.log();
    for (connector, _) in foreign {
        assert!(
            !log.contains(connector.as_str()),
            "{connector} is nothing to speak of: {log}"
        );
    }
}
