//! The program under the name of the framework's command line takes that program's commands.

#![cfg(unix)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::harness::Stack;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs it through a link of that name; `typed` is what somebody answers.
async fn connectors(folder: &Path, arguments: &[&str], typed: &str) -> Said {
    let link = folder.join("connectors");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_jira-connector"), &link).unwrap();
    }
    let mut command = tokio::process::Command::new(link);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output());
    let output = ended.await.expect("it ends within a minute").unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_login_to_the_end_of_an_index() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let folder = stack.folder();
    let run = async |arguments: &[&str], typed: &str| connectors(folder, arguments, typed).await;

    let early = run(&["connector", "list"], "").await;
    assert_eq!(early.code, Some(2), "{}", early.err);
    assert!(early.err.contains("connectors login"), "{}", early.err);
    let host = stack.elastic.url.clone();
    let wrong = run(&["login", "--host", &host], "elastic\nnot-the-password\n").await;
    assert_eq!(wrong.code, Some(1), "{}", wrong.err);
    assert!(
        !folder.join(".cli/config.yml").exists(),
        "what was not accepted is not kept"
    );
    assert!(!wrong.err.contains("not-the-password"), "{}", wrong.err);
    let login = run(&["login", "--host", &host], "elastic\nchangeme\n").await;
    assert_eq!(login.code, Some(0), "{}", login.err);
    let kept = std::fs::metadata(folder.join(".cli/config.yml")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&kept.permissions()) & 0o777,
        0o600
    );

    let listed = run(&["connector", "list"], "").await;
    assert!(listed.out.contains(&stack.connector), "{}", listed.out);
    let indices = run(&["index", "list"], "").await;
    assert!(indices.out.contains(&stack.index), "{}", indices.out);

    let started = run(
        &["job", "start", "-i", &stack.connector, "-t", "full", "-o", "json"],
        "",
    )
    .await;
    let started: Value = serde_json::from_str(&started.out).unwrap();
    let id = started["id"].as_str().unwrap();
    let viewed = run(&["job", "view", id, "-o", "json"], "").await;
    let viewed: Value = serde_json::from_str(&viewed.out).unwrap();
    assert_eq!(
        (&viewed["job_status"], &viewed["job_type"]),
        (&"pending".into(), &"full".into())
    );
    assert_eq!(viewed["index_name"], stack.index.as_str());
    assert!(run(&["job", "list", &stack.connector], "").await.out.contains(id));
    let refused = run(&["job", "cancel", id], "n\n").await;
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    let canceled = run(&["job", "cancel", id], "y\n").await;
    assert_eq!(canceled.code, Some(0), "{}", canceled.err);
    assert_eq!(stack.job(id).await.status(), "canceled");

    let kept = run(&["index", "clean", &stack.index], "").await;
    assert_eq!(kept.code, Some(2), "nobody agreed: {}", kept.err);
    assert!(!stack.documents().await.is_empty());
    let cleaned = run(&["index", "clean", &stack.index], "y\n").await;
    assert_eq!(cleaned.code, Some(0), "{}", cleaned.err);
    assert!(stack.documents().await.is_empty());
    let many = run(&["index", "delete", "*"], "y\n").await;
    assert_eq!(many.code, Some(2), "{}", many.err);
    let deleted = run(&["index", "delete", &stack.index], "y\n").await;
    assert_eq!(deleted.code, Some(0), "{}", deleted.err);
    let again = run(&["index", "delete", &stack.index], "y\n").await;
    assert_eq!(again.code, Some(1), "{}", again.err);
}
