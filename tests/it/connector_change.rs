//! `connector configure`, `schedule` and `delete`, and the ways of `connector create` that are not in `connector_create`.

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Output, Setup, Stack, run_program};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_changed_and_the_others_stay() {
    let stack = Stack::small().await;
    let before = stack.connector_record().await;
    let output = stack
        .command(&[
            "-o",
            "json",
            "connector",
            "configure",
            "projects=DEV, OPS",
            "retry_count=5",
        ])
        .await
        .exits_with(0);
    assert_eq!(output.json()["changed"], json!(["projects", "retry_count"]));
    let record = stack.connector_record().await;
    let value = |record: &Value, key: &str| record["configuration"][key]["value"].clone();
    assert_eq!(value(&record, "projects"), "DEV, OPS");
    assert_eq!(value(&record, "retry_count"), 5);
    for key in ["jira_url", "api_token", "max_deletion_percent"] {
        assert_eq!(value(&record, key), value(&before, key), "{key}");
    }
    assert_eq!(record["configuration"]["projects"]["label"], "Jira project keys");
    stack.assert_no_secret(&output.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_changes_nothing() {
    let stack = Stack::small().await;
    let before = stack.connector_record().await;
    for (setting, says) in [
        ("concurrent_downloads=500", "must be less than 101"),
        ("jira_url=example", "is not a URL"),
        ("jira_ulr=https://example.com", "there is no field"),
        ("projects", "has no ="),
    ] {
        let arguments = ["connector", "configure", "retry_count=7", setting];
        let output = stack.command(&arguments).await.exits_with(2);
        output.complains_of(&[says]);
    }
    assert_eq!(stack.connector_record().await["configuration"], before["configuration"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_kibana_made_can_be_configured_from_a_file_before_any_service_saw_it() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let body = json!({ "index_name": stack.index, "name": "Jira", "service_type": "jira" });
    let created = stack.elastic.put(&format!("/_connector/{}", stack.index), &body).await;
    assert_eq!(created["result"], "created");
    std::fs::write(stack.config(), stack.admin_config(&[&stack.index])).unwrap();
    let url = stack.jira.url();
    let values =
        format!("data_source: jira_cloud\njira_url: {url}\naccount_email: admin@example.com\nprojects: ['*']\n");
    std::fs::write(stack.file("values.yml"), values).unwrap();
    let first = stack
        .command(&["connector", "configure", "--from-file", "values.yml"])
        .await
        .exits_with(0);
    assert!(
        first.stdout.contains("Not complete yet") && first.stdout.contains("api_token"),
        "{first}"
    );
    let second = stack
        .command(&["connector", "configure", "--set-file", "api_token=token.txt"])
        .await
        .exits_with(0);
    assert!(!second.stdout.contains("Not complete"), "{second}");
    stack.assert_no_secret(&second.text());
    stack.command(&["check"]).await.exits_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_set_switched_and_shown() {
    let stack = Stack::small().await;
    let schedule = async |arguments: &[&str]| -> Output {
        let all = [&["-o", "json", "connector", "schedule"], arguments].concat();
        stack.command(&all).await
    };
    let set = schedule(&["--incremental", "0 0/10 * * * ?", "--full", "0 0 3 ? * SUN"])
        .await
        .exits_with(0);
    assert_eq!(
        set.json()["scheduling"]["incremental"],
        json!({ "enabled": true, "interval": "0 0/10 * * * ?" })
    );
    schedule(&["--full", "off"]).await.exits_with(0);
    schedule(&["--access-control", "on"]).await.exits_with(0);
    let shown = schedule(&[]).await.exits_with(0).json();
    assert_eq!(
        shown["scheduling"]["full"],
        json!({ "enabled": false, "interval": "0 0 3 ? * SUN" })
    );
    assert_eq!(shown["scheduling"]["incremental"]["enabled"], true);
    assert_eq!(shown["scheduling"]["access_control"]["enabled"], true);
    schedule(&["--full", "every day"])
        .await
        .exits_with(2)
        .complains_of(&["Quartz cron"]);
    let text = stack.command(&["connector", "show"]).await.exits_with(0);
    assert!(
        text.stdout.contains("incremental syncs                 0 0/10"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_has_to_be_confirmed_and_takes_jobs_and_key_along() {
    let stack = Stack::small().await;
    let id = stack.connector.as_str();
    stack.command(&["sync", "start"]).await.exits_with(0);
    let unconfirmed = stack.command(&["connector", "delete", id]).await.exits_with(2);
    unconfirmed.complains_of(&["--yes"]);
    assert_eq!(stack.connector_record().await["index_name"], stack.index.as_str());

    // The connector's own key may not delete itself; the administrator's account may.
    let admin = stack.file("admin.yml");
    let base = [
        "-c",
        admin.to_str().unwrap(),
        "-o",
        "json",
        "connector",
        "delete",
        "--yes",
        id,
    ];
    let deleted = run_program(stack.folder(), &base).await.exits_with(0).json();
    assert_eq!(deleted["deleted"].as_array().unwrap().len(), 2, "{deleted}");
    let (status, _) = stack
        .elastic
        .call(Method::GET, &format!("/_connector/{id}"), None)
        .await;
    assert_eq!(status, 404);
    let jobs = stack
        .elastic
        .get(&format!("/_connector/_sync_job?connector_id={id}"))
        .await;
    assert_eq!(jobs["count"], 0);
    let key = stack.api_key().unwrap();
    let (status, _) = stack.elastic.call_with_key(&key, Method::GET, "/").await;
    assert_eq!(status, 401, "the key is still valid");
    let (status, _) = stack
        .elastic
        .call(Method::HEAD, &format!("/{}", stack.index), None)
        .await;
    assert_eq!(status, 200, "the index stays");
    run_program(stack.folder(), &base)
        .await
        .exits_with(1)
        .complains_of(&["there is no connector"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_goes_too_when_asked_for() {
    let stack = Stack::small().await;
    let admin = stack.file("admin.yml");
    let arguments = [
        "-c",
        admin.to_str().unwrap(),
        "connector",
        "delete",
        "-y",
        "--with-index",
        &stack.connector,
    ];
    run_program(stack.folder(), &arguments).await.exits_with(0);
    let (status, _) = stack
        .elastic
        .call(Method::HEAD, &format!("/{}", stack.index), None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn create_takes_values_from_a_file_and_adds_itself_to_config_yml() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let admin = stack.file("admin.yml");
    let url = stack.jira.url();
    let values = json!({
        "data_source": "jira_cloud", "jira_url": url, "account_email": "admin@example.com", "api_token": stack.token,
        "projects": "*",
    });
    std::fs::write(stack.file("values.json"), values.to_string()).unwrap();
    let base = [
        "-c",
        admin.to_str().unwrap(),
        "-o",
        "json",
        "connector",
        "create",
        "--update-config",
    ];
    let named = [
        "--index-name",
        &stack.index,
        "--from-file",
        "values.json",
        "--index-language",
        "en",
    ];
    let missing = run_program(stack.folder(), &[&base[..], &named, &["--from-index"]].concat()).await;
    missing.exits_with(2).complains_of(&["there is no index"]);
    let unnamed = run_program(stack.folder(), &base).await.exits_with(2);
    unnamed.complains_of(&["--index-name"]);

    let created = run_program(stack.folder(), &[&base[..], &named].concat())
        .await
        .exits_with(0)
        .json();
    let id = created["connector_id"].as_str().unwrap();
    let record = stack.elastic.connector(id).await;
    assert_eq!(
        (&record["language"], &record["status"]),
        (&json!("en"), &json!("configured"))
    );
    let text = std::fs::read_to_string(&admin).unwrap();
    assert!(text.contains(id) && text.contains("username: elastic"), "{text}");
    // Its file names the connector now, so no id has to be given.
    let checked = run_program(stack.folder(), &["-c", admin.to_str().unwrap(), "check"])
        .await
        .exits_with(0);
    stack.assert_no_secret(&checked.text());
}
