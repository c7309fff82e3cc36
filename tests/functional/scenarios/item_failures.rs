//! One item that cannot be read must not end a sync, must not lose what is indexed, and must be on record.

use jira_fixture::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::harness::{Job, Setup, Stack};

/// The line of the job's record about an item.
#[track_caller]
fn reason_for(job: &Job, item: &str) -> String {
    let skipped = job.skipped();
    let line = skipped.iter().find(|line| line.contains(&format!("{item}:")));
    line.unwrap_or_else(|| panic!("nothing is said about {item}: {skipped:?}"))
        .clone()
}

/// A fault for the content of one attachment.
fn content_of(attachment: u32, fault: Fault) -> Fault {
    Fault {
        matching: Some(format!("/{attachment}")),
        ..fault
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attachment_that_cannot_be_fetched_is_on_record_and_indexed_later() {
    let mut setup = Setup::default();
    setup.config.push("jira.request_timeout: 4s");
    let stack = Stack::with(setup).await;
    let key = stack.jira.special("comments_20");
    let cases = [
        (Fault::status("attachment_content", 404), "404"),
        (Fault::status("attachment_content", 500), "500"),
        (Fault::status("attachment_content", 403), "403"),
        (Fault::new("attachment_content", FaultKind::Html), "web page"),
        (Fault::new("attachment_content", FaultKind::Reset), ""),
        (Fault::new("attachment_content", FaultKind::Hang), "4000 ms"),
    ];
    let mut attachments = Vec::new();
    for (fault, reason) in cases {
        let text = format!("quagga number {}", attachments.len());
        let new = json!({ "filename": format!("late-{}.txt", attachments.len()), "text": text });
        let id = stack.jira.site.add_attachment(&key, &new).unwrap();
        stack.jira.site.add_fault(content_of(id, fault));
        attachments.push((format!("{key}-{id}"), text, reason));
    }
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let documents = stack.outlines().await;
    for (id, _, reason) in &attachments {
        let line = reason_for(&job, id);
        assert!(line.contains(reason), "{line}");
        assert_eq!(documents[id]["body"], Value::Null, "{id}");
        assert!(documents[id]["title"].as_str().unwrap().starts_with("late-"));
    }

    stack.jira.site.clear_faults();
    stack.sync_completes(&[]).await;
    let documents = stack.outlines().await;
    for (id, text, reason) in &attachments {
        // What Jira said is gone is not asked for again until the file changes.
        let body = if *reason == "404" { Value::Null } else { json!(text) };
        assert_eq!(documents[id]["body"], body, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_was_extracted_earlier_outlives_a_failed_download() {
    let stack = Stack::small().await;
    let key = stack.jira.special("comments_20");
    let new = json!({ "filename": "kept.txt", "text": "the quagga is kept" });
    let kept = stack.jira.site.add_attachment(&key, &new).unwrap();
    stack.sync_completes(&[]).await;

    // Another pipeline extracts differently, so everything is downloaded again.
    let pipeline = json!({
        "name": "ent-search-generic-ingestion", "extract_binary_content": true, "reduce_whitespace": true,
        "run_ml_inference": false,
    });
    let path = format!("/_connector/{}/_pipeline", stack.connector);
    stack.elastic.put(&path, &json!({ "pipeline": pipeline })).await;
    stack.jira.site.reset_requests();
    stack
        .jira
        .site
        .add_fault(content_of(kept, Fault::new("attachment_content", FaultKind::Html)));
    let job = stack.sync_completes(&[]).await;
    assert!(
        job.noted("attachments_downloaded") > 1,
        "the others are downloaded again"
    );
    let id = format!("{key}-{kept}");
    reason_for(&job, &id);
    assert_eq!(stack.outlines().await[&id]["body"], "the quagga is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_jira_cannot_give_stays_as_it_was() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let before = stack.outlines().await;
    // The first issue of every batch is refused, whenever it is asked for.
    stack
        .jira
        .site
        .add_fault(Fault::new("bulkfetch", FaultKind::IssueErrors));
    let job = stack.sync_completes(&[]).await;
    assert!(job.noted("skipped_items") > 0, "{:?}", job.skipped());
    assert_eq!(job.documents("deleted"), 0);
    assert!(before.keys().eq(stack.outlines().await.keys()));
    stack.jira.site.clear_faults();
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_whose_comments_cannot_be_completed_keeps_those_it_has() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let key = stack.jira.special("comments_250");
    let (id, before) = stack.issue(&key).await.unwrap();
    stack.jira.site.add_fault(Fault::status("comments", 500));
    let job = stack.sync_completes(&[]).await;
    let line = reason_for(&job, &key);
    assert!(line.contains("500"), "{line}");
    assert_eq!(
        stack.documents().await[&id],
        before,
        "a cut list of comments never replaces a complete one"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_answer_is_broken_is_asked_for_again() {
    let stack = Stack::with(Setup::default().field("retry_count", "1")).await;
    for kind in [FaultKind::CutJson, FaultKind::Truncate] {
        stack.jira.site.add_fault(Fault::new("bulkfetch", kind).times(1));
    }
    let job = stack.sync_completes(&[]).await;
    assert!(stack.jira.site.faults().iter().all(|fault| fault.hits == 1));
    stack.assert_index_is_the_model().await;
    assert_eq!(job.documents("total"), stack.jira.site.ids().len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_is_left_out_once_is_asked_for_again() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    stack
        .jira
        .site
        .add_fault(Fault::new("bulkfetch", FaultKind::OmitIssue).times(1));
    let job = stack.sync_completes(&[]).await;
    assert_eq!(stack.jira.site.faults()[0].hits, 1);
    assert_eq!(job.documents("deleted"), 0);
    stack.assert_index_is_the_model().await;
}
