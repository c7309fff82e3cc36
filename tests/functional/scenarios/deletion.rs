//! What goes away in Jira goes away in the index, with all that belongs to it and nothing else. When too much would go
//! is in `deletion_guard`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Job, Stack};

/// Documents whose `_id` is in the first and not in the second.
fn gone(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    before.keys().filter(|id| !after.contains_key(*id)).cloned().collect()
}

/// A stack with everything indexed.
async fn synced() -> Stack {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    stack
}

/// Syncs, and checks the index and the job's counts against what was there before.
async fn sync_from(stack: &Stack, before: &BTreeMap<String, Value>) -> (Job, BTreeMap<String, Value>) {
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let after = stack.outlines().await;
    assert_eq!(job.documents("deleted"), gone(before, &after).len() as u64);
    assert_eq!(job.documents("total"), after.len() as u64);
    (job, after)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_issue_leaves_with_its_attachments_and_single_deletions_are_seen() {
    let stack = synced().await;
    let before = stack.outlines().await;
    let key = stack.jira.special("attachments");
    stack.jira.site.delete_issue(&key).unwrap();
    let other = before
        .values()
        .find(|document| document["Key"].is_null() && document["issue"] != key.as_str());
    let attachment = other.unwrap()["jira_id"].as_u64().unwrap();
    stack.jira.site.delete_attachment(attachment as u32).unwrap();
    let commented = stack.jira.special("comments_20");
    let (_, document) = stack.issue(&commented).await.unwrap();
    let comment = document["Issue"]["comment"]["comments"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stack
        .jira
        .site
        .delete_comment(&commented, comment.parse().unwrap())
        .unwrap();

    let (_, after) = sync_from(&stack, &before).await;
    let gone = gone(&before, &after);
    assert!(
        gone.iter().filter(|id| id.starts_with(&format!("{key}-"))).count() >= 10,
        "{gone:?}"
    );
    assert!(
        gone.iter().any(|id| id.ends_with(&format!("-{attachment}"))),
        "{gone:?}"
    );
    let (_, document) = stack.issue(&commented).await.unwrap();
    let comments = document["Issue"]["comment"]["comments"].as_array().unwrap();
    assert!(comments.iter().all(|one| one["id"] != comment.as_str()));
}

/// The first project has a third of all documents: more than the guard lets go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_project_changes_ids_and_is_no_deletion() {
    let stack = synced().await;
    let before = stack.outlines().await;
    stack.jira.site.reset_requests();
    stack
        .jira
        .site
        .rename_project("FIX", None, Some("Renamed – Größer"))
        .unwrap();
    let (_, renamed) = sync_from(&stack, &before).await;
    let moved = gone(&before, &renamed);
    assert!(
        moved.len() * 5 > before.len(),
        "more than a fifth of the index has new ids: {}",
        moved.len()
    );
    assert!(moved.iter().all(|id| id.starts_with("Fixture-FIX-")), "{moved:?}");
    let missing = stack.jira.answered(404);
    assert_eq!(
        stack.jira.requests_to("attachment_content"),
        missing,
        "attachments keep their ids and their text"
    );

    stack.jira.site.rename_project("FIX", Some("FIXED"), None).unwrap();
    let (_, rekeyed) = sync_from(&stack, &renamed).await;
    let texts = |documents: &BTreeMap<String, Value>| {
        let with_text = documents.values().filter(|document| document["body"].is_string());
        with_text
            .map(|document| document["jira_id"].as_u64().unwrap())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(texts(&before), texts(&rekeyed), "no attachment lost its text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_issue_is_there_once_under_its_new_id() {
    let stack = synced().await;
    let before = stack.outlines().await;
    let key = stack.jira.special("attachments");
    let new_key = stack.jira.site.move_issue(&key, "DEV_2").unwrap();
    let (_, after) = sync_from(&stack, &before).await;
    assert!(!after.contains_key(&format!("Fixture-{key}")));
    let (_, document) = stack.issue(&new_key).await.unwrap();
    let id = document["jira_id"].clone();
    let same = after
        .values()
        .filter(|other| other["Issue"].is_object() && other["jira_id"] == id);
    assert_eq!(same.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archived_and_binned_things_leave_without_counting_for_the_guard() {
    let stack = synced().await;
    let before = stack.outlines().await;
    let key = stack.jira.special("comments_120");
    stack.jira.site.archive_issue(&key, true).unwrap();
    let (_, without_issue) = sync_from(&stack, &before).await;
    assert!(gone(&before, &without_issue).contains(&format!("Fixture-{key}")));

    stack.jira.site.archive_project("FIX").unwrap();
    let (_, without_project) = sync_from(&stack, &without_issue).await;
    assert!(gone(&without_issue, &without_project).len() * 5 > without_issue.len());

    stack.jira.site.delete_project("DEV_2").unwrap();
    let (_, without_both) = sync_from(&stack, &without_project).await;
    assert!(gone(&without_project, &without_both).len() * 5 > without_project.len());

    stack.jira.site.restore_project("FIX").unwrap();
    sync_from(&stack, &without_both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projects_that_the_configuration_no_longer_names_leave_without_counting_for_the_guard() {
    let stack = synced().await;
    let path = format!("/_connector/{}/_configuration", stack.connector);
    let values = json!({ "values": { "projects": "AND, EMPTY" } });
    stack.elastic.put(&path, &values).await;
    let job = stack.sync_completes(&[]).await;
    let documents = stack.outlines().await;
    let of_others = documents.values().filter(|document| {
        let key = document["Key"].as_str().or(document["issue"].as_str()).unwrap();
        key != "EMPTY" && key != "AND" && !key.starts_with("AND-")
    });
    assert_eq!(of_others.count(), 0);
    let counts = stack.jira.site.model();
    assert_eq!(
        documents
            .values()
            .filter(|document| document["Project"].is_object())
            .count(),
        2
    );
    assert!(
        documents.len() < counts.issues / 2 && documents.len() > 10,
        "{}",
        documents.len()
    );
    assert_eq!(job.documents("total"), documents.len() as u64);
}

/// Jira's search may be behind: what it leaves out while it can be read is no deletion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_search_leaves_out_for_a_while_stays() {
    let stack = synced().await;
    let key = stack.jira.special("comments_120");
    stack.jira.site.archive_issue(&key, true).unwrap();
    stack.jira.site.set(|settings| settings.search_lag_ms = 600_000);
    // Brought back, but the search still takes it for archived.
    stack.jira.site.archive_issue(&key, false).unwrap();
    let job = stack.sync_completes(&[]).await;
    assert_eq!(job.documents("deleted"), 0);
    stack.assert_index_is_the_model().await;
    assert!(stack.issue(&key).await.is_some());
}
