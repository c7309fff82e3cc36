//! The program under the name of Elastic's connector service takes that service's options.

#![cfg(unix)]

use std::process::Output;
use std::time::Duration;

use crate::harness::{Stack, eventually};

/// Runs it through a link of that name.
async fn ingest(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let link = folder.join("elastic-ingest");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_jira-connector"), &link).unwrap();
    }
    let mut command = tokio::process::Command::new(link);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    tokio::time::timeout(Duration::from_secs(60), command.output())
        .await
        .expect("it ends within a minute")
        .unwrap()
}

#[tokio::test]
async fn options_that_need_no_elasticsearch() {
    let folder = tempfile::tempdir().unwrap();
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let version = ingest(folder.path(), &["-v"]).await;
    assert!(said(&version).starts_with("elastic-ingest "), "{version:?}");
    let config = "elasticsearch.password: open-sesame\nconnectors: [{connector_id: one}]\n";
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    let shown = ingest(folder.path(), &["--action", "config", "--service-type", "jira"]).await;
    let fields: serde_json::Value = serde_json::from_str(&said(&shown)).unwrap();
    assert_eq!(
        fields["data_source"]["value"], "jira_cloud",
        "the default configuration of the type"
    );
    assert!(!said(&shown).contains("open-sesame"), "{shown:?}");
    let untyped = ingest(folder.path(), &["--action", "config"]).await;
    assert_eq!(untyped.status.code(), Some(2), "{untyped:?}");
    for mixture in [["list", "schedule"], ["cleanup", "CONFIG"]] {
        let refused = ingest(folder.path(), &["--action", mixture[0], "--action", mixture[1]]).await;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        assert!(
            String::from_utf8_lossy(&refused.stderr).contains("other actions"),
            "{refused:?}"
        );
    }
    let down = "elasticsearch.host: http://127.0.0.1:1\nelasticsearch.max_retries: 1\n";
    std::fs::write(folder.path().join("down.yml"), down).unwrap();
    let listed = ingest(folder.path(), &["-c", "down.yml", "--action", "LIST"]).await;
    assert!(
        listed.status.success() && said(&listed).contains("- Jira"),
        "{listed:?}"
    );
    let missing = ingest(folder.path(), &["-c", "/config/config.yml"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&missing.stderr).contains("/config/config.yml"),
        "{missing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_the_service_with_the_framework_s_options() {
    let stack = Stack::small().await;
    let listed = ingest(stack.folder(), &["-c", "config.yml", "--action", "list"]).await;
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains(&stack.connector),
        "{listed:?}"
    );
    let link = stack.file("elastic-ingest");
    let mut service = tokio::process::Command::new(link);
    let log = std::fs::File::create(stack.file("ingest.log")).unwrap();
    service.args([
        "-c",
        "config.yml",
        "--log-level",
        "DEBUG",
        "--filebeat",
        "--action",
        "sync_content",
    ]);
    service.current_dir(stack.folder()).stderr(log).kill_on_drop(true);
    let mut service = service.spawn().unwrap();
    let started = stack.command(&["-o", "json", "sync", "start"]).await.exits_with(0);
    let id = started.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(stack.finished(&id).await.status(), "completed");

    // From its claim to its end, the job can be followed by its id.
    let of_job = eventually("the end of the job is in the log", async || {
        let log = std::fs::read_to_string(stack.file("ingest.log")).unwrap();
        let lines = log
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let of_job: Vec<serde_json::Value> = lines.filter(|line| line["labels.sync_job_id"] == id.as_str()).collect();
        let ended = of_job
            .last()
            .is_some_and(|line| line["message"] == "the job ended: completed");
        ended.then_some(of_job)
    })
    .await;
    let (first, last) = (&of_job[0], &of_job[of_job.len() - 1]);
    assert_eq!(first["message"], "claimed the job");
    for line in [first, last] {
        assert_eq!(line["labels.connector_id"], stack.connector.as_str());
        assert_eq!(line["labels.index_name"], stack.index.as_str());
    }
    assert!(last["jira_connector"]["duration_ms"].is_u64(), "{last}");
    service.kill().await.unwrap();
}
