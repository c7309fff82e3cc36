//! Document level security beside the fixture's own judgement of who may see what, for every kind of grant.
//!
//! The fixture's judge was written from Jira's documentation alone; the small Jira of `access` has its own scenarios.

use std::collections::{BTreeMap, BTreeSet};

use jira_fixture::{DataSize, Dialect, Options};
use serde_json::{Value, json};

use crate::harness::{Job, Setup, Stack};

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

/// What somebody reads of issues beside the one that they found: parents, sub-tasks and the other ends of links show no
/// word of their summaries, whoever sees them.
async fn assert_no_issue_tells_of_another(stack: &Stack) {
    let documents = stack.elastic.documents(&stack.index).await;
    let issues: BTreeMap<u64, &Value> = documents
        .values()
        .filter_map(|document| {
            Some((
                document["jira_id"].as_u64().filter(|_| document["Key"].is_string())?,
                document,
            ))
        })
        .collect();
    let mut looked_at = [0; 3];
    for document in issues.values() {
        let fields = &document["Issue"];
        let text = document.to_string();
        for (at, place) in ["issuelinks", "parent", "subtasks"].into_iter().enumerate() {
            for other in ids_in(&fields[place]).iter().filter_map(|id| issues.get(id)) {
                let summary = &other["Issue"]["summary"];
                if !summary.is_string() || *summary == fields["summary"] {
                    continue;
                }
                looked_at[at] += 1;
                let words = summary.to_string();
                let told = text.contains(words.trim_matches('"'));
                assert!(!told, "{place} of {}: {words}", document["Key"]);
            }
        }
    }
    assert!(looked_at.iter().all(|count| *count > 0), "{looked_at:?}");
}

/// Ids of issues, wherever they are.
fn ids_in(value: &Value) -> Vec<u64> {
    let below = |values: &mut dyn Iterator<Item = &Value>| values.flat_map(ids_in).collect();
    match value {
        Value::Array(values) => below(&mut values.iter()),
        Value::Object(object) if object.contains_key("key") => {
            let id = object["id"].as_u64().or_else(|| object["id"].as_str()?.parse().ok());
            id.into_iter().collect()
        }
        Value::Object(object) => below(&mut object.values()),
        _ => Vec::new(),
    }
}

/// The access control sync, and that it cost no more than what grants name.
async fn sync_identities(stack: &Stack) -> Job {
    stack.jira.site.reset_requests();
    let job = stack.sync_completes(&["--type", "access_control"]).await;
    let (requests, granted) = (stack.jira.site.requests().total, stack.jira.site.granted());
    let pages = granted.users as f64 / 1_000.0 + granted.memberships as f64 / 50.0;
    let most = 1.1 * (pages + granted.roles as f64 + granted.projects as f64) + 50.0;
    assert!(
        requests as f64 <= most,
        "{requests} requests, at most {most}: {granted:?}"
    );
    let identities = stack
        .elastic
        .documents(&format!(".search-acl-filter-{}", stack.index))
        .await;
    assert_eq!(
        job.0["total_document_count"],
        identities.len(),
        "of identities, not of content"
    );
    assert_eq!(job.noted("users_listed"), identities.len() as u64);
    job
}

/// Levels and projects that Data Center tells nothing of are left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_data_center_shows_them() {
    let stack = Stack::with(data_center()).await;
    stack.jira.site.shuffle_permissions(23, 50).unwrap();
    stack.sync_completes(&[]).await;
    let job = sync_identities(&stack).await;
    assert!(job.noted("denied_documents") > 0);
    assert_everybody_sees_what_jira_shows(&stack, "after the first syncs").await;
    assert_no_issue_tells_of_another(&stack).await;

    // Only the properties of comments tell that customers do not see them.
    let desk = |document: &Value| document["Issue"]["project"]["projectTypeKey"] == "service_desk";
    let documents = stack.elastic.documents(&stack.index).await;
    let internal = |document: &Value| document.to_string().contains("opalintern");
    assert!(documents.values().filter(|document| desk(document)).count() > 10);
    assert!(!documents.values().any(|document| desk(document) && internal(document)));
    let own = documents
        .iter()
        .filter(|(id, document)| id.starts_with("comment-") && internal(document));
    assert!(own.count() > 0, "internal comments have documents of their own");

    std::fs::write(stack.file("admin.yml"), stack.admin_config(&[&stack.connector])).unwrap();
    let admin = stack.file("admin.yml");
    let accounts = stack.jira.site.accounts();
    let user = accounts.iter().skip(1).find(|person| person.active).unwrap();
    let login = user.login.as_deref().unwrap();
    for name in [login, user.account.as_str()] {
        let shown = stack
            .command(&["-c", admin.to_str().unwrap(), "-o", "json", "access", "show", name])
            .await
            .exits_with(0)
            .json();
        let acl = format!(".search-acl-filter-{}", stack.index);
        let identity = stack.elastic.documents(&acl).await.remove(login).unwrap();
        let tokens = &identity["query"]["template"]["params"]["access_control"];
        let found = stack
            .elastic
            .search(&stack.index, json!({ "terms": { "_allow_access_control": tokens } }));
        assert_eq!(shown["user"], login, "{shown}");
        assert_eq!(shown["identity_is_current"], true, "{shown}");
        assert_eq!(shown["documents"], found.await.len(), "{shown}");
        assert!(shown["projects"][0]["grants"][0]["by"].is_string(), "{shown}");
        assert!(shown["unreadable"].is_array(), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_jira_shows_them_for_every_kind_of_grant() {
    let stack = Stack::with(setup(Dialect::Cloud)).await;
    stack.sync_completes(&[]).await;
    sync_identities(&stack).await;
    assert_everybody_sees_what_jira_shows(&stack, "after the first syncs").await;
    stack.jira.site.shuffle_permissions(17, 50).unwrap();
    stack.sync_completes(&["--type", "incremental"]).await;
    sync_identities(&stack).await;
    assert_everybody_sees_what_jira_shows(&stack, "after 50 changes").await;
    assert_no_issue_tells_of_another(&stack).await;
}
