//! Documents of whole issues as Cloud, Data Center and Server send them, kept as snapshots.
//!
//! The issues are written by hand after documented and recorded shapes; single rules are tested beside their code.

use jira_client::{Field, Issue};
use serde_json::{Value, json};

use super::{Attachments, DocumentContext, FileRules, attachments, issue, restricted_entry, take_restricted};
use crate::inbound::source::CustomFieldNames;

const CLOUD: &str = include_str!("samples/cloud.json");
const DATA_CENTER: &str = include_str!("samples/data_center_8_20.json");
const SERVER: &str = include_str!("samples/server_7.json");

/// Every document that a sample gives.
fn documents(sample: &str) -> Value {
    let sample: Value = serde_json::from_str(sample).unwrap();
    let fields: Vec<Field> = sample["names"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, name)| Field {
            id: id.clone(),
            name: name.as_str().unwrap().to_owned(),
            custom: true,
            schema: None,
        })
        .collect();
    let context = DocumentContext {
        base_url: "https://jira.example.com".to_owned(),
        custom_fields: CustomFieldNames::new(&fields),
        sync_started: "2026-11-22T12:00:00.000000+00:00".to_owned(),
        files: FileRules {
            max_size: 1000,
            read_here: false,
            extensions: Vec::new(),
        },
    };
    let body = serde_json::to_vec(&json!({ "issues": [sample["issue"]] })).unwrap();
    let id = sample["issue"]["id"].as_str().unwrap().parse().unwrap();
    let mut fetched = jira_client::read_bulk_answer(&[id], &body).unwrap();
    let mut read: Issue = fetched.issues.pop().unwrap();
    let restricted = take_restricted(&mut read.fields);
    let Attachments::Listed(files, failed) = attachments(&context, &read) else {
        panic!("the sample hides its attachments")
    };
    let entries = restricted.entries.iter();
    let entries: Vec<Value> = entries
        .filter_map(|entry| restricted_entry(&context, &read, entry))
        .map(|document| json!({ "_id": document.id.as_str(), "fields": document.fields }))
        .collect();
    let files: Vec<Value> = files
        .into_iter()
        .map(|file| json!({ "_id": file.document.id.as_str(), "content_skipped": file.content_skipped, "fields": file.document.fields }))
        .collect();
    let failed: Vec<String> = failed.into_iter().map(|failure| failure.item).collect();
    let document = issue(&context, read);
    json!({
        "issue": { "_id": document.id.as_str(), "jira_id": document.jira_id, "fields": document.fields },
        "restricted": entries, "attachments": files, "failed": failed,
    })
}

#[test]
fn of_cloud() {
    insta::assert_json_snapshot!(documents(CLOUD));
}

#[test]
fn of_data_center_8_20() {
    insta::assert_json_snapshot!(documents(DATA_CENTER));
}

#[test]
fn of_server_7() {
    insta::assert_json_snapshot!(documents(SERVER));
}
