//! The last line of defence: when much of the index would go because Jira does not show it any more, nothing goes.

use crate::harness::{Setup, Stack};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_sight_of_a_large_project_deletes_nothing_until_somebody_allows_it() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    stack.jira.site.hide_project("FIX", true).unwrap();
    let would_go = before.len() - stack.jira.site.ids().len();

    let refused = stack.sync(&[]).await;
    assert_eq!(refused.job.status(), "error");
    assert_eq!(refused.output.code, 1);
    let (allow, count) = (
        format!("--allow-deletions {would_go}"),
        format!("{would_go} of {}", before.len()),
    );
    refused
        .output
        .complains_of(&["nothing was deleted", "FIX", &allow, &count, "max_deletion_percent"]);
    assert_eq!(refused.job.documents("deleted"), 0);
    assert!(before.keys().eq(stack.outlines().await.keys()));
    let record = stack.connector_record().await;
    assert_eq!(record["last_sync_error"], refused.job.error());

    let too_few = stack.sync(&["--allow-deletions", "20"]).await;
    assert_eq!(too_few.job.status(), "error");
    assert!(before.keys().eq(stack.outlines().await.keys()));

    // Allowed for a job that the service runs.
    let number = would_go.to_string();
    let arguments = ["--output", "json", "sync", "start", "--allow-deletions", &number];
    let asked = stack.command(&arguments).await.exits_with(0);
    let mut service = stack.start_service();
    let allowed = stack.finished(asked.json()["job_id"].as_str().unwrap()).await;
    assert_eq!(allowed.status(), "completed", "{}", allowed.error());
    assert_eq!(allowed.documents("deleted"), would_go as u64);
    stack.assert_index_is_the_model().await;
    service.terminate().await;

    // It was allowed once.
    stack.jira.site.hide_project("DEV_2", true).unwrap();
    let again = stack.sync(&[]).await;
    assert_eq!(again.job.status(), "error", "{}", again.output);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_was_out_of_sight_for_one_sync_lost_nothing() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    stack.jira.site.hide_project("FIX", true).unwrap();
    assert_eq!(stack.sync(&[]).await.job.status(), "error");
    stack.jira.site.hide_project("FIX", false).unwrap();
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let after = stack.outlines().await;
    for (id, document) in before.iter().filter(|(_, document)| document["Key"].is_null()) {
        assert_eq!(after[id]["body"], document["body"], "the text of {id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guard_can_be_set_and_switched_off() {
    let stack = Stack::with(Setup::default().field("max_deletion_percent", "100")).await;
    stack.sync_completes(&[]).await;
    stack.jira.site.hide_project("FIX", true).unwrap();
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

/// Removing a few documents is everyday life, whatever their share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handful_of_documents_may_always_go() {
    let stack = Stack::with(Setup::default().field("max_deletion_percent", "0")).await;
    stack.sync_completes(&[]).await;
    stack.jira.site.hide_project("EMPTY", true).unwrap();
    stack
        .jira
        .site
        .delete_issue(&stack.jira.special("comments_24"))
        .unwrap();
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}
