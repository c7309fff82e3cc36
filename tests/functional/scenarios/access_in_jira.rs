//! Document level security beside the fixture's own judgement of who may see what, for every kind of grant.
//!
//! The fixture's judge was written from Jira's documentation alone; the small Jira of `access` has its own scenarios.

use std::collections::{BTreeMap, BTreeSet};

use jira_fixture::{DataSize, Dialect, Options};
use serde_json::{Value, json};

use crate::harness::{Setup, Stack};

fn setup(dialect: Dialect) -> Setup {
    let setup = Setup::default().field("use_document_level_security", "true");
    Setup {
        jira: Options {
            data_size: DataSize::PermissionsSmall,
            dialect,
            ..setup.jira
        },
        ..setup
    }
}

fn data_center() -> Setup {
    setup(Dialect::DataCenter)
        .field("data_source", "jira_data_center")
        .field("data_center_username", "admin")
        .field("data_center_password", "fixture-password")
}

/// What a query finds, as `kind:number of Jira`. Leaves out what belongs to issues that Jira tells nobody's access of.
async fn found(stack: &Stack, query: Value) -> BTreeSet<String> {
    let untold: BTreeSet<u64> = stack.jira.site.untold().issues.into_iter().map(u64::from).collect();
    let mut found = BTreeSet::new();
    for (id, document) in stack.elastic.search(&stack.index, query).await {
        let number = &document["jira_id"];
        let kind = match (&document["Key"], id.split_once('-').map(|(kind, _)| kind)) {
            (_, Some("project")) => continue,
            (_, Some("comment")) if document["issue_id"].is_u64() => "comment",
            (_, Some("worklog")) if document["issue_id"].is_u64() => "worklog",
            (Value::Null, _) => "attachment",
            _ => "issue",
        };
        let issue = document["issue_id"].as_u64().or(number.as_u64());
        if !issue.is_some_and(|issue| untold.contains(&issue)) {
            found.insert(format!("{kind}:{number}"));
        }
    }
    found
}

/// The part of what Jira shows to an account that the index can hold: comments and worklogs for all are in their issues.
fn shown(stack: &Stack, account: Option<&str>, indexed: &BTreeSet<String>) -> BTreeSet<String> {
    let visible = stack.jira.site.visible_through_connector(account).unwrap();
    let untold: BTreeSet<u32> = stack.jira.site.untold().issues.into_iter().collect();
    let name = |kind: &'static str| move |id: &u32| format!("{kind}:{id}");
    let issues = visible
        .issues
        .iter()
        .filter(|id| !untold.contains(id))
        .map(name("issue"));
    let rest = visible.comments.iter().map(name("comment"));
    let rest = rest.chain(visible.worklogs.iter().map(name("worklog")));
    let rest = rest.chain(visible.attachments.iter().map(name("attachment")));
    issues
        .chain(rest)
        .filter(|document| indexed.contains(document))
        .collect()
}

async fn assert_everybody_sees_what_jira_shows(stack: &Stack, when: &str) {
    let indexed = found(stack, json!({ "match_all": {} })).await;
    let acl = format!(".search-acl-filter-{}", stack.index);
    let identities: BTreeMap<String, Value> = stack.elastic.documents(&acl).await;
    let people: BTreeSet<String> = stack
        .jira
        .site
        .accounts()
        .into_iter()
        .filter(|person| person.active && person.account_type == "atlassian")
        .map(|person| person.login.unwrap_or(person.account))
        .collect();
    assert_eq!(identities.keys().cloned().collect::<BTreeSet<_>>(), people, "{when}");
    let untold: BTreeSet<String> = stack
        .jira
        .site
        .untold()
        .issues
        .iter()
        .map(|id| format!("issue:{id}"))
        .collect();
    let mut seen_by_anybody = 0;
    let mut complaints = Vec::new();
    let anonymous = json!({ "terms": { "_allow_access_control": ["anyone"] } });
    let everybody = identities.iter().map(|(id, identity)| {
        let tokens = &identity["query"]["template"]["params"]["access_control"];
        (
            Some(id.as_str()),
            json!({ "terms": { "_allow_access_control": tokens } }),
        )
    });
    for (account, query) in everybody.chain([(None, anonymous)]) {
        let found = found(stack, query).await;
        let shown = shown(stack, account, &indexed);
        seen_by_anybody += found.len();
        let leaks: Vec<&String> = found.difference(&shown).collect();
        let missing: Vec<&String> = shown.difference(&found).collect();
        if !leaks.is_empty() || !missing.is_empty() {
            complaints.push(format!("{account:?}: leaks {leaks:?}, missing {missing:?}"));
        }
    }
    assert!(
        complaints.is_empty(),
        "{when}; never told: {untold:?}\n{}",
        complaints.join("\n")
    );
    assert!(seen_by_anybody > 0, "{when}: nobody sees anything");
}

/// Levels and projects that Data Center tells nothing of are left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_data_center_shows_them() {
    let stack = Stack::with(data_center()).await;
    stack.jira.site.shuffle_permissions(23, 50).unwrap();
    stack.sync_completes(&[]).await;
    let job = stack.sync_completes(&["--type", "access_control"]).await;
    assert!(job.noted("denied_documents") > 0);
    assert_everybody_sees_what_jira_shows(&stack, "after the first syncs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_jira_shows_them_for_every_kind_of_grant() {
    let stack = Stack::with(setup(Dialect::Cloud)).await;
    stack.sync_completes(&[]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    assert_everybody_sees_what_jira_shows(&stack, "after the first syncs").await;
    stack.jira.site.shuffle_permissions(17, 50).unwrap();
    stack.sync_completes(&["--type", "incremental"]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    assert_everybody_sees_what_jira_shows(&stack, "after 50 changes").await;
}
