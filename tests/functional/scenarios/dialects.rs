//! Every kind and version of Jira, and every way to log in: full and incremental syncs leave what Jira's model says.
//! What documents look like is compared with snapshots elsewhere.

use jira_fixture::{Dialect, Options, Version};
use serde_json::json;
use test_case::test_case;

use crate::harness::{Setup, Stack};

fn server(version: Version, context_path: &str) -> Setup {
    setup(Dialect::Server, version, context_path)
        .field("data_source", "jira_server")
        .field("username", "admin")
        .field("password", "fixture-password")
}

/// A Data Center that is signed in to with a password.
pub(super) fn data_center(version: Version, context_path: &str) -> Setup {
    setup(Dialect::DataCenter, version, context_path)
        .field("data_source", "jira_data_center")
        .field("data_center_username", "admin")
        .field("data_center_password", "fixture-password")
}

fn setup(dialect: Dialect, version: Version, context_path: &str) -> Setup {
    let jira = Options {
        dialect,
        version: Some(version),
        context_path: context_path.to_owned(),
        ..Options::default()
    };
    Setup {
        jira,
        ..Setup::default()
    }
}

pub(super) async fn syncs(stack: &Stack) {
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let site = &stack.jira.site;
    site.touch(20, 3).unwrap();
    let created = site.create_issue("FIX", &json!({ "summary": "made since" })).unwrap();
    let gone = stack.jira.special("comments_20");
    site.delete_issue(&gone).unwrap();
    // Another is hidden from the account, which some servers tell with a 403 in place of a 404.
    let hidden = stack.jira.special("comments_21");
    site.set(|settings| settings.tells_hidden_issues = true);
    site.update_issue(&hidden, &json!({ "security": { "name": "Management" } }))
        .unwrap();
    stack.sync_completes(&["--type", "incremental"]).await;
    stack.assert_index_is_the_model().await;
    assert!(stack.issue(&created).await.is_some());
    assert!(stack.issue(&hidden).await.is_none());
    let output = stack.command(&["verify", "--output", "json"]).await.exits_with(0);
    assert_eq!(output.json()["complete"], true, "{output}");
}

#[test_case(server(Version::new(7, 2), ""); "server 7")]
#[test_case(server(Version::new(8, 4), "/jira"); "server 8 below a context path")]
#[test_case(data_center(Version::new(8, 20), ""); "data center 8")]
#[test_case(data_center(Version::new(9, 12), "/tools/jira"); "data center 9 below a context path")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords(setup: Setup) {
    let stack = Stack::with(setup.field("sweep_interval", "0")).await;
    syncs(&stack).await;
}

#[test_case(Version::new(8, 20); "data center 8")]
#[test_case(Version::new(10, 3); "data center 10")]
#[test_case(Version::new(11, 0); "data center 11")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_access_tokens(version: Version) {
    let setup = data_center(version, "").field("sweep_interval", "0");
    let mut stack = Stack::without_connector(&setup).await;
    let mut fields = setup.fields.clone();
    fields.push(("data_center_auth_method", "personal_access_token".to_owned()));
    fields.push(("data_center_personal_access_token", stack.token.clone()));
    let created = stack.create_connector(&fields).await.exits_with(0);
    stack.connector = created.json()["connector_id"].as_str().unwrap().to_owned();
    syncs(&stack).await;
}

#[test_case("scoped_token"; "a token with scopes")]
#[test_case("oauth_client_credentials"; "a service account")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_the_gateway(method: &str) {
    let setup = Setup::default()
        .field("sweep_interval", "0")
        .field("cloud_auth_method", method)
        .field("oauth_client_id", "fixture-client")
        .field("oauth_client_secret", "fixture-secret");
    let mut stack = Stack::without_connector(&setup).await;
    std::fs::write(stack.file("token.txt"), "fixture-scoped-token").unwrap();
    let created = stack.create_connector(&setup.fields).await.exits_with(0);
    stack.connector = created.json()["connector_id"].as_str().unwrap().to_owned();
    let jira = stack.jira.url();
    let mut config = std::fs::read_to_string(stack.config()).unwrap();
    config += &format!("jira.gateway_url: {jira}\njira.token_url: {jira}/oauth/token\n");
    std::fs::write(stack.config(), config).unwrap();
    syncs(&stack).await;
}
