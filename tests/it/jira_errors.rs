//! A Jira that is down, refuses, or lacks what the configuration names: `check` and `sync now` say what to correct.

use std::net::TcpListener;

use crate::harness::{Setup, Stack};

/// Both commands fail with exit code 1 and these words, and no credential is in what they say or leave in a record.
async fn check(setup: Setup, says: &[&str]) {
    let stack = Stack::with(setup).await;
    fails(&stack, says).await;
}

async fn fails(stack: &Stack, says: &[&str]) {
    let output = stack.command(&["check"]).await.exits_with(1);
    for word in says {
        assert!(output.stdout.contains(word), "check: no \"{word}\"; {output}");
    }
    stack.assert_no_secret(&output.text());

    let synced = stack.sync(&[]).await;
    assert_eq!(synced.output.code, 1, "{}", synced.output);
    synced.output.complains_of(says);
    assert_eq!(synced.job.status(), "error");
    for word in says {
        assert!(
            synced.job.error().contains(word),
            "the job: no \"{word}\" in {}",
            synced.job.error()
        );
    }
    let record = stack.connector_record().await;
    assert_eq!(record["last_sync_error"], synced.job.error());
    // The snapshot of the configuration in the job has to hold the token; nothing else may.
    let mut job = synced.job.0.clone();
    job["connector"].take();
    stack.assert_no_secret(&job.to_string());
    assert_eq!(stack.documents().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_jira_is_named_with_its_port() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Setup::default().field("jira_url", format!("http://{closed}"));
    check(setup, &["127.0.0.1", &closed.port().to_string()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_exist_is_named() {
    let setup = Setup::default().field("jira_url", "http://no-such-host.invalid");
    check(setup, &["no-such-host.invalid"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_leads_to_the_fields_to_correct() {
    let stack = Stack::small().await;
    stack.jira.site.expire_credentials();
    fails(&stack, &["myself", "account_email", "api_token"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_account_is_a_refused_credential_too() {
    let setup = Setup::default().field("account_email", "somebody@example.com");
    check(setup, &["myself", "account_email", "api_token"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_does_not_exist_is_named() {
    let setup = Setup::default().field("projects", "FIX,NOPE,NADA");
    check(setup, &["NOPE", "NADA"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_in_place_of_jira_is_recognised() {
    let elastic = crate::harness::Elastic::connect().await;
    let setup = Setup::default().field("jira_url", elastic.url.clone());
    check(setup, &["myself"]).await;
}

/// Several commands show the connector; none shows what its configuration holds in secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_jira_refuses_goes_on_and_says_nothing_secret() {
    let stack = Stack::small().await;
    stack.jira.site.expire_credentials();
    let mut service = stack.start_service();
    let job = stack.elastic.create_job(&stack.connector).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "error");
    stack.jira.site.restore_credentials();
    let next = stack.elastic.create_job(&stack.connector).await;
    let next = stack.finished(&next).await;
    assert_eq!(next.status(), "completed", "{}", next.error());
    let (status, _) = service.terminate().await;
    assert!(status.success());
    stack.assert_no_secret(&service.log());
}
