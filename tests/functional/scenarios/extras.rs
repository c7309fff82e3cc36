//! Histories, boards, sprints and what service management knows: off by default, complete when on, gone when off again.
//!
//! The fixture's own model says which there are.

use std::collections::{BTreeMap, BTreeSet};

use jira_fixture::{Dialect, Fault, Options, Version};
use serde_json::{Value, json};

use crate::harness::{Job, Setup, Stack};

const SETTINGS: [&str; 3] = ["sync_changelog", "sync_agile", "sync_jsm"];

fn with_extras(setup: Setup) -> Setup {
    SETTINGS.iter().fold(setup, |setup, key| setup.field(key, "true"))
}

async fn switch(stack: &Stack, on: bool) {
    let values: BTreeMap<&str, bool> = SETTINGS.iter().map(|key| (*key, on)).collect();
    let path = format!("/_connector/{}/_configuration", stack.connector);
    stack.elastic.put(&path, &json!({ "values": values })).await;
}

async fn incremental(stack: &Stack) -> Job {
    stack.sync_completes(&["--type", "incremental"]).await
}

fn numbers(documents: &BTreeMap<String, Value>, family: &str) -> BTreeSet<u32> {
    let ids = documents.keys().filter_map(|id| id.strip_prefix(family));
    ids.map(|number| number.parse().unwrap()).collect()
}

/// The index holds what the two models say together, and nothing else.
async fn assert_index_is_both_models(stack: &Stack) -> BTreeMap<String, Value> {
    let documents = stack.documents().await;
    let model = stack.jira.site.extras();
    assert_eq!(numbers(&documents, "board-"), model.boards);
    assert_eq!(numbers(&documents, "sprint-"), model.sprints);
    assert_eq!(numbers(&documents, "changelog-"), model.histories);
    let requests = documents
        .values()
        .filter(|document| document["Request"]["type"].is_object());
    let requests: BTreeSet<String> = requests
        .map(|issue| issue["Key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(requests, model.requests);
    let families = ["board-", "sprint-", "changelog-", "comment-", "worklog-"];
    let is_extra = |id: &str| families.iter().any(|family| id.starts_with(family));
    let others: BTreeSet<String> = documents.keys().filter(|id| !is_extra(id)).cloned().collect();
    assert_eq!(others, stack.jira.site.ids().into_iter().collect());
    documents
}

/// Without the instant of the sync, which boards, sprints and projects carry.
fn lasting(mut documents: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for document in documents.values_mut().filter(|document| document["Issue"].is_null()) {
        document["_timestamp"] = Value::Null;
    }
    documents
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_on_is_complete_and_what_is_switched_off_goes() {
    let stack = Stack::with(Setup::default().field("sweep_interval", "0")).await;
    let site = &stack.jira.site;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    for endpoint in ["boards", "sprints", "changelog_bulkfetch", "request", "organizations"] {
        assert_eq!(
            stack.jira.requests_to(endpoint),
            0,
            "{endpoint} is not asked for by default"
        );
    }

    switch(&stack, true).await;
    incremental(&stack).await;
    let documents = assert_index_is_both_models(&stack).await;
    assert_eq!(documents["board-1"]["title"], "FIX board");
    let check = stack.command(&["check"]).await.exits_with(0);
    for words in ["50 for 5,000", "7 are shown", "4 fields"] {
        assert!(check.stdout.contains(words), "no \"{words}\"; {check}");
    }
    assert_eq!(documents["sprint-200"]["Sprint"]["state"], "future");

    site.add_fault(Fault::status("boards", 500));
    let failed = stack.sync(&["--type", "incremental"]).await;
    assert_eq!(failed.job.status(), "error", "{}", failed.output);
    assert!(failed.job.error().contains("agile"), "{}", failed.job.error());
    site.clear_faults();
    site.add_fault(Fault::status("boards", 404));
    let job = stack.sync_completes(&[]).await;
    assert!(
        job.skipped().iter().any(|line| line.contains("Jira Software")),
        "{:?}",
        job.skipped()
    );
    site.clear_faults();
    assert_index_is_both_models(&stack).await;

    let renamed = json!({ "doc": { "Sprint": { "name": "as it was called before" } } });
    stack
        .elastic
        .post(&format!("/{}/_update/sprint-1?refresh=true", stack.index), &renamed)
        .await;
    let edited = stack.jira.special("comments_20");
    site.update_issue(&edited, &json!({ "description": "goes into its history" }))
        .unwrap();
    let job = incremental(&stack).await;
    assert!(
        job.noted("issues_processed") > 10,
        "issues of the sprint are read again: {}",
        job.0["metadata"]
    );
    let after_incremental = lasting(assert_index_is_both_models(&stack).await);
    stack.sync_completes(&[]).await;
    let after_full = lasting(stack.documents().await);
    for (id, document) in &after_full {
        assert!(after_incremental[id] == *document, "{id} is another after a full sync");
    }

    switch(&stack, false).await;
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    assert!(job.documents("deleted") > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_center_gives_the_same() {
    let setup = with_extras(Setup::default())
        .field("data_source", "jira_data_center")
        .field("data_center_username", "admin")
        .field("data_center_password", "fixture-password");
    let jira = Options {
        dialect: Dialect::DataCenter,
        version: Some(Version::new(9, 12)),
        ..Options::default()
    };
    let stack = Stack::with(Setup { jira, ..setup }).await;
    stack.sync_completes(&[]).await;
    assert_index_is_both_models(&stack).await;
}

/// Histories follow their issues; what they say about other issues, and boards that are not provably shared with all
/// readers of a project, are for nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_extras_are_proved_or_there_are_none() {
    let setup = with_extras(Setup::default()).field("use_document_level_security", "true");
    let stack = Stack::with(setup).await;
    stack.sync_completes(&[]).await;
    let documents = assert_index_is_both_models(&stack).await;
    let tokens = |id: &str| documents[id]["_allow_access_control"].clone();
    let of_issue: BTreeMap<&str, &Value> = documents
        .values()
        .filter(|document| document["Issue"].is_object())
        .map(|issue| (issue["Key"].as_str().unwrap(), &issue["_allow_access_control"]))
        .collect();
    let mut links = 0;
    for (id, entry) in documents.iter().filter(|(id, _)| id.starts_with("changelog-")) {
        assert_eq!(
            entry["_allow_access_control"],
            *of_issue[entry["issue"].as_str().unwrap()],
            "{id}"
        );
        for item in entry["Changelog"]["items"].as_array().unwrap() {
            if item["field"] == "Link" {
                links += 1;
                assert_eq!(
                    (&item["to"], &item["toString"]),
                    (&json!("FIX-1"), &Value::Null),
                    "{id}"
                );
                assert!(!entry["body"].as_str().unwrap().contains("blocks"), "{id}");
            }
        }
    }
    assert!(links > 0, "the data has links in histories");
    // A project also shows itself to people who may see single issues of it; its boards do not.
    for (id, readers) in [
        ("board-1", json!(["browse:10000"])),
        ("sprint-1", json!(["browse:10000"])),
        ("sprint-200", tokens("board-3")),
    ] {
        assert_eq!(tokens(id), readers, "{id}");
        assert_ne!(tokens(id), json!(["nobody"]), "{id}");
    }
    for id in ["board-2", "board-4", "board-5", "sprint-101"] {
        assert_eq!(tokens(id), json!(["nobody"]), "{id} is not shared with a whole project");
    }
}
