//! The text of files, taken by the connector itself: searching finds the file and its issue, and a harmful file costs
//! nothing but its own text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::harness::{Setup, Stack, files};

fn attach(stack: &Stack, issue: &str, name: &str, content: &[u8]) -> u32 {
    let file = json!({ "filename": name, "base64": STANDARD.encode(content) });
    stack.jira.site.add_attachment(issue, &file).unwrap()
}

/// The attachments whose text has this sentence.
async fn found(stack: &Stack, sentence: &str) -> Vec<(String, Value)> {
    let query = json!({ "match_phrase": { "body": sentence } });
    stack.elastic.search(&stack.index, query).await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentence_inside_a_file_finds_the_file_and_its_issue() {
    let stack = Stack::with(
        Setup::default()
            .field("extraction_mode", "local")
            .field("max_text_size", "2000"),
    )
    .await;
    let key = stack.jira.special("comments_20");
    let contents = [
        ("plan.docx", files::docx("the heron waits in the reeds")),
        ("cost.xlsx", files::xlsx("the otter counts its pebbles")),
        ("scan.pdf", files::pdf("the bittern booms at dusk", 1)),
        ("mail.eml", b"Subject: birds\r\n\r\nthe crane flies south".to_vec()),
        ("hidden.txt", files::pdf("the snipe hides as text", 1)),
    ];
    for (name, content) in &contents {
        attach(&stack, &key, name, content);
    }
    attach(&stack, &key, "bomb.docx", &files::word_bomb(40));
    attach(&stack, &key, "broken.pdf", b"%PDF-1.7 and then nothing");
    attach(&stack, &key, "long.txt", "reed ".repeat(1000).as_bytes());
    let job = stack.sync_completes(&[]).await;

    let (_, issue) = stack.issue(&key).await.unwrap();
    let sentences = [
        "the heron waits in the reeds",
        "the otter counts its pebbles",
        "the bittern booms at dusk",
        "the crane flies south",
        "the snipe hides as text",
    ];
    for (sentence, (name, _)) in sentences.into_iter().zip(&contents) {
        let hits = found(&stack, sentence).await;
        assert_eq!(hits.len(), 1, "{sentence}");
        let file = &hits[0].1;
        assert_eq!(
            (&file["title"], &file["issue"]),
            (&json!(name), &json!(key)),
            "{sentence}"
        );
        assert_eq!(file["issue_id"], issue["jira_id"], "{sentence}");
        assert_eq!(file["_body_truncated"], false);
        assert!(file["_attachment"].is_null());
    }
    let documents = stack.documents().await;
    let named = |name: &str| {
        let of_issue = |document: &&Value| document["issue"] == *key && document["title"] == name;
        documents.values().find(of_issue).unwrap().clone()
    };
    let long = named("long.txt");
    assert_eq!(long["_body_truncated"], true);
    assert!(long["body"].as_str().unwrap().len() <= 2000);
    assert!(
        named("broken.pdf")["_extraction_error"]
            .as_str()
            .unwrap()
            .contains("damaged")
    );
    assert!(named("broken.pdf")["body"].is_null());
    assert!(
        job.skipped().iter().any(|item| item.contains("damaged")),
        "{:?}",
        job.skipped()
    );

    // What was read, or found unreadable, is not read again.
    let again = stack.sync_completes(&[]).await;
    assert_eq!(again.noted("attachments_downloaded"), 0);
}
