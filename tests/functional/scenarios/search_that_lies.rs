//! Searches that do not show issues which can be read: nothing is deleted on their word, and no sync calls that complete.

use jira_fixture::{Dialect, Fault, FaultKind, Options};
use serde_json::json;

use crate::harness::{Setup, Stack};

/// Makes searches leave out some of the issues.
fn hide(stack: &Stack, hidden: &serde_json::Value) {
    let hidden = serde_json::from_value(hidden.clone()).unwrap();
    stack.jira.site.set(|settings| settings.lies.hidden_rows = hidden);
}

async fn assert_nothing_is_lost(dialect: Dialect) {
    let setup = match dialect {
        Dialect::Cloud => Setup::default(),
        _ => Setup::default()
            .field("data_source", "jira_data_center")
            .field("data_center_username", "admin")
            .field("data_center_password", "fixture-password"),
    };
    let jira = Options { dialect, ..setup.jira };
    let stack = Stack::with(Setup { jira, ..setup }).await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    for hidden in [
        json!({ "count": 3 }),
        json!({ "count": 30 }),
        json!({ "percent": 66 }),
        json!({}),
    ] {
        hide(&stack, &hidden);
        for arguments in [&[][..], &["--type", "incremental"]] {
            let synced = stack.sync(arguments).await;
            assert_eq!(synced.job.documents("deleted"), 0, "{hidden}: {}", synced.output);
            let after = stack.outlines().await;
            assert!(before.keys().eq(after.keys()), "{hidden}: {}", synced.output);
        }
    }
    let dry = stack.command(&["-o", "json", "sync", "now", "--dry-run"]).await;
    assert!(dry.code != 0 || dry.json()["deleted"] == 0, "{dry}");
    hide(&stack, &serde_json::Value::Null);
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issues_that_data_center_can_read_and_not_find_stay() {
    assert_nothing_is_lost(Dialect::DataCenter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issues_that_cloud_can_read_and_not_find_stay() {
    assert_nothing_is_lost(Dialect::Cloud).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_sync_that_finds_nothing_is_no_success() {
    let stack = Stack::small().await;
    hide(&stack, &json!({}));
    let synced = stack.sync(&[]).await;
    assert_eq!(synced.job.status(), "error", "{}", synced.output);
    synced.output.complains_of(&["lists no issue", "can be read"]);
    hide(&stack, &serde_json::Value::Null);

    stack.jira.site.add_fault(Fault::new("bulkfetch", FaultKind::OmitAll));
    let synced = stack.sync(&[]).await;
    assert_eq!(synced.job.status(), "error", "{}", synced.output);
}
