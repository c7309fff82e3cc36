//! A page that does not arrive, or arrives spoiled, must never look like the end of a list: the job fails, says which
//! request it was, and the index stays as it was. Failures of single items are elsewhere.

use std::collections::BTreeMap;

use jira_fixture::{Fault, FaultKind};

use crate::harness::{Setup, Stack};

/// A fault that hits every request to an endpoint, and what the job's error must say about it.
type Case = (Fault, &'static [&'static str]);

/// Every fault in turn on one index, each met by a sync that would have something to delete. Then everything is well.
async fn check(cases: Vec<Case>) {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    let gone = stack.jira.special("comments_24");
    stack.jira.site.delete_issue(&gone).unwrap();
    for (fault, says) in cases {
        let name = format!("{:?} {:?} of {}", fault.kind, fault.status, fault.endpoint);
        stack.jira.site.clear_faults();
        stack.jira.site.add_fault(fault);
        let failed = stack.sync(&[]).await;

        let (job, output) = (&failed.job, &failed.output);
        assert!(stack.jira.site.faults()[0].hits > 0, "{name}: the fault was never met");
        assert_eq!(job.status(), "error", "{name}: {output}");
        assert_eq!(output.code, 1, "{name}: {output}");
        for words in says {
            assert!(
                job.error().contains(words),
                "{name}: no \"{words}\" in: {}",
                job.error()
            );
            assert!(output.stderr.contains(words), "{name}: no \"{words}\" in: {output}");
        }
        assert!(job.0["completed_at"].is_string(), "{name}: {}", job.0);
        assert_eq!(job.documents("deleted"), 0, "{name}");
        let after = stack.outlines().await;
        assert!(
            before.keys().eq(after.keys()),
            "{name}: a failed sync removes nothing and invents nothing"
        );
        let record = stack.connector_record().await;
        assert_eq!(record["last_sync_status"], "error", "{name}");
        assert_eq!(record["last_sync_error"], job.error(), "{name}");
        assert_eq!(
            (&record["status"], &record["error"]),
            (&"error".into(), &job.error().into()),
            "{name}"
        );
    }
    stack.jira.site.clear_faults();
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    assert!(job.documents("deleted") > 0);
    assert_eq!(stack.connector_record().await["status"], "connected");
}

fn fault(endpoint: &str, kind: FaultKind) -> Fault {
    Fault::new(endpoint, kind)
}

/// The same, but the first request is answered as it should be.
fn from_the_second_on(endpoint: &str, kind: FaultKind) -> Fault {
    Fault {
        after: 1,
        ..Fault::new(endpoint, kind)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_fails_deletes_nothing() {
    const SEARCH: &str = "search_jql";
    check(vec![
        (Fault::status(SEARCH, 500), &["search/jql", "500"]),
        (Fault::status(SEARCH, 503), &["search/jql", "503"]),
        (Fault::status(SEARCH, 400), &["search/jql", "400"]),
        (Fault::status(SEARCH, 401), &["search/jql", "401"]),
        (Fault::status(SEARCH, 410), &["search/jql", "410"]),
        (fault(SEARCH, FaultKind::Html), &["search/jql", "web page"]),
        (fault(SEARCH, FaultKind::Truncate), &["search/jql", "cut off"]),
        (fault(SEARCH, FaultKind::CutJson), &["search/jql"]),
        (fault(SEARCH, FaultKind::Anonymous), &["search/jql", "anonymous"]),
        (
            fault(SEARCH, FaultKind::OtherAccount),
            &["search/jql", "another account"],
        ),
        (fault(SEARCH, FaultKind::RepeatToken), &["search/jql", "token"]),
        (fault(SEARCH, FaultKind::Reset), &["127.0.0.1"]),
    ])
    .await;
}

/// The listing begins well and breaks at its second page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_fails_half_way_deletes_nothing() {
    const SEARCH: &str = "search_jql";
    let setup = Setup::default();
    let stack = Stack::with(Setup {
        jira: jira_fixture::Options {
            page_cap: Some(100),
            ..setup.jira
        },
        ..setup
    })
    .await;
    stack.sync_completes(&[]).await;
    let before: BTreeMap<_, _> = stack.outlines().await;
    for kind in [
        FaultKind::Html,
        FaultKind::CutJson,
        FaultKind::Anonymous,
        FaultKind::RepeatToken,
        FaultKind::Reset,
    ] {
        stack.jira.site.clear_faults();
        stack.jira.site.add_fault(from_the_second_on(SEARCH, kind));
        let failed = stack.sync(&[]).await;
        assert_eq!(failed.job.status(), "error", "{kind:?}: {}", failed.output);
        assert_eq!(failed.job.documents("deleted"), 0, "{kind:?}");
        let after = stack.outlines().await;
        assert!(
            before.keys().eq(after.keys()),
            "{kind:?}: a failed sync removes nothing"
        );
    }
    // Odd pages that are right: short ones, and an empty one that is not the last.
    for kind in [FaultKind::ShortPage, FaultKind::EmptyPage] {
        stack.jira.site.clear_faults();
        stack.jira.site.add_fault(from_the_second_on(SEARCH, kind).times(1));
        stack.sync_completes(&[]).await;
        stack.assert_index_is_the_model().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projects_fields_or_a_login_that_fail_delete_nothing() {
    check(vec![
        (Fault::status("project_search", 500), &["project/search", "500"]),
        (
            fault("project_search", FaultKind::Html),
            &["project/search", "web page"],
        ),
        (fault("project_search", FaultKind::CutJson), &["project/search"]),
        (
            fault("project_search", FaultKind::Anonymous),
            &["project/search", "anonymous"],
        ),
        (Fault::status("field", 500), &["field", "500"]),
        (fault("field", FaultKind::Html), &["field", "web page"]),
        (fault("field", FaultKind::Anonymous), &["field", "anonymous"]),
        (Fault::status("myself", 500), &["myself", "500"]),
        (Fault::status("myself", 401), &["myself", "401"]),
        (fault("myself", FaultKind::Html), &["myself", "web page"]),
        (Fault::status("server_info", 500), &["serverInfo", "500"]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issues_that_cannot_be_fetched_delete_nothing() {
    check(vec![
        (Fault::status("bulkfetch", 500), &["bulkfetch", "500"]),
        (Fault::status("bulkfetch", 403), &["bulkfetch", "403"]),
        (fault("bulkfetch", FaultKind::Html), &["bulkfetch", "web page"]),
        (fault("bulkfetch", FaultKind::Anonymous), &["bulkfetch", "anonymous"]),
        (
            fault("bulkfetch", FaultKind::OtherAccount),
            &["bulkfetch", "another account"],
        ),
        (fault("bulkfetch", FaultKind::Reset), &["127.0.0.1"]),
    ])
    .await;
}

/// Cloud without account headers: nothing tells an empty answer for nobody from one for the account, but `myself` does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_during_a_sync_deletes_nothing() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    stack
        .jira
        .site
        .add_fault(from_the_second_on("myself", FaultKind::Anonymous));
    stack.jira.site.add_fault(fault("search_jql", FaultKind::Anonymous));
    stack.jira.site.add_fault(fault("*", FaultKind::NoAccount));
    let failed = stack.sync(&[]).await;
    assert_eq!(failed.job.status(), "error", "{}", failed.output);
    stack.jira.site.clear_faults();
    stack.jira.site.expire_credentials();
    let refused = stack.sync(&[]).await;
    assert_eq!(refused.job.status(), "error", "{}", refused.output);
    refused.output.complains_of(&["myself", "account_email", "api_token"]);
    assert!(before.keys().eq(stack.outlines().await.keys()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_pass_are_outlived() {
    let stack = Stack::with(Setup::default().field("retry_count", "2")).await;
    let busy = Fault {
        headers: BTreeMap::from([("retry-after".to_owned(), "1".to_owned())]),
        ..Fault::status("bulkfetch", 429).times(1)
    };
    for passing in [
        Fault::status("search_jql", 503).times(1),
        fault("project_search", FaultKind::Reset).times(1),
        fault("field", FaultKind::Truncate).times(1),
        busy,
    ] {
        stack.jira.site.add_fault(passing);
    }
    stack.sync_completes(&[]).await;
    let met: Vec<u64> = stack.jira.site.faults().iter().map(|fault| fault.hits).collect();
    assert_eq!(met, [1; 4], "every fault was met");
    stack.assert_index_is_the_model().await;
}
