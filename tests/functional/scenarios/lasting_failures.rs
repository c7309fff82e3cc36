//! Files that Jira will never give: they are named once, do not hold up the cursor, and cost nothing in later syncs.

use std::collections::BTreeMap;

use jira_fixture::Fault;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack};

/// So many new issues with a file each; the files' documents and their ids.
fn with_files(stack: &Stack, count: usize) -> BTreeMap<String, u32> {
    let site = &stack.jira.site;
    (0..count)
        .map(|number| {
            let key = site.create_issue("FIX", &json!({ "summary": "with a file" })).unwrap();
            let file = json!({ "filename": "lost.txt", "text": format!("quagga number {number}") });
            let id = site.add_attachment(&key, &file).unwrap();
            (format!("{key}-{id}"), id)
        })
        .collect()
}

async fn cursor(stack: &Stack) -> Value {
    stack.connector_record().await["sync_cursor"].clone()
}

/// How often each of these documents was written.
async fn versions(stack: &Stack, ids: &BTreeMap<String, u32>) -> BTreeMap<String, u64> {
    let ids: Vec<&String> = ids.keys().collect();
    let path = format!("/{}/_mget?_source=false", stack.index);
    let found = stack.elastic.post(&path, &json!({ "ids": ids })).await;
    let documents = found["docs"].as_array().unwrap().iter();
    documents
        .map(|document| {
            (
                document["_id"].as_str().unwrap().to_owned(),
                document["_version"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_files_than_any_limit_that_jira_never_gives_end_no_sync() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = cursor(&stack).await;
    let lost = with_files(&stack, 1_100);
    stack.jira.site.add_fault(Fault::status("attachment_content", 404));
    let first = stack.sync_completes(&["--type", "incremental"]).await;
    assert_eq!(first.noted("skipped_items"), 1_100, "each is named once");
    let stored = cursor(&stack).await;
    assert_ne!(stored, before);
    stack.assert_index_is_the_model().await;

    for round in ["second", "third"] {
        stack.jira.site.reset_requests();
        let job = stack.sync_completes(&["--type", "incremental"]).await;
        let asked = stack.jira.requests_to("attachment_content");
        assert_eq!((asked, job.noted("skipped_items")), (0, 0), "{round}");
        let requests = stack.jira.site.requests();
        assert!(requests.total <= 10, "{round}: {requests:?}");
    }

    stack.jira.site.clear_faults();
    let (document, id) = lost.first_key_value().unwrap();
    let file = json!({ "filename": "lost.txt", "text": "the quagga is back after all" });
    stack.jira.site.replace_attachment(*id, &file).unwrap();
    let key = document.rsplit_once('-').unwrap().0;
    stack
        .jira
        .site
        .update_issue(key, &json!({ "summary": "its file came back" }))
        .unwrap();
    stack.sync_completes(&["--type", "incremental"]).await;
    let found = stack.outlines().await;
    assert_eq!(found[document]["body"], "the quagga is back after all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_stay_lost_cost_no_growing_work() {
    let stack = Stack::with(Setup::default().field("projects", "FIX")).await;
    stack.jira.site.add_fault(Fault::status("attachment_content", 404));
    let lost = with_files(&stack, 20);
    stack.sync_completes(&[]).await;
    let versions_before = versions(&stack, &lost).await;
    assert_eq!(versions_before.len(), 20);
    let mut requests = Vec::new();
    for round in 0..7 {
        stack.jira.site.reset_requests();
        // Their issues change; the files do not.
        let key = lost.keys().nth(round).unwrap().rsplit_once('-').unwrap().0;
        stack
            .jira
            .site
            .update_issue(key, &json!({ "summary": "changed" }))
            .unwrap();
        let job = stack.sync_completes(&["--type", "incremental"]).await;
        assert_eq!(stack.jira.requests_to("attachment_content"), 0, "round {round}");
        assert_eq!(job.noted("skipped_items"), 0, "round {round}: {:?}", job.skipped());
        requests.push(stack.jira.site.requests().total);
    }
    assert!(
        requests.iter().skip(1).max() <= requests.get(1).map(|second| second + 2).as_ref(),
        "{requests:?}"
    );
    let unchanged: BTreeMap<String, u64> = versions_before.into_iter().skip(7).collect();
    let after: BTreeMap<String, u64> = versions(&stack, &lost).await.into_iter().skip(7).collect();
    assert_eq!(
        after, unchanged,
        "documents of files that did not change are not rewritten"
    );
}
