//! `connector list` and `connector show`, as text and as JSON, without a secret in either.

use crate::harness::Stack;

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_listed_with_its_state() {
    let stack = Stack::small().await;
    let text = stack.command(&["connector", "list"]).await.exits_with(0);
    let line = text
        .stdout
        .lines()
        .find(|line| line.starts_with(&stack.connector))
        .unwrap();
    // Names that make the table too wide are cut.
    for word in [&stack.index[..20], "jira", "configured"] {
        assert!(line.contains(word), "no \"{word}\" in {line}");
    }
    assert!(text.stdout.lines().next().unwrap().contains("STATUS"), "{text}");

    let json = stack
        .command(&["--output", "json", "connector", "list"])
        .await
        .exits_with(0);
    let listed = json.json();
    let own = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["connector_id"] == stack.connector.as_str());
    let own = own.unwrap();
    assert_eq!(
        (&own["index_name"], &own["status"]),
        (&stack.index.as_str().into(), &"configured".into())
    );
    stack.assert_no_secret(&text.text());
    stack.assert_no_secret(&json.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_shown_with_its_settings_and_last_sync_but_no_secret() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let text = stack.command(&["connector", "show"]).await.exits_with(0);
    for word in [
        &stack.connector,
        &stack.index,
        stack.jira.url(),
        "connected",
        "completed",
        "(hidden)",
    ] {
        assert!(text.stdout.contains(word), "no \"{word}\"; {text}");
    }
    stack.assert_no_secret(&text.text());

    let json = stack
        .command(&["--output", "json", "connector", "show", "--", &stack.connector])
        .await
        .exits_with(0);
    let shown = json.json();
    assert_eq!(shown["connector_id"], stack.connector.as_str());
    assert_eq!(shown["last_sync_status"], "completed");
    assert_eq!(shown["last_indexed_document_count"], stack.jira.site.ids().len());
    assert_eq!(shown["configuration"]["jira_url"], stack.jira.url());
    assert_eq!(shown["configuration"]["api_token"], "(hidden)");
    stack.assert_no_secret(&json.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_connector_is_a_failure() {
    let stack = Stack::small().await;
    let output = stack
        .command(&["connector", "show", "no-such-connector"])
        .await
        .exits_with(1);
    output.complains_of(&["no-such-connector", "connector list"]);
}
