//! An index belongs to one connector. A second one that is made to write to it is refused before it writes or removes
//! anything, and says how the index is handed over.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack, Synced};

/// Edits a connector's record by hand.
async fn edit(stack: &Stack, connector: &str, doc: Value) {
    let path = format!("/.elastic-connectors/_update/{connector}?refresh=true");
    stack.elastic.post(&path, &json!({ "doc": doc })).await;
}

/// A second connector whose record names the index of the first, with other projects; its config.yml.
async fn second(stack: &Stack) -> (String, String) {
    let id = stack.another_connector(2).await;
    let fields = json!({ "projects": { "value": "EMPTY" } });
    let features = stack.connector_record().await["features"].clone();
    let doc = json!({ "index_name": stack.index, "configuration": fields, "features": features });
    edit(stack, &id, doc).await;
    let config = stack.file("second.yml");
    std::fs::write(&config, stack.admin_config(&[&id])).unwrap();
    (id, config.display().to_string())
}

async fn meta(stack: &Stack) -> Value {
    stack.elastic.get(&format!("/{}/_mapping", stack.index)).await[&stack.index]["mappings"]["_meta"].take()
}

async fn sync_with(stack: &Stack, config: &str, options: &[&str]) -> Synced {
    let all = [&["-c", config][..], options].concat();
    stack.sync(&all).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_connector_removes_no_document_of_the_first() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    let (id, config) = second(&stack).await;
    let says = [
        id.as_str(),
        stack.connector.as_str(),
        stack.index.as_str(),
        "--take-over-index",
    ];
    for job_type in ["full", "incremental"] {
        let refused = sync_with(&stack, &config, &["--type", job_type, "--allow-deletions", "1000"]).await;
        assert_eq!(refused.job.status(), "error", "{}", refused.output);
        refused.output.complains_of(&says);
    }
    for command in [
        &["verify"][..],
        &["sync", "now", "--dry-run"],
        &["connector", "delete", &id, "--with-index", "--yes"],
    ] {
        let arguments = [&["-c", config.as_str()][..], command].concat();
        stack.command(&arguments).await.exits_with(1).complains_of(&says);
    }
    let checked = stack.command(&["-c", &config, "check"]).await.exits_with(1);
    assert!(says.iter().all(|part| checked.text().contains(part)), "{checked}");
    assert_eq!(stack.outlines().await, before);
    stack.sync_completes(&[]).await;

    let arguments = [
        "-c",
        &config,
        "connector",
        "configure",
        "--connector-id",
        &id,
        "--take-over-index",
    ];
    let taken = stack.command(&arguments).await.exits_with(0);
    assert!(taken.text().contains(&stack.connector), "{taken}");
    let refused = stack.sync(&[]).await;
    assert_eq!(refused.job.status(), "error", "{}", refused.output);
    refused.output.complains_of(&says);
    assert_eq!(stack.outlines().await, before);
    let now = sync_with(&stack, &config, &["--allow-deletions", "1000"]).await;
    assert_eq!(now.job.status(), "completed", "{}", now.output);
    assert!(
        now.job.documents("deleted") > 0,
        "the documents are the second one's to remove"
    );
}

/// Neither was first, so neither gets it by being quick.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_syncs_at_once_do_not_both_write_to_an_index() {
    let stack = Stack::small().await;
    let (id, config) = second(&stack).await;
    stack
        .elastic
        .call(Method::DELETE, &format!("/{}", stack.index), None)
        .await;
    let (one, two) = tokio::join!(stack.sync(&[]), sync_with(&stack, &config, &[]));
    for refused in [one, two] {
        assert_eq!(refused.job.status(), "error", "{}", refused.output);
        refused
            .output
            .complains_of(&[&id, &stack.connector, "--take-over-index"]);
    }
    assert_eq!(stack.outlines().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_elastics_connector_is_adopted_and_keeps_its_notes() {
    let stack = Stack::small().await;
    stack
        .elastic
        .call(Method::DELETE, &format!("/{}", stack.index), None)
        .await;
    let theirs = json!({ "mappings": { "_meta": { "made": { "by": "a template" } } } });
    stack.elastic.put(&format!("/{}", stack.index), &theirs).await;
    stack.sync_completes(&[]).await;
    let wanted = json!({ "made": { "by": "a template" }, "connector_id": stack.connector });
    assert_eq!(meta(&stack).await, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_of_a_deleted_connector_is_free_for_another() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let (id, config) = second(&stack).await;
    edit(
        &stack,
        &id,
        json!({ "configuration": { "projects": { "value": "*" } } }),
    )
    .await;
    let arguments = ["-c", &config, "connector", "delete", &stack.connector, "--yes"];
    stack.command(&arguments).await.exits_with(0);
    let checked = stack.command(&["-c", &config, "check"]).await;
    assert!(checked.text().contains("does not exist any more"), "{checked}");
    let adopted = sync_with(&stack, &config, &[]).await;
    assert_eq!(adopted.job.status(), "completed", "{}", adopted.output);
    assert_eq!(meta(&stack).await["connector_id"], id.as_str());
    stack.assert_index_is_the_model().await;
}

/// An access control sync writes to the content index as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_control_sync_of_a_second_connector_is_refused() {
    let stack = Stack::with(Setup::default().field("use_document_level_security", "true")).await;
    let (id, config) = second(&stack).await;
    let refused = sync_with(&stack, &config, &["--type", "access_control"]).await;
    assert_eq!(refused.job.status(), "error", "{}", refused.output);
    refused
        .output
        .complains_of(&[&id, &stack.connector, "--take-over-index"]);
}
