//! What a sync costs: requests to Jira, which must follow from the amount of data, and time, which is only printed.

use std::time::Instant;

use jira_fixture::{DataSize, Options};
use serde_json::json;

use crate::harness::{Setup, Stack};

/// Issues whose comments or worklogs do not all fit into the issue: Jira embeds the first 20 of each.
async fn cut_lists(stack: &Stack) -> u64 {
    let mut body = json!({ "jql": "key IS NOT EMPTY", "fields": ["comment", "worklog"], "maxResults": 100 });
    let mut cut = 0;
    loop {
        let page = stack.jira.post("rest/api/2/search/jql", &body).await;
        for issue in page["issues"].as_array().unwrap() {
            for kind in ["comment", "worklog"] {
                let total = issue["fields"][kind]["total"].as_u64().unwrap_or(0);
                // One page of the list's own resource holds a hundred comments, or any number of worklogs.
                cut += if total > 20 { total.div_ceil(100) } else { 0 };
            }
        }
        match page["nextPageToken"].as_str() {
            Some(token) => body["nextPageToken"] = token.into(),
            None => return cut,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_issues_cost_few_requests() {
    let stack = Stack::with(Setup {
        jira: Options {
            data_size: DataSize::Medium,
            latency_ms: 20,
            ..Options::default()
        },
        ..Setup::default()
    })
    .await;
    let cut_lists = cut_lists(&stack).await;
    stack.jira.site.reset_requests();
    let began = Instant::now();
    let job = stack.sync_completes(&[]).await;
    let seconds = began.elapsed().as_secs_f64();
    stack.assert_index_is_the_model().await;

    // Where Jira redirects downloads to is another host.
    let requests = stack.jira.site.requests().total - stack.jira.requests_to("media");
    let issues = job.noted("issues_listed");
    let downloads = stack.jira.requests_to("attachment_content");
    let documents = job.documents("indexed");
    println!(
        "{documents} documents in {seconds:.1} s ({:.0} documents/s), {requests} requests to Jira: {downloads} \
         downloads, {cut_lists} pages of long lists",
        documents as f64 / seconds
    );
    let allowed = (issues as f64 * 1.1 / 100.0).ceil() as u64 + 15 + downloads + cut_lists;
    assert!(
        requests <= allowed,
        "{requests} requests, {allowed} would do: {:?}",
        stack.jira.site.requests()
    );
    assert_eq!(
        job.noted("attachments_downloaded") + stack.jira.answered(404),
        downloads
    );
}
