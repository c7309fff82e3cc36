//! Servers and gateways that answer less than Jira's documents promise: a sync works all the same, whole.

use std::collections::BTreeMap;

use jira_fixture::{Control, Fault, KeyNotEmpty, RequestCounts, Version};
use serde_json::Value;
use test_case::test_case;

use super::dialects::{data_center, syncs};
use crate::harness::{Setup, Stack};

fn no_post(site: &Control) {
    site.add_fault(Fault {
        method: Some("POST".to_owned()),
        ..Fault::status("search", 405)
    });
}

#[test_case(|site| site.add_fault(Fault::status("server_info", 404)); "server info is not routed")]
#[test_case(|site| site.add_fault(Fault::status("server_info", 403)); "server info is forbidden")]
#[test_case(no_post; "search takes no post")]
#[test_case(|site| site.set(|settings| settings.key_not_empty = KeyNotEmpty::Refused); "the query for everything is refused")]
#[test_case(|site| site.set(|settings| settings.key_not_empty = KeyNotEmpty::Nothing); "the query for everything finds nothing")]
#[test_case(|site| site.set(|settings| settings.epoch_fails = true); "milliseconds make the search fail")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_finds_everything_although(oddity: fn(&Control)) {
    let stack = Stack::with(data_center(Version::new(8, 20), "").field("sweep_interval", "0")).await;
    oddity(&stack.jira.site);
    syncs(&stack).await;
}

/// The public comments of issues outside service desks, by issue.
async fn comments(stack: &Stack) -> BTreeMap<String, Vec<Value>> {
    let documents = stack.documents().await;
    let desks: Vec<String> = documents
        .values()
        .filter(|document| document["Project"]["projectTypeKey"] == "service_desk")
        .map(|document| format!("{}-", document["Key"].as_str().unwrap()))
        .collect();
    assert!(!desks.is_empty());
    let issues = documents.values().filter(|document| document["Issue"].is_object());
    let outside = issues.filter(|issue| {
        !desks
            .iter()
            .any(|desk| issue["Key"].as_str().unwrap().starts_with(desk))
    });
    outside
        .map(|issue| {
            let all = issue["Issue"]["comment"]["comments"].as_array().into_iter().flatten();
            (
                issue["Key"].as_str().unwrap().to_owned(),
                all.map(|comment| comment["body"].clone()).collect(),
            )
        })
        .collect()
}

/// Old versions say about the project of an issue nothing but id, key and name, and about comments not who reads them.
#[test_case(Setup::default(); "cloud")]
#[test_case(data_center(Version::new(8, 20), ""); "data center")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_comments_are_kept_although_issues_do_not_tell_the_type_of_their_project(setup: Setup) {
    let stack = Stack::with(setup).await;
    stack.jira.site.reset_requests();
    stack.sync_completes(&[]).await;
    let (before, requests) = (comments(&stack).await, stack.jira.site.requests());
    stack.jira.site.set(|settings| {
        settings.lies.bare_projects = true;
        settings.lies.bare_comments = true;
    });
    stack.jira.site.reset_requests();
    stack.sync_completes(&[]).await;
    let after = comments(&stack).await;
    let is_kept = |key: &String| before[key].iter().all(|comment| after[key].contains(comment));
    let lost: Vec<&String> = before.keys().filter(|key| !is_kept(key)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let count: usize = after.values().map(Vec::len).sum();
    assert!(count > 100, "{count}");
    // No request for each issue; files are not downloaded a second time.
    let without_files = |of: RequestCounts| of.total - of.by_endpoint.get("attachment_content").copied().unwrap_or(0);
    let (before, after) = (without_files(requests), without_files(stack.jira.site.requests()));
    assert!(after <= before, "{after} requests, {before} before");
}
