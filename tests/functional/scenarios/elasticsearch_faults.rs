//! What Elasticsearch itself may do to a sync: refuse writes, be full, go away and come back.

use jira_fixture::{Fault, FaultKind};
use serde_json::json;

use crate::harness::{Node, Service, Setup, Stack, eventually};

async fn block(stack: &Stack, blocked: bool) {
    let block = if blocked { json!(true) } else { json!(null) };
    let settings = json!({ "index.blocks.read_only_allow_delete": block });
    stack
        .elastic
        .put(&format!("/{}/_settings", stack.index), &settings)
        .await;
}

/// A job whose first documents are indexed, and whose others come some seconds later.
async fn half_way(stack: &Stack) -> (String, Service) {
    stack.jira.site.add_fault(Fault {
        after: 1,
        delay_ms: 5_000,
        ..Fault::new("bulkfetch", FaultKind::Delay)
    });
    let job = stack.elastic.create_job(&stack.connector).await;
    let service = stack.start_service();
    eventually("the first documents are indexed", async || {
        let index = format!("/{}", stack.index);
        let count = stack.elastic.get(&format!("{index}/_stats/indexing")).await;
        let indexed = count["_all"]["primaries"]["indexing"]["index_total"].as_u64();
        indexed.filter(|indexed| *indexed > 0)
    })
    .await;
    (job, service)
}

/// What Elasticsearch does to every index of a node whose disk is nearly full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_without_room_fails_the_job_and_says_so() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    block(&stack, true).await;
    let gone = stack.jira.special("comments_24");
    stack.jira.site.delete_issue(&gone).unwrap();
    let failed = stack.sync(&[]).await;
    assert_eq!(failed.job.status(), "error", "{}", failed.output);
    failed.output.complains_of(&[&stack.index, "read-only", "disk"]);
    assert_eq!(failed.job.documents("deleted"), 0);
    assert!(before.keys().eq(stack.outlines().await.keys()), "nothing was removed");
    block(&stack, false).await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

/// The same, but the disk fills up while the sync runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_runs_out_of_room_fails_the_job_at_once() {
    let stack = Stack::small().await;
    let (job, _service) = half_way(&stack).await;
    block(&stack, true).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "error");
    for words in [&stack.index, "read-only", "free space"] {
        assert!(job.error().contains(words), "no \"{words}\" in: {}", job.error());
    }
    assert_eq!(job.documents("deleted"), 0);
    assert!(job.documents("indexed") > 0, "what came before the block counts");
}

/// On a node of its own: the restart would fail every other test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_restarts_during_a_sync_is_waited_for() {
    let node = Node::start().await;
    let mut setup = Setup::default();
    setup
        .config
        .extend(["elasticsearch.max_retries: 60", "elasticsearch.retry_interval: 1"]);
    let stack = Stack::with_node(&node, setup).await;
    let (job, service) = half_way(&stack).await;
    node.down().await;
    node.up().await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "{}\n{}", job.error(), service.log());
    stack.assert_index_is_the_model().await;
    assert_eq!(job.documents("total"), stack.outlines().await.len() as u64);
}
