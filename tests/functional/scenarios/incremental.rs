//! Incremental syncs: their cost follows the changes, and the index becomes what a full sync would make of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Job, Setup, Stack};

const INCREMENTAL: &[&str] = &["--type", "incremental"];

/// A stack with everything indexed. `sweep`: whether every incremental sync looks for deletions too.
async fn synced(sweep: bool) -> Stack {
    let stack = Stack::with(Setup::default().field("sweep_interval", if sweep { "0" } else { "60" })).await;
    stack.sync_completes(&[]).await;
    stack.jira.site.reset_requests();
    stack
}

async fn incremental(stack: &Stack) -> Job {
    let job = stack.sync_completes(INCREMENTAL).await;
    stack.assert_index_is_the_model().await;
    job
}

/// Every indexed issue is as Jira has it now.
async fn assert_nothing_is_outdated(stack: &Stack) {
    let output = stack.command(&["verify", "--output", "json"]).await;
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(output.json()["complete"], true, "{output}");
}

/// The keys of an epic and of an issue that shows it as its parent. An epic does not list its children.
async fn epic_and_child(stack: &Stack) -> (String, String) {
    let documents = stack.documents().await;
    let key = |value: &Value| value.as_str().unwrap().to_owned();
    let children = documents.values().filter(|document| {
        let parent = &document["Issue"]["parent"];
        parent["fields"]["issuetype"]["name"] == "Epic"
    });
    children
        .map(|child| (key(&child["Issue"]["parent"]["key"]), key(&child["Key"])))
        .next()
        .unwrap()
}

fn cursor_of(record: &Value) -> String {
    record["sync_cursor"]["cursor"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_is_fetched_and_nothing_else() {
    let stack = synced(false).await;
    let site = &stack.jira.site;
    let touched = site.touch(50, 7).unwrap();
    let commented = stack.jira.special("comments_20");
    site.add_comment(&commented, &json!({ "body": "zebra crossing" }))
        .unwrap();
    let (epic, child) = epic_and_child(&stack).await;
    site.update_issue(&epic, &json!({ "summary": "aardvark" })).unwrap();
    let created = site.create_issue("FIX", &json!({ "summary": "made since" })).unwrap();
    let job = incremental(&stack).await;
    assert_nothing_is_outdated(&stack).await;
    let (_, document) = stack.issue(&commented).await.unwrap();
    assert!(document["Issue"]["comment"].to_string().contains("zebra crossing"));
    assert!(stack.issue(&created).await.is_some());
    let (_, document) = stack.issue(&child).await.unwrap();
    assert_eq!(document["Issue"]["parent"]["fields"]["summary"], "aardvark");
    assert!(
        job.noted("jira_requests") <= 15 + touched.len() as u64 / 2,
        "{}",
        job.0["metadata"]
    );
    assert!(
        job.documents("indexed") < 150,
        "only what changed is written: {}",
        job.0
    );

    let before = cursor_of(&stack.connector_record().await);
    let job = incremental(&stack).await;
    assert_eq!(
        job.noted("issues_processed"),
        0,
        "what is indexed as it is in Jira is not fetched again"
    );
    assert!(job.noted("jira_requests") <= 8, "{}", job.0["metadata"]);
    assert_eq!(
        cursor_of(&stack.connector_record().await),
        before,
        "nothing changed, so the cursor stays"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_project_is_read_again() {
    let stack = synced(false).await;
    stack.jira.site.rename_project("AND", None, Some("Ampersand")).unwrap();
    incremental(&stack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_issue_that_moved_leaves_no_second_document() {
    let stack = synced(false).await;
    let key = stack.jira.special("attachments");
    stack.jira.site.move_issue(&key, "DEV_2").unwrap();
    incremental(&stack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweep_finds_what_vanished_and_what_came_back() {
    let stack = synced(true).await;
    let site = &stack.jira.site;
    let (deleted, archived) = (stack.jira.special("comments_20"), stack.jira.special("comments_120"));
    site.delete_issue(&deleted).unwrap();
    site.archive_issue(&archived, true).unwrap();
    let (epic, child) = epic_and_child(&stack).await;
    site.delete_issue(&epic).unwrap();
    let job = incremental(&stack).await;
    assert!(job.documents("deleted") >= 3);
    let (_, document) = stack.issue(&child).await.unwrap();
    assert_ne!(document["Issue"]["parent"]["key"], epic.as_str());
    assert!(stack.issue(&deleted).await.is_none() && stack.issue(&archived).await.is_none());

    site.archive_issue(&archived, false).unwrap();
    incremental(&stack).await;
    assert!(stack.issue(&archived).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_full_sync_before_it_everything_is_read() {
    let stack = Stack::small().await;
    incremental(&stack).await;
    assert_nothing_is_outdated(&stack).await;
    assert!(!cursor_of(&stack.connector_record().await).is_empty());
}

/// A cursor from another Jira, or from before its clock was set back, would skip changes for years.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_from_the_future_is_not_believed() {
    let stack = synced(false).await;
    let cursor = cursor_of(&stack.connector_record().await);
    let mut parsed: Value = serde_json::from_str(&cursor).unwrap();
    parsed["updated"] = "2099-01-01T00:00:00Z".into();
    let path = format!("/_connector/{}/_last_sync", stack.connector);
    let body = json!({ "sync_cursor": { "cursor": parsed.to_string() } });
    stack.elastic.put(&path, &body).await;
    stack.jira.site.touch(20, 8).unwrap();
    incremental(&stack).await;
    assert_nothing_is_outdated(&stack).await;
    assert!(!cursor_of(&stack.connector_record().await).contains("2099"));
}

/// Search shows a change late, and in between another change has moved the cursor past it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_search_shows_late_is_not_lost() {
    let stack = synced(false).await;
    let site = &stack.jira.site;
    let late = stack.jira.special("comments_20");
    site.set(|settings| settings.search_lag_ms = 3_600_000);
    site.update_issue(&late, &json!({ "summary": "late in the index" }))
        .unwrap();
    stack.sync_completes(INCREMENTAL).await;
    site.set(|settings| settings.search_lag_ms = 0);
    let other = stack.jira.special("comments_120");
    site.update_issue(&other, &json!({ "summary": "moves the cursor" }))
        .unwrap();
    stack.sync_completes(INCREMENTAL).await;
    incremental(&stack).await;
    let (_, document) = stack.issue(&late).await.unwrap();
    assert_eq!(document["Issue"]["summary"], "late in the index");
}

/// The framework's connector makes an index without a mapping, writes no numeric ids, and leaves documents behind whose
/// issues are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_the_framework_is_taken_over() {
    let stack = synced(false).await;
    let documents = stack.documents().await;
    let index = format!("/{}", stack.index);
    let (status, answer) = stack.elastic.call(Method::DELETE, &index, None).await;
    assert_eq!(status, 200, "{answer}");
    stack.elastic.put(&index, &json!({})).await;
    for (id, mut document) in documents {
        let fields = document.as_object_mut().unwrap();
        for ours in ["jira_id", "issue_id", "url", "_extraction"] {
            fields.remove(ours);
        }
        // An index without a mapping refuses some values of our Jira's app fields; the framework would have lost them.
        fields.remove("Custom_Fields");
        stack
            .elastic
            .put(&format!("{index}/_doc/{}", percent(&id)), &document)
            .await;
    }
    let stale = json!({ "Key": "FIX-99999", "Type": "Bug", "id": "Fixture-FIX-99999", "Issue": {} });
    stack
        .elastic
        .put(&format!("{index}/_doc/Fixture-FIX-99999"), &stale)
        .await;
    stack.elastic.get(&format!("{index}/_refresh")).await;
    incremental(&stack).await;
    let documents = stack.documents().await;
    assert!(
        documents.values().all(|document| document["jira_id"].is_u64()),
        "every document was written anew"
    );
    let job = incremental(&stack).await;
    assert_eq!(job.noted("issues_processed"), 0, "from now on only changes are read");
}

fn percent(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
