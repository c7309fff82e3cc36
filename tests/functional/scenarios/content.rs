//! What is in the documents: complete comments and worklogs, nothing restricted, text of attachments, every script.
//!
//! The truth is asked of the fixture's REST API with plain requests, so that no code of the product has a say in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::Stack;

/// Everything the service account can see of all issues, by key.
async fn issues_in_jira(stack: &Stack, fields: &[&str]) -> BTreeMap<String, Value> {
    let mut issues = BTreeMap::new();
    let mut body = json!({ "jql": "key IS NOT EMPTY", "fields": fields, "maxResults": 100 });
    loop {
        let page = stack.jira.post("rest/api/2/search/jql", &body).await;
        for issue in page["issues"].as_array().unwrap() {
            issues.insert(issue["key"].as_str().unwrap().to_owned(), issue.clone());
        }
        match page["nextPageToken"].as_str() {
            Some(token) => body["nextPageToken"] = token.into(),
            None => return issues,
        }
    }
}

/// All comments or worklogs of an issue, from their own resource, page by page.
async fn children(stack: &Stack, issue: &str, kind: &str) -> Vec<Value> {
    let list = format!("{kind}s");
    let mut all: Vec<Value> = Vec::new();
    loop {
        let path = format!("rest/api/2/issue/{issue}/{kind}?startAt={}&maxResults=100", all.len());
        let page = stack.jira.get(&path).await;
        all.extend(page[&list].as_array().unwrap().iter().cloned());
        if all.len() as u64 >= page["total"].as_u64().unwrap() {
            return all;
        }
    }
}

fn is_restricted(entry: &Value) -> bool {
    !entry["visibility"].is_null() || entry["jsdPublic"] == false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_and_worklogs_are_complete_and_restricted_ones_are_nowhere() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let documents = stack.documents().await;
    let by_key: BTreeMap<&str, &Value> = documents
        .values()
        .filter(|document| document["Issue"].is_object())
        .map(|document| (document["Key"].as_str().unwrap(), document))
        .collect();
    let whole_index: String = documents.values().map(Value::to_string).collect();

    let (mut restricted, mut longest) = (BTreeSet::new(), 0);
    for (key, issue) in issues_in_jira(&stack, &["comment", "worklog"]).await {
        for (kind, list) in [("comment", "comments"), ("worklog", "worklogs")] {
            if issue["fields"][kind]["total"] == 0 {
                continue;
            }
            let (hidden, public): (Vec<Value>, Vec<Value>) =
                children(&stack, &key, kind).await.into_iter().partition(is_restricted);
            longest = longest.max(hidden.len() + public.len());
            let indexed = &by_key[key.as_str()]["Issue"][kind];
            assert_eq!(indexed[list], Value::from(public.clone()), "{kind}s of {key}");
            assert_eq!(indexed["total"], public.len(), "{kind}s of {key}");
            restricted.extend(hidden.iter().map(|entry| {
                let own = entry["self"].as_str().unwrap();
                own[own.find("/issue/").unwrap()..].to_owned()
            }));
        }
    }
    assert!(longest >= 250, "the data has an issue with 250 comments");
    assert!(
        restricted.len() >= 3,
        "the data has restricted comments and worklogs: {restricted:?}"
    );
    for own_link in &restricted {
        assert!(
            !whole_index.contains(&format!("{own_link}\"")),
            "{own_link} is restricted and in the index"
        );
    }
}

/// Whoever may read the issue may not read these: their words must lead nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_restricted_comments_and_worklogs_lead_nowhere() {
    let stack = Stack::small().await;
    let key = stack.jira.special("comments_20");
    let role = json!({ "type": "role", "value": "Administrators" });
    let comments = [
        json!({ "body": "the numbat is public" }),
        json!({ "body": "quokka for a role", "visibility": role }),
        json!({ "body": "quokka for agents", "jsdPublic": false }),
    ];
    for comment in &comments {
        stack.jira.site.add_comment(&key, comment).unwrap();
    }
    let worklog = json!({ "comment": "quokka at work", "visibility": role });
    stack.jira.site.add_worklog(&key, &worklog).unwrap();
    stack.sync_completes(&[]).await;
    let hits = async |word: &str| {
        let query = json!({ "query_string": { "query": word } });
        let found = stack.elastic.search(&stack.index, query).await;
        found
            .into_values()
            .map(|document| document["Key"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(hits("numbat").await, [json!(key)]);
    assert_eq!(hits("quokka").await, [] as [Value; 0]);
    let whole_index: String = stack.documents().await.values().map(Value::to_string).collect();
    assert!(!whole_index.contains("quokka"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_in_every_script_arrives_as_it_is_and_is_found() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let documents = stack.documents().await;
    let issues = issues_in_jira(&stack, &["summary", "description", "environment", "labels"]).await;
    let by_key: BTreeMap<&str, &Value> = documents
        .values()
        .filter(|document| document["Issue"].is_object())
        .map(|document| (document["Key"].as_str().unwrap(), document))
        .collect();
    for (key, issue) in &issues {
        for field in ["summary", "description", "environment", "labels"] {
            assert_eq!(
                by_key[key.as_str()]["Issue"][field],
                issue["fields"][field],
                "{field} of {key}"
            );
        }
    }
    assert_eq!(by_key.len(), issues.len());

    for text in [
        "検索結果が空になることがあります",
        "Größe der Datei",
        "لا يمكن للمستخدم",
        "понедельник",
    ] {
        let with_text = |issue: &&Value| {
            issue["fields"]["description"]
                .as_str()
                .is_some_and(|own| own.contains(text))
        };
        let expected = issues.values().filter(with_text).count();
        assert!(expected > 0, "the data has a description with {text}");
        let query = json!({ "match_phrase": { "Issue.description": text } });
        let found = stack.elastic.search(&stack.index, query).await;
        assert!(
            found.len() >= expected,
            "{text}: {} of {expected} issues are found",
            found.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_hashed_when_elasticsearch_cannot_take_them_and_every_document_names_itself() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let documents = stack.documents().await;
    let mut hashed = 0;
    for (id, document) in &documents {
        assert_eq!(document["id"], *id);
        assert!(document["jira_id"].is_u64(), "{id}: {document}");
        assert!(
            document["url"].as_str().unwrap().starts_with(stack.jira.url()),
            "{id}: {document}"
        );
        assert!(
            document["Key"].is_string() || document["issue_id"].is_u64(),
            "{id}: {document}"
        );
        if document["Issue"]["project"]["key"] == "LANG" {
            assert!(
                id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{id}"
            );
            hashed += 1;
        }
        for left_over in [
            "_attachment",
            "_attachment_indexed_chars",
            "_extract_binary_content",
            "_reduce_whitespace",
            "_run_ml_inference",
        ] {
            assert!(document.get(left_over).is_none(), "{id} still has {left_over}");
        }
    }
    assert!(hashed > 0, "the data has a project whose name is too long for ids");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_of_attachments_can_be_searched() {
    let stack = Stack::small().await;
    let job = stack.sync_completes(&[]).await;
    let documents = stack.documents().await;
    let attachments: Vec<(&String, &Value)> = documents
        .iter()
        .filter(|(_, document)| document["Type"] == "Attachment" && document["Key"].is_null())
        .collect();
    let mut texts = 0;
    for (id, document) in &attachments {
        let title = document["title"].as_str().unwrap();
        let size = document["size"].as_u64().unwrap();
        let plain = title.ends_with(".txt") || title.ends_with(".csv");
        if !plain || size == 0 || size > 1024 * 1024 {
            continue;
        }
        let path = format!("rest/api/2/attachment/content/{}?redirect=false", document["jira_id"]);
        let Some(content) = stack.jira.download(&path).await else {
            assert_eq!(document["body"], Value::Null, "{id} cannot be downloaded");
            continue;
        };
        let words: Vec<&str> = content.split_whitespace().collect();
        assert_eq!(document["body"], words.join(" "), "text of {id} ({title})");
        texts += 1;
    }
    assert!(texts >= 5, "the data has text files");

    let odd = attachments
        .iter()
        .find(|(_, document)| document["title"] == "Größe 100%? – 見積もり #1.txt");
    let (odd_id, odd) = odd.expect("the data has a file with an odd name");
    let sentence: Vec<&str> = odd["body"].as_str().unwrap().split(' ').take(6).collect();
    let query = json!({ "match_phrase": { "body": sentence.join(" ") } });
    let found = stack.elastic.search(&stack.index, query).await;
    assert!(found.contains_key(*odd_id), "{sentence:?} leads to {odd_id}");

    let without_text = ["huge.txt", "empty.txt", "dump.qqq", "pixel.png"];
    for title in without_text {
        let (_, document) = attachments
            .iter()
            .find(|(_, document)| document["title"] == title)
            .unwrap();
        assert_eq!(document["body"], Value::Null, "{title} has no text");
    }
    assert!(job.noted("attachments_without_content") >= without_text.len() as u64);
}
