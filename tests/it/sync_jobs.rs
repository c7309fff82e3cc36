//! `sync list`, `sync show` and `sync cancel`, as text and as JSON.

use pretty_assertions::assert_eq;

use crate::harness::{Stack, run_program};

async fn start(stack: &Stack, options: &[&str]) -> String {
    let arguments = [&["-o", "json", "sync", "start"], options].concat();
    let output = stack.command(&arguments).await.exits_with(0);
    output.json()["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_with_the_newest_first_and_shown_one_by_one() {
    let stack = Stack::small().await;
    let done = stack.sync_completes(&[]).await;
    let waiting = start(&stack, &["-t", "incremental"]).await;
    let listed = stack
        .command(&["-o", "json", "sync", "list"])
        .await
        .exits_with(0)
        .json();
    let ids: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["job_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [waiting.as_str(), done.id()]);
    assert_eq!(listed[0]["job_type"], "incremental");

    let text = stack.command(&["sync", "list"]).await.exits_with(0);
    for line in text.stdout.lines() {
        assert!(line.chars().count() <= 100, "wider than 100 columns: {line}");
    }
    let only = stack
        .command(&["-o", "json", "sync", "list", "--status", "pending"])
        .await
        .exits_with(0)
        .json();
    assert_eq!(only.as_array().unwrap().len(), 1, "{only}");
    let none = stack
        .command(&["sync", "list", "--status", "error"])
        .await
        .exits_with(0);
    assert!(none.stdout.contains("no such jobs"), "{none}");

    let shown = stack.command(&["sync", "show", done.id()]).await.exits_with(0);
    for word in [
        done.id(),
        "completed",
        &stack.index,
        "documents indexed",
        "jira requests",
    ] {
        assert!(shown.stdout.contains(word), "no \"{word}\"; {shown}");
    }
    stack.assert_no_secret(&shown.text());
    let json = stack
        .command(&["-o", "json", "sync", "show", done.id()])
        .await
        .exits_with(0)
        .json();
    assert_eq!(json["indexed_document_count"], done.documents("indexed"));
    assert_eq!(json["metadata"]["phase"], "finished");
    stack
        .command(&["sync", "show", "nobody"])
        .await
        .exits_with(1)
        .complains_of(&["there is no job nobody"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_canceled_at_once_and_an_ended_one_is_not() {
    let stack = Stack::small().await;
    let job = start(&stack, &[]).await;
    let output = stack
        .command(&["-o", "json", "sync", "cancel", &job])
        .await
        .exits_with(0);
    assert_eq!(output.json()[0]["status"], "canceled");
    assert_eq!(stack.job(&job).await.status(), "canceled");
    let again = stack.command(&["sync", "cancel", &job]).await.exits_with(1);
    assert!(again.stdout.contains("over already"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_that_cannot_be_canceled_does_not_spare_the_others() {
    let stack = Stack::small().await;
    let job = start(&stack, &[]).await;
    stack
        .command(&["sync", "cancel", "-no-such-job", &job])
        .await
        .exits_with(1);
    assert_eq!(stack.job(&job).await.status(), "canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_need_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run_program(folder.path(), &["completions", shell]).await.exits_with(0);
        assert!(output.stdout.contains("allow-deletions"), "{shell}: {output}");
    }
}
