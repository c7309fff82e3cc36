//! The text of files, taken by the connector itself: searching finds the file and its issue, and a harmful file costs
//! nothing but its own text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{Job, Setup, Stack, files};

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
        ("talk.pptx", files::pptx("the dunlin turns with the flock")),
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
        "the dunlin turns with the flock",
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_was_taken_stays_when_it_cannot_be_taken_any_more() {
    let service = MockServer::start().await;
    let host: &'static str = format!("extraction_service.host: {}", service.uri()).leak();
    let mut setup = Setup::default()
        .field("projects", "FIX,EMPTY")
        .field("max_text_size", "30")
        .field("file_extensions", "+birds, -csv");
    setup.config.push(host);
    let stack = Stack::with(setup).await;
    let key = stack.jira.special("comments_20");
    attach(
        &stack,
        &key,
        "notes.txt",
        b"the lapwing tumbles over the field and calls",
    );
    attach(&stack, &key, "list.birds", b"the dunlin runs");
    attach(&stack, &key, "list.csv", b"the whimbrel,whistles");
    stack.sync_completes(&[]).await;
    let notes = async || found(&stack, "the lapwing tumbles").await.pop().unwrap().1;
    let before = notes().await;
    assert_eq!(
        before["body"], "the lapwing tumbles over the f",
        "the ingest pipeline cuts too"
    );
    assert_eq!(found(&stack, "the dunlin runs").await.len(), 1);
    assert_eq!(found(&stack, "the whimbrel").await.len(), 0);

    let answer_with = async |body: Value| {
        service.reset().await;
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path("/extract_text/"))
            .respond_with(answer)
            .mount(&service)
            .await;
    };
    let configure = async |values: Value| {
        let configuration = format!("/_connector/{}/_configuration", stack.connector);
        stack.elastic.put(&configuration, &json!({ "values": values })).await;
    };
    answer_with(json!({ "error": "no", "message": "cannot read it" })).await;
    configure(json!({ "extraction_mode": "service" })).await;
    let job = stack.sync_completes(&[]).await;
    let after = notes().await;
    assert_eq!(after["body"], before["body"]);
    assert!(
        after["_extraction_error"].as_str().unwrap().contains("says: no"),
        "{after}"
    );
    let counted = job.skipped().iter().filter(|item| item.contains("says: no")).count();
    assert!(counted > 0, "{:?}", job.skipped());
    let again = stack.sync_completes(&[]).await;
    assert_eq!(
        again.noted("attachments_downloaded"),
        0,
        "what is the file's fault is not tried again"
    );

    // Under another key, and with other settings, it still cannot be read: the text goes with it.
    stack.jira.site.move_issue(&key, "EMPTY").unwrap();
    configure(json!({ "max_text_size": 2000 })).await;
    stack.sync_completes(&[]).await;
    let moved = notes().await;
    assert_ne!(moved["id"], before["id"]);
    assert_eq!(moved["body"], before["body"]);

    // A service in trouble says nothing about the file: it is tried again, and whatever was noted goes.
    service.reset().await;
    configure(json!({ "max_text_size": 3000 })).await;
    stack.sync_completes(&[]).await;
    assert_eq!(notes().await["body"], before["body"]);
    answer_with(json!({ "extracted_text": "the lapwing tumbles again" })).await;
    stack.sync_completes(&["--type", "incremental"]).await;
    let last = notes().await;
    assert_eq!(last["body"], "the lapwing tumbles again");
    assert!(last["_extraction_error"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_pipeline_cannot_read_is_counted_and_replaces_no_text() {
    let stack = Stack::with(Setup::default().field("projects", "FIX")).await;
    let key = stack.jira.special("comments_20");
    let torn = b"%PDF-1.7 and then nothing";
    let kept = attach(&stack, &key, "kept.pdf", &files::pdf("the curlew calls at night", 1));
    let other = attach(&stack, &key, "torn.pdf", torn);
    let replace = |attachment: u32, content: &[u8]| {
        let file = json!({ "filename": "any.pdf", "base64": STANDARD.encode(content) });
        stack.jira.site.replace_attachment(attachment, &file).unwrap();
    };
    let about = |job: &Job, id: u32| -> Vec<String> {
        let name = format!("content of {key}-{id}: ");
        let skipped = job.skipped().into_iter();
        skipped.filter(|item| item.starts_with(&name)).collect()
    };
    let first = stack.sync_completes(&[]).await;
    assert_eq!(about(&first, kept), [""; 0]);
    let reasons = about(&first, other);
    assert!(
        matches!(reasons.as_slice(), [one] if one.contains("Processor 'attachment'")),
        "{reasons:?}"
    );
    let before = found(&stack, "the curlew calls").await.pop().unwrap().1;

    // The storage of Jira is damaged, say, and the file is fetched again because its size is another one.
    replace(kept, torn);
    let damaged = stack.sync_completes(&[]).await;
    let reasons = about(&damaged, kept);
    assert!(
        matches!(reasons.as_slice(), [one] if one.contains("Processor 'attachment'")),
        "{reasons:?}"
    );
    assert_eq!(
        about(&damaged, other),
        [""; 0],
        "it was counted by the sync that met it"
    );
    let after = found(&stack, "the curlew calls").await.pop().unwrap().1;
    assert_eq!((&after["body"], &after["size"]), (&before["body"], &json!(torn.len())));
    assert!(after["_extraction_error"].as_str().unwrap().contains("attachment"));

    replace(kept, &files::pdf("the curlew left in autumn", 1));
    replace(other, &files::pdf("the godwit probes the mud", 1));
    stack.sync_completes(&[]).await;
    assert_eq!(found(&stack, "the curlew calls").await.len(), 0);
    assert_eq!(found(&stack, "the godwit probes").await.len(), 1);
    let repaired = found(&stack, "the curlew left").await.pop().unwrap().1;
    assert!(repaired["_extraction_error"].is_null() && repaired["_ingestion_errors"].is_null());
}
