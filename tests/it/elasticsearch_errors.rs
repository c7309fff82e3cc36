//! Elasticsearch that is down, refuses, or is something else: exit code 1 and a message with the cure, soon.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use reqwest::Method;
use test_case::test_case;

use crate::harness::{Elastic, Output, Setup, Stack, eventually, run_program};

/// A command line tool that is silent for longer looks dead.
const PATIENCE: Duration = Duration::from_secs(30);

const COMMANDS: &[&[&str]] = &[
    &["check"],
    &["connector", "list"],
    &["connector", "show"],
    &["connector", "create", "--index-name", "never-made"],
    &["sync", "start"],
    &["sync", "now"],
];

/// A port of this machine on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn run_with(config: &str, command: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    let began = Instant::now();
    let output = run_program(folder.path(), command).await;
    assert!(
        began.elapsed() < PATIENCE,
        "{command:?} took {:?}; {output}",
        began.elapsed()
    );
    output
}

/// What `check` finds is its result and on stdout, what other commands complain of is on stderr.
#[track_caller]
fn says(output: &Output, words: &[&str]) {
    for word in words {
        assert!(output.text().contains(word), "no \"{word}\"; {output}");
    }
    assert!(!output.text().contains("panicked"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_named_with_the_setting_to_look_at() {
    let host = format!("127.0.0.1:{}", closed_port());
    let config = format!("elasticsearch.host: http://{host}\nconnectors: [{{connector_id: one}}]\n");
    for command in COMMANDS {
        let output = run_with(&config, command).await.exits_with(1);
        says(&output, &[&host, "elasticsearch.host"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_waits_for_elasticsearch_aloud_and_not_for_ever() {
    let host = format!("127.0.0.1:{}", closed_port());
    let config = format!(
        "elasticsearch.host: http://{host}\nelasticsearch.max_wait_duration: 2\nconnectors: [{{connector_id: one}}]\n"
    );
    let output = run_with(&config, &["run"]).await.exits_with(1);
    says(&output, &["waiting for elasticsearch", &host, "elasticsearch.host"]);
}

#[test_case("username: elastic\n  password: wrong-hunter2", "wrong-hunter2", "elasticsearch.password"; "password")]
#[test_case("api_key: d3Jvbmc6aHVudGVyMg==", "d3Jvbmc6aHVudGVyMg", "elasticsearch.api_key"; "api key")]
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_credential_is_named_and_never_shown(credential: &str, secret: &str, setting: &str) {
    let url = Elastic::connect().await.url;
    let config = format!("elasticsearch:\n  host: {url}\n  {credential}\nconnectors: [{{connector_id: one}}]\n");
    for command in COMMANDS.iter().chain(&[&["run"] as &[&str]]) {
        let output = run_with(&config, command).await.exits_with(1);
        says(&output, &["credentials", setting]);
        assert!(!output.text().contains(secret), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_at_the_address_is_recognised() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let config = format!(
        "elasticsearch.host: {}\nconnectors: [{{connector_id: one}}]\n",
        stack.jira.url()
    );
    for command in COMMANDS {
        let output = run_with(&config, command).await.exits_with(1);
        says(&output, &[stack.jira.url(), "elasticsearch.host"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_does_not_exist_is_named() {
    let elastic = Elastic::connect().await;
    let id = format!("missing-{}", uuid::Uuid::new_v4().simple());
    let config = format!(
        "elasticsearch:\n  host: {}\n  username: {}\n  password: {}\nconnectors: [{{connector_id: {id}}}]\n",
        elastic.url,
        Elastic::USERNAME,
        Elastic::PASSWORD
    );
    for command in [
        &["check"] as &[&str],
        &["connector", "show"],
        &["sync", "start"],
        &["sync", "now"],
    ] {
        let output = run_with(&config, command).await.exits_with(1);
        says(&output, &[&id]);
    }
    let (_, found) = elastic
        .call(Method::GET, &format!("/_connector/_sync_job?connector_id={id}"), None)
        .await;
    assert_eq!(found["count"], 0, "no job is made for it: {found}");
}

/// It may be made any moment: the service waits for it and says what it waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_any_existing_connector_says_so_and_waits() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let config = stack.file("config.yml");
    std::fs::write(&config, stack.admin_config(&["no-such-connector"])).unwrap();
    let mut service = stack.start_service_with(&config);
    eventually("the service says what it waits for", async || {
        let log = service.log();
        let says = ["no-such-connector", "connector create"];
        says.iter().all(|words| log.contains(words)).then_some(())
    })
    .await;
    let (status, _) = service.terminate().await;
    assert!(status.success(), "{}", service.log());
}
