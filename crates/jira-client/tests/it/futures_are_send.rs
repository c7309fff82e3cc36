//! The connector runs requests in tasks of their own, so every future of the client has to be able to move.
//!
//! This fails to compile when one is not; nothing is sent.

use jira_client::{JiraClient, ProjectStatus};

use crate::fake_jira::cloud;

fn must_be_send<T: Send>(_: T) {}

#[tokio::test]
async fn all_requests_can_run_in_tasks() {
    let client: JiraClient = cloud("http://127.0.0.1:9");
    must_be_send(client.myself());
    must_be_send(client.confirm_account());
    must_be_send(client.server_info());
    must_be_send(client.fields());
    must_be_send(client.project("A"));
    must_be_send(client.projects(ProjectStatus::Live).next_page());
    must_be_send(client.issue_ids("project = A").next_page());
    must_be_send(client.fetch_issues(&[1], &["*all"]));
    must_be_send(client.comments(1));
    must_be_send(client.worklogs(1));
    must_be_send(client.histories(&[1]));
    must_be_send(client.boards(None));
    must_be_send(client.board_shares(1));
    must_be_send(client.approximate_count("project = A"));
    must_be_send(client.search_reconciled("project = A", &[1]));
    let attachment = jira_client::AttachmentRef {
        id: "1".to_owned(),
        filename: "a".to_owned(),
        size: 1,
        content_url: None,
    };
    must_be_send(client.attachment(&attachment));
    let owned = client.clone();
    drop(tokio::spawn(async move { owned.fetch_issues(&[1], &["*all"]).await }));
    assert_eq!(client.stats().requests, 0);
}
