//! A page that does not arrive, or arrives spoiled, must never look like the end of a list: the job fails, says which
//! request it was, and the index stays as it was. Failures of single items are elsewhere.

use std::collections::BTreeMap;

use jira_fixture::{Fault, FaultKind};

use crate::harness::{Setup, Stack};

/// A fault that hits every request to an endpoint, and what the job's error must say about it.
type Case = (Fault, &'static [&'static str]);

/// Every fault in turn on one index, each met by a sync that would have something to delete. Then everything is well.
async fn check(cases: Vec<Case>) {
    check_with(Setup::default(), cases).await;
}

async fn check_with(setup: Setup, cases: Vec<Case>) {
    let stack = Stack::with(setup).await;
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

/// Waits are short here, and what a server may ask for is capped: nobody can wait for the end of time in a test.
fn impatient() -> Setup {
    let mut setup = Setup::default().field("retry_count", "3");
    // Several pages, so that a page token can repeat.
    setup.jira.page_cap = Some(200);
    setup.config.extend([
        "jira.request_timeout: 4s",
        "jira.retry_interval: 10ms",
        "jira.max_retry_interval: 20ms",
        "jira.max_wait: 50ms",
    ]);
    setup
}

fn busy(endpoint: &str, retry_after: Option<&str>) -> Fault {
    let header = retry_after.map(|text| ("retry-after".to_owned(), text.to_owned()));
    Fault {
        headers: header.into_iter().collect(),
        ..Fault::status(endpoint, 429)
    }
}

/// Every way to fail, at an endpoint, that may be over a moment later.
fn passing(endpoint: &str) -> Vec<Fault> {
    vec![
        Fault::status(endpoint, 500),
        Fault::status(endpoint, 502),
        Fault::status(endpoint, 503),
        busy(endpoint, Some("0")),
        busy(endpoint, None),
        busy(endpoint, Some("9223372036854775807")),
        busy(endpoint, Some("tomorrow")),
        fault(endpoint, FaultKind::Reset),
        fault(endpoint, FaultKind::Truncate),
        fault(endpoint, FaultKind::CutJson),
        fault(endpoint, FaultKind::Html),
        fault(endpoint, FaultKind::Hang),
    ]
}

/// Each sync meets one fault at every endpoint at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_that_pass_are_outlived() {
    const ENDPOINTS: [&str; 6] = [
        "server_info",
        "myself",
        "field",
        "project_search",
        "search_jql",
        "bulkfetch",
    ];
    let stack = Stack::with(impatient()).await;
    for kind in 0..passing("").len() {
        stack.jira.site.clear_faults();
        for endpoint in ENDPOINTS {
            stack.jira.site.add_fault(passing(endpoint).swap_remove(kind).times(1));
        }
        if kind == 0 {
            let circle = from_the_second_on("search_jql", FaultKind::RepeatToken);
            stack.jira.site.add_fault(circle.times(1));
        }
        // Something to find and something to remove, each time.
        let key = stack.jira.site.touch(1, kind as u64).unwrap().remove(0);
        stack.sync_completes(&[]).await;
        for met in stack.jira.site.faults() {
            assert_eq!(met.hits, 1, "{:?} {:?} of {}", met.kind, met.status, met.endpoint);
        }
        stack.assert_index_is_the_model().await;
        stack.jira.site.delete_issue(&key).unwrap();
    }
}

/// What lasts is an error that names the request, after a time that can be foreseen, and nothing is removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jira_that_never_answers_or_never_has_time_deletes_nothing() {
    check_with(
        impatient().field("retry_count", "1"),
        vec![
            (fault("search_jql", FaultKind::Hang), &["search/jql", "4000 ms"]),
            (fault("bulkfetch", FaultKind::Hang), &["bulkfetch", "4000 ms"]),
            (fault("project_search", FaultKind::Hang), &["project/search", "4000 ms"]),
            // A limit that names a wait is waited for ten times over; that is for the tests of the client.
            (busy("search_jql", None), &["search/jql", "429"]),
            (Fault::status("bulkfetch", 502), &["bulkfetch", "502"]),
        ],
    )
    .await;
}
