//! Advanced sync rules: queries in place of projects, with the same proof before anything is removed.

use std::collections::{BTreeMap, BTreeSet};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack};

const INCREMENTAL: &[&str] = &["--type", "incremental"];

/// The keys of the indexed issues, and of the indexed projects.
fn keys(documents: &BTreeMap<String, Value>) -> (BTreeSet<String>, BTreeSet<String>) {
    let key = |document: &Value| document["Key"].as_str().map(str::to_owned);
    let (projects, others): (Vec<&Value>, Vec<&Value>) =
        documents.values().partition(|document| document["Project"].is_object());
    (
        others.into_iter().filter_map(key).collect(),
        projects.into_iter().filter_map(key).collect(),
    )
}

fn projects_of(issues: &BTreeSet<String>) -> BTreeSet<String> {
    let project = |key: &String| key.rsplit_once('-').unwrap().0.to_owned();
    issues.iter().map(project).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_take_the_place_of_projects() {
    // The configured project has nothing to do with the rules.
    let stack = Stack::with(Setup::default().field("projects", "EMPTY")).await;
    let odd = stack
        .jira
        .site
        .create_issue(
            "DEV_2",
            &json!({ "summary": "100% A&B #1 + \"C\"", "labels": ["odd&#+%"] }),
        )
        .unwrap();
    let rules = json!([
        { "query": "project = FIX AND issuetype = Bug ORDER BY key" },
        { "query": "issuetype = Bug AND project in (FIX, \"AND\")" },
        { "query": "labels = \"odd&#+%\"" },
    ]);
    stack.activate_rules(&[], &rules).await;
    stack.jira.site.reset_requests();
    let job = stack.sync_completes(&[]).await;
    let documents = stack.documents().await;
    let (issues, projects) = keys(&documents);
    assert!(issues.contains(&odd) && issues.len() > 10, "{issues:?}");
    let expected = |document: &Value| {
        document["Key"] == odd || (document["Type"] == "Bug" && !document["Issue"]["project"]["key"].is_null())
    };
    let found = documents.values().filter(|document| document["Issue"].is_object());
    assert!(found.clone().all(expected));
    assert_eq!(
        job.noted("issues_listed"),
        found.count() as u64,
        "rules that overlap list an issue once"
    );
    assert_eq!(
        projects,
        projects_of(&issues),
        "documents of touched projects are kept, no others"
    );
    stack.command(&["verify"]).await.exits_with(0);
    assert_eq!(stack.jira.answered(400), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_left_the_result_goes_and_one_that_search_forgot_stays() {
    let stack = Stack::with(Setup::default().field("sweep_interval", "0")).await;
    let site = &stack.jira.site;
    let rules = json!([{ "query": "project = FIX AND (labels is EMPTY OR labels not in (\"leaves\"))" }]);
    stack.activate_rules(&[], &rules).await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    let (issues, _) = keys(&before);
    assert!(
        issues.len() > 100,
        "one issue must be less than a hundredth: {}",
        issues.len()
    );

    // The query finds it no more: it leaves with the next sweep, and so does what belongs to it.
    let leaves = stack.jira.special("attachments");
    site.update_issue(&leaves, &json!({ "labels": ["leaves"] })).unwrap();
    stack.sync_completes(INCREMENTAL).await;
    let after = stack.outlines().await;
    let belongs = |document: &Value| document["Key"] == *leaves || document["issue"] == *leaves;
    assert!(before.values().any(|document| document["issue"] == *leaves));
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        before
            .iter()
            .filter(|(_, document)| !belongs(document))
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    );

    // It comes back, and once more search is behind when it is asked for it: the index of the cluster keeps it.
    site.update_issue(&leaves, &json!({ "labels": [] })).unwrap();
    stack.sync_completes(INCREMENTAL).await;
    assert_eq!(stack.outlines().await, before);
    site.update_issue(&leaves, &json!({ "labels": ["leaves"] })).unwrap();
    site.set(|settings| settings.search_lag_ms = 3_600_000);
    site.update_issue(&leaves, &json!({ "labels": [] })).unwrap();
    stack.sync_completes(&[]).await;
    let (kept, _) = keys(&stack.outlines().await);
    assert!(kept.contains(&leaves), "Jira itself says that it fits the query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_jira_refuses_fails_the_job_and_removes_nothing() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    stack
        .activate_rules(
            &[],
            &json!([{ "query": "project = FIX" }, { "query": "project = NOSUCH" }]),
        )
        .await;
    let synced = stack.sync(&[]).await;
    assert_eq!(synced.job.status(), "error");
    synced.output.complains_of(&["rule 2", "NOSUCH", "Nothing was synced"]);
    assert_eq!(stack.outlines().await, before);
}
