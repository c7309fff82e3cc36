//! Sync rules in force: what they leave out leaves the index, what they keep stays, and nothing else moves.

use std::collections::BTreeMap;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::harness::{Stack, rule};

const INCREMENTAL: &[&str] = &["--type", "incremental"];

/// How many documents there are of each kind: issues by type, files and projects by their own.
fn types(documents: &BTreeMap<String, Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for document in documents.values() {
        *counts.entry(document["Type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_rule_leaves_out_leaves_the_index_and_comes_back_without_the_rule() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    let bugs: Vec<&Value> = before
        .values()
        .filter(|document| document["Type"] == "Bug")
        .map(|document| &document["Key"])
        .collect();
    let goes = |document: &Value| bugs.contains(&&document["Key"]) || bugs.contains(&&document["issue"]);
    let going = before.values().filter(|document| goes(document)).count();
    assert!(going > bugs.len() && bugs.len() > 10, "bugs with files are needed");

    stack
        .activate_rules(
            &[rule(1, "exclude", "Issue.issuetype.name", "equals", "Bug")],
            &json!({}),
        )
        .await;
    // A change of rules counts from the next sync on, whatever its kind. The guard does not count what rules leave out.
    let job = stack.sync_completes(INCREMENTAL).await;
    assert_eq!(job.documents("deleted"), going as u64);
    assert_eq!(job.noted("documents_left_out_by_rules"), going as u64);
    assert!(
        job.skipped().iter().any(|note| note.contains("sync rules changed")),
        "{:?}",
        job.skipped()
    );
    let kept: Vec<&String> = before
        .iter()
        .filter(|(_, document)| !goes(document))
        .map(|(id, _)| id)
        .collect();
    let after = stack.outlines().await;
    assert_eq!(after.keys().collect::<Vec<_>>(), kept);
    let filtering = &job.0["connector"]["filtering"];
    assert!(
        filtering.to_string().contains("Issue.issuetype.name"),
        "the job's record names the rules: {filtering}"
    );

    // Under the same rules an incremental sync is one again.
    let job = stack.sync_completes(INCREMENTAL).await;
    assert_eq!(job.noted("issues_listed"), 0);
    stack.command(&["verify"]).await.exits_with(0);

    stack.activate_rules(&[], &json!({})).await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_rule_that_matches_decides_for_every_kind_of_document() {
    let stack = Stack::small().await;
    let rules = [
        rule(1, "include", "Type", "equals", "Attachment"),
        rule(2, "include", "Issue.priority.name", "equals", "High"),
        rule(3, "exclude", "Type", "regex", ".+"),
    ];
    stack.activate_rules(&rules, &json!({})).await;
    stack.sync_completes(&[]).await;
    let model = stack.jira.site.model();
    let documents = stack.documents().await;
    let files = documents
        .values()
        .filter(|document| document["Type"] == "Attachment")
        .count();
    assert_eq!(files, model.attachments);
    let issues: Vec<&Value> = documents
        .values()
        .filter(|document| document["Issue"].is_object())
        .collect();
    assert!(!issues.is_empty() && issues.len() < model.issues);
    assert!(
        issues
            .iter()
            .all(|document| document["Issue"]["priority"]["name"] == "High")
    );
    assert_eq!(documents.len(), files + issues.len(), "projects are left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_a_rule_catches_later_is_removed_by_the_next_incremental_sync() {
    let stack = Stack::small().await;
    stack
        .activate_rules(
            &[rule(1, "exclude", "Issue.summary", "starts_with", "SECRET")],
            &json!({}),
        )
        .await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let key = stack.jira.special("attachments");
    let before = stack.outlines().await;
    let belongs = |document: &Value| document["Key"] == *key || document["issue"] == *key;
    let going = before.values().filter(|document| belongs(document)).count();
    assert!(going > 1);

    stack
        .jira
        .site
        .update_issue(&key, &json!({ "summary": "SECRET plan" }))
        .unwrap();
    let job = stack.sync_completes(INCREMENTAL).await;
    assert_eq!(job.documents("deleted"), going as u64);
    assert!(!stack.outlines().await.values().any(belongs));

    stack
        .jira
        .site
        .update_issue(&key, &json!({ "summary": "open plan" }))
        .unwrap();
    stack.sync_completes(INCREMENTAL).await;
    stack.assert_index_is_the_model().await;
    assert_eq!(types(&stack.outlines().await), types(&before));
}

/// Whoever writes rules past the validation is told; nothing is indexed that they might have wanted to keep out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_make_no_sense_fail_the_job_before_anything_is_read() {
    let stack = Stack::small().await;
    stack
        .activate_rules(&[rule(1, "exclude", "size", ">", "large")], &json!({}))
        .await;
    let synced = stack.sync(&[]).await;
    assert_eq!(synced.job.status(), "error");
    synced
        .output
        .complains_of(&["sync rules", "rule-1", "size holds numbers", "large"]);
    assert!(stack.outlines().await.is_empty());
}

/// Elastic's connector looked at top-level fields only, so a rule about a nested one never removed anything there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_the_python_connector_ignored_removes_nothing_before_it_is_allowed() {
    let stack = Stack::small().await;
    for (id, status) in [("AB-1", "Done"), ("AB-2", "Open"), ("AB-3", "Done")] {
        let document = json!({ "Key": id, "Type": "Task", "Issue": { "status": { "name": status } } });
        let path = format!("/{}/_doc/{id}?refresh=true", stack.index);
        stack.elastic.put(&path, &document).await;
    }
    let rules = [rule(1, "exclude", "Issue.status.name", "equals", "Done")];
    stack.activate_rules(&rules, &json!({})).await;
    let output = stack.command(&["sync", "now"]).await.exits_with(1);
    output.complains_of(&["nothing was changed", "2 of its 3 documents", "--allow-deletions 2"]);
    assert_eq!(stack.documents().await.len(), 3, "nothing was written or removed");
    let allowed = stack.command(&["sync", "now", "--allow-deletions", "2"]).await;
    assert!(!allowed.text().contains("nothing was changed"), "{allowed}");
}
