//! Advanced sync rules: queries in place of projects, with the same proof before anything is removed.

use std::collections::{BTreeMap, BTreeSet};

use jira_fixture::Version;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::dialects::data_center;
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

/// Data Center has neither a parser of queries nor a search that looks past its index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_center_answers_for_rules_too() {
    let setup = data_center(Version::new(9, 12), "").field("sweep_interval", "0");
    let stack = Stack::with(setup.field("projects", "EMPTY")).await;
    let site = &stack.jira.site;
    let odd = json!({ "summary": "odd", "labels": ["odd&#+%", "Größe"] });
    let odd = site.create_issue("DEV_2", &odd).unwrap();
    // A rule with OR must not reach beyond itself: into the cursor's condition, or into the next rule.
    let rules = json!([
        { "query": "project = FIX AND labels is EMPTY OR\n\tproject = FIX AND labels not in (\"leaves\") ORDER BY key" },
        { "query": "issuetype = Bug AND project in (FIX, \"AND\")" },
        { "query": "labels = \"odd&#+%\" AND labels in ('Größe', \"order by\")" },
    ]);
    let file = stack.file("rules.json");
    std::fs::write(&file, json!({ "rules": [], "advanced_snippet": rules }).to_string()).unwrap();
    let file = file.display().to_string();
    let validate = ["--output", "json", "rules", "validate", "--file", &file];
    let judged = stack.command(&validate).await.exits_with(0).json();
    assert!(judged["warnings"].to_string().contains("ORDER BY key"), "{judged}");
    stack.activate_rules(&[], &rules).await;
    let job = stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    let (issues, projects) = keys(&before);
    assert!(issues.contains(&odd) && issues.len() > 100, "{issues:?}");
    assert_eq!(projects, projects_of(&issues));
    assert_eq!(
        job.noted("issues_listed"),
        issues.len() as u64,
        "an issue of two rules is listed once"
    );
    assert_eq!(judged["approximate_issues_together"], issues.len(), "{judged}");

    // Only what changed is read, and only what the rules find.
    site.update_issue(&odd, &json!({ "summary": "odder" })).unwrap();
    let outside = site.create_issue("DEV_2", &json!({ "summary": "outside" })).unwrap();
    let job = stack.sync_completes(INCREMENTAL).await;
    assert_eq!(
        job.documents("indexed"),
        1 + projects.len() as u64,
        "the issue, and documents of projects"
    );
    assert!(stack.issue(&outside).await.is_none());

    // An issue that left the result goes with all that belongs to it.
    let leaves = stack.jira.special("attachments");
    site.update_issue(&leaves, &json!({ "labels": ["leaves"], "issuetype": "Task" }))
        .unwrap();
    stack.sync_completes(INCREMENTAL).await;
    let belongs = |document: &Value| document["Key"] == *leaves || document["issue"] == *leaves;
    assert!(before.values().any(belongs));
    assert!(!stack.outlines().await.values().any(belongs));
    site.update_issue(&leaves, &json!({ "labels": [] })).unwrap();
    stack.sync_completes(INCREMENTAL).await;
    let (all, _) = keys(&stack.outlines().await);
    assert!(all.contains(&leaves));

    // One that search lists no more, because it is behind, stays.
    site.update_issue(&leaves, &json!({ "labels": ["leaves"] })).unwrap();
    site.set(|settings| settings.search_lag_ms = 3_600_000);
    let later = json!({ "fields": { "labels": [] }, "updated": chrono::Utc::now() + chrono::TimeDelta::seconds(2) });
    site.update_issue(&leaves, &later).unwrap();
    stack.sync_completes(&[]).await;
    let (kept, _) = keys(&stack.outlines().await);
    assert_eq!(kept, all);

    let refused = json!([{ "query": "project = FIX" }, { "query": "nosuchfield = \"a\\\"b\"" }]);
    stack.activate_rules(&[], &refused).await;
    let synced = stack.sync(&[]).await;
    assert_eq!(synced.job.status(), "error");
    synced
        .output
        .complains_of(&["rule 2", "nosuchfield", "Nothing was synced"]);
    assert_eq!(keys(&stack.outlines().await).0, kept);
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
