//! `connector create`: index, record, key and config.yml in one step, or nothing at all.

use reqwest::Method;
use serde_json::json;
use test_case::test_case;

use crate::harness::{Setup, Stack, run_program};

async fn exists(stack: &Stack, index: &str) -> bool {
    let (status, _) = stack.elastic.call(Method::HEAD, &format!("/{index}"), None).await;
    status == 200
}

async fn connectors_of(stack: &Stack) -> u64 {
    let path = format!("/_connector?index_name={}", stack.index);
    stack.elastic.get(&path).await["count"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_makes_a_connector_that_is_ready_to_run() {
    let stack = Stack::small().await;
    let record = stack.connector_record().await;
    assert_eq!(record["service_type"], "jira");
    assert_eq!(record["index_name"], stack.index.as_str());
    assert_eq!(record["status"], "configured");
    assert_eq!(record["is_native"], false);
    assert_eq!(record["configuration"]["jira_url"]["value"], stack.jira.url());
    assert_eq!(record["pipeline"]["name"], "search-default-ingestion");
    assert!(exists(&stack, &stack.index).await);
    let mapping = stack.elastic.get(&format!("/{}/_mapping", stack.index)).await;
    let properties = &mapping[&stack.index]["mappings"]["properties"];
    assert_eq!(properties["_allow_access_control"]["type"], "keyword");
    let output = stack.command(&["check"]).await.exits_with(0);
    assert!(!output.stdout.contains("FAILED"), "{output}");
    stack.assert_no_secret(&output.text());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_file_with_the_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let stack = Stack::small().await;
    let mode = std::fs::metadata(stack.config()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_reaches_the_connector_s_own_index_and_no_other() {
    let stack = Stack::small().await;
    let key = stack.api_key().unwrap();
    let foreign = format!("{}-foreign", stack.index);
    stack.elastic.put(&format!("/{foreign}"), &json!({})).await;
    let own = stack
        .elastic
        .call_with_key(&key, Method::GET, &format!("/{}/_search", stack.index))
        .await;
    let other = stack
        .elastic
        .call_with_key(&key, Method::GET, &format!("/{foreign}/_search"))
        .await;
    let users = stack.elastic.call_with_key(&key, Method::GET, "/_security/user").await;
    stack.elastic.call(Method::DELETE, &format!("/{foreign}"), None).await;
    assert_eq!(
        (own.0, other.0, users.0),
        (200, 403, 403),
        "{own:?} {other:?} {users:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_file_is_not_overwritten_and_nothing_is_made() {
    let stack = Stack::without_connector(&Setup::default()).await;
    std::fs::write(stack.config(), "mine: true\n").unwrap();
    let output = stack.create_connector(&[]).await.exits_with(2);
    output.complains_of(&["config.yml", "not overwritten"]);
    assert_eq!(std::fs::read_to_string(stack.config()).unwrap(), "mine: true\n");
    assert_eq!(connectors_of(&stack).await, 0);
    assert!(!exists(&stack, &stack.index).await);
}

#[test_case("jira_ulr", "https://example.com", &["jira_ulr", "jira_url", "api_token", "projects"]; "no such field")]
#[test_case("jira_url", "example", &["Jira host url", "https://example.atlassian.net"]; "no url")]
#[test_case("jira_url", "https://me:hunter2-opensesame@example.com", &["Jira host url", "their own fields"]; "a password in the url")]
#[test_case("projects", "", &["Jira project keys"]; "an empty required field")]
#[test_case("concurrent_downloads", "many", &["Maximum concurrent downloads"]; "no number")]
#[test_case("concurrent_downloads", "500", &["Maximum concurrent downloads"]; "too large a number")]
#[test_case("data_source", "jira_moon", &["Jira data source"]; "no such choice")]
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_is_named_before_anything_is_made(key: &str, value: &str, says: &[&str]) {
    let stack = Stack::without_connector(&Setup::default()).await;
    let output = stack.create_connector(&[(key, value.to_owned())]).await.exits_with(2);
    output.complains_of(says);
    assert!(!output.text().contains("hunter2-opensesame"), "{output}");
    assert_eq!(connectors_of(&stack).await, 0);
    assert!(!exists(&stack, &stack.index).await);
    assert!(!stack.config().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_without_value_or_file_is_explained() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let admin = stack.file("admin.yml");
    let base = [
        "-c",
        admin.to_str().unwrap(),
        "connector",
        "create",
        "--index-name",
        &stack.index,
    ];
    for (arguments, says) in [
        (["--set", "projects"], ["projects", "--set KEY=VALUE"]),
        (["--set-file", "api_token"], ["api_token", "--set-file KEY=FILE"]),
        (["--set-file", "api_token=nowhere.txt"], ["api_token", "nowhere.txt"]),
    ] {
        let arguments = [&base[..], &arguments[..]].concat();
        run_program(stack.folder(), &arguments)
            .await
            .exits_with(2)
            .complains_of(&says);
    }
    assert_eq!(connectors_of(&stack).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_connector_for_an_index_is_refused_and_the_first_one_stays() {
    let stack = Stack::small().await;
    let before = stack.connector_record().await;
    std::fs::remove_file(stack.config()).unwrap();
    let output = stack.create_connector(&[]).await.exits_with(1);
    output.complains_of(&[&stack.index]);
    assert_eq!(connectors_of(&stack).await, 1);
    assert_eq!(stack.connector_record().await, before);
    assert!(!stack.config().exists());

    let admin = stack.file("admin.yml");
    let other_index = format!("{}-other", stack.index);
    let arguments = [
        "-c",
        admin.to_str().unwrap(),
        "connector",
        "create",
        "--index-name",
        &other_index,
        // Ids that Elasticsearch makes may begin with a hyphen.
        &format!("--id={}", stack.connector),
    ];
    let output = run_program(stack.folder(), &arguments).await.exits_with(1);
    output.complains_of(&[&stack.connector]);
    assert_eq!(
        stack.connector_record().await,
        before,
        "an existing connector is never replaced"
    );
    assert!(!exists(&stack, &other_index).await);
}

/// Without --write-config the text shows what belongs into the file, and it works as it is printed.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_prints_can_be_put_into_config_yml() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let admin = stack.file("admin.yml");
    let arguments = [
        "-c",
        admin.to_str().unwrap(),
        "connector",
        "create",
        "--index-name",
        &stack.index,
    ];
    let output = run_program(stack.folder(), &arguments).await.exits_with(0);
    let (_, printed) = output.stdout.split_once("Put this into config.yml:\n\n").unwrap();
    let file: String = printed
        .lines()
        .take_while(|line| line.starts_with(' ') || line.ends_with(':'))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(stack.config(), file).unwrap();
    assert!(output.stdout.contains("waits for its configuration"), "{output}");
    let shown = run_program(stack.folder(), &["--output", "json", "connector", "show"])
        .await
        .exits_with(0);
    assert_eq!(shown.json()["index_name"], stack.index.as_str());
    assert_eq!(shown.json()["status"], "needs_configuration");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_exists_is_kept_with_its_documents() {
    let stack = Stack::without_connector(&Setup::default()).await;
    let path = format!("/{}/_doc/mine?refresh=true", stack.index);
    stack.elastic.put(&path, &json!({ "title": "was here before" })).await;
    stack.create_connector(&[]).await.exits_with(0);
    assert_eq!(stack.documents().await["mine"]["title"], "was here before");
}
