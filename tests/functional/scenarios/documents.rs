//! Whole documents as they stand in the index: fields and names are a contract with everybody who searches.
//!
//! Nothing is left out of the snapshots but what differs from run to run: the address of the Jira, and the instant of
//! the sync on projects. How documents are built is tested beside that code.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::harness::Stack;

/// The document without the port of this run.
fn steady(stack: &Stack, document: &Value) -> Value {
    let text = document.to_string().replace(stack.jira.url(), "https://jira");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_an_issue_and_an_attachment_as_they_are_indexed() {
    let stack = Stack::small().await;
    let began = Utc::now();
    stack.sync_completes(&[]).await;
    let documents = stack.documents().await;

    let (_, issue) = stack.issue(&stack.jira.special("restricted")).await.unwrap();
    insta::assert_json_snapshot!("issue", steady(&stack, &issue));

    let mut project = documents["project-10000"].clone();
    let synced = project["_timestamp"].as_str().unwrap().to_owned();
    assert!(synced.ends_with("+05:30"), "in the zone of the account: {synced}");
    let synced = DateTime::parse_from_rfc3339(&synced).unwrap().to_utc();
    assert!(began <= synced && synced <= Utc::now(), "when the sync began: {synced}");
    project["_timestamp"] = "[when the sync began]".into();
    insta::assert_json_snapshot!("project", steady(&stack, &project));

    let attachment = documents
        .values()
        .find(|document| document["title"] == "data.json")
        .unwrap();
    insta::assert_json_snapshot!("attachment", steady(&stack, attachment));
}
