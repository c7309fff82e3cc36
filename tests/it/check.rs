//! `check`: everything that is well is named, everything that is missing comes with what to do, as text and as JSON.
//! Broken servers are in `elasticsearch_errors` and `jira_errors`.

use jira_fixture::{Dialect, Options, Version};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack};

fn findings(value: &Value) -> Vec<(String, bool)> {
    let list = value.as_array().unwrap().iter();
    list.map(|one| {
        (
            one["subject"].as_str().unwrap().to_owned(),
            one["ok"].as_bool().unwrap(),
        )
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_looked_at_is_reported() {
    let stack = Stack::small().await;
    let output = stack.command(&["--output", "json", "check"]).await.exits_with(0);
    let findings = findings(&output.json());
    assert!(findings.iter().all(|(_, ok)| *ok), "{output}");
    for subject in [
        "elasticsearch",
        "licence",
        "connector records",
        "index",
        "configuration",
        "Jira",
        "projects",
        "permissions",
        "security levels",
        "rate limit",
        "features",
    ] {
        assert!(
            findings.iter().any(|(named, _)| named.starts_with(subject)),
            "nothing about {subject}: {output}"
        );
    }
    assert!(
        output.stdout.contains("Search Service") && output.stdout.contains("Asia/Kolkata"),
        "{output}"
    );
    stack.assert_no_secret(&output.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_source_that_is_not_what_answers_is_named() {
    let setup = Setup::default()
        .field("data_source", "jira_data_center")
        .field("data_center_username", "admin@example.com");
    let mut stack = Stack::without_connector(&setup).await;
    let mut fields = setup.fields.clone();
    fields.push(("data_center_password", stack.token.clone()));
    let created = stack.create_connector(&fields).await.exits_with(0);
    stack.connector = created.json()["connector_id"].as_str().unwrap().to_owned();
    let output = stack.command(&["check"]).await.exits_with(1);
    assert!(output.stdout.contains("set it to jira_cloud"), "{output}");
    stack.assert_no_secret(&output.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_center_is_described_with_what_it_does_not_tell() {
    let jira = Options {
        dialect: Dialect::DataCenter,
        version: Some(Version::new(10, 3)),
        context_path: "/jira".to_owned(),
        ..Options::default()
    };
    let setup = Setup {
        jira,
        ..Setup::default()
    };
    let setup = setup
        .field("data_source", "jira_data_center")
        .field("data_center_username", "admin")
        .field("data_center_password", "fixture-password");
    let stack = Stack::with(setup).await;
    stack.jira.site.set(|settings| {
        settings.rate_limit = Some(50);
        settings.rate_limit_burst = Some(70);
    });
    let output = stack.command(&["check"]).await.exits_with(0);
    for words in [
        "Data Center 10.3",
        "Search Service",
        "Asia/Kolkata",
        "can be read, with",
        "issues",
        "50 requests a second",
        "archived",
        "full and incremental syncs",
        "nobody who is in a security level: dls_security_levels",
    ] {
        assert!(output.stdout.contains(words), "no \"{words}\"; {output}");
    }
    stack.assert_no_secret(&output.text());
}

/// A key that may read the records but not write the index: the missing privileges are named.
#[tokio::test(flavor = "multi_thread")]
async fn missing_privileges_are_named() {
    let stack = Stack::small().await;
    let role = json!({
        "name": format!("{}-connector", stack.index),
        "role_descriptors": { "weak": {
            "cluster": ["monitor"],
            "indices": [{ "names": [stack.index, ".elastic-connectors*"], "privileges": ["read"] }],
        } },
    });
    let key = stack.elastic.post("/_security/api_key", &role).await;
    let key = key["encoded"].as_str().unwrap();
    let config = format!(
        "elasticsearch:\n  host: {}\n  api_key: {key}\nconnectors:\n  - connector_id: {}\n",
        stack.elastic.url, stack.connector
    );
    std::fs::write(stack.config(), config).unwrap();
    let output = stack.command(&["check"]).await.exits_with(1);
    for word in ["FAILED", "manage_connector", "write"] {
        assert!(output.stdout.contains(word), "no \"{word}\"; {output}");
    }
    assert!(!output.text().contains(key), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_without_configuration_lists_what_is_missing() {
    let stack = Stack::small().await;
    let path = format!("/_connector/{}/_configuration", stack.connector);
    let values = json!({ "values": { "jira_url": "", "account_email": "" } });
    stack.elastic.call(Method::PUT, &path, Some(&values)).await;
    let output = stack.command(&["check"]).await.exits_with(1);
    for word in ["Jira host url", "Jira Cloud email address"] {
        assert!(output.stdout.contains(word), "no \"{word}\"; {output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_index_is_named_with_its_cure() {
    let stack = Stack::small().await;
    let path = format!("/{}/_settings", stack.index);
    stack.elastic.put(&path, &json!({ "index.blocks.write": true })).await;
    let blocked = stack.command(&["check"]).await.exits_with(1);
    assert!(blocked.stdout.contains("is blocked (write)"), "{blocked}");
}
