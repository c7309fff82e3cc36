//! Tests of what the sink reads and changes in whole indices, on a node in memory: identities, access tokens, scans, and
//! how a content index is prepared.

use std::collections::BTreeSet;
use std::sync::Arc;

use elastic_client::index_names::CONNECTORS_ALIAS;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use sync_engine::access_control::{ACCESS_FIELD, ANYONE, NOBODY};
use sync_engine::access_sync::AccessStore as _;
use sync_engine::sync::encode::{EXTRACTION_FIELD, INGESTION_ERRORS_FIELD};
use sync_engine::sync::{
    DocumentId, IndexScan as _, IndexSelection, IndexedPage, Operation, Progress, Rehearsal, Sink as _,
};
use test_case::test_case;

use super::bulk_answers::sink_on;
use super::mini_node::{Index, MiniNode};
use super::{
    AccessIndexError, Claimant, ContentIndex, IdentityIndex, IdentityStore, PrepareError, user_key_metadata,
    user_key_name,
};

const INDEX: &str = "jira";

/// A node with documents that carry these tokens, by `_id`; null is a document without any.
async fn with_tokens(documents: &[(&str, Value)]) -> (MiniNode, IdentityIndex) {
    let node = MiniNode::start().await;
    for (id, tokens) in documents {
        let mut source = json!({ "Key": id, "other": 7 });
        if !tokens.is_null() {
            source[ACCESS_FIELD] = tokens.clone();
        }
        node.put(INDEX, id, source);
    }
    let index = IdentityIndex::new(node.client.clone(), INDEX);
    (node, index)
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn tokens(node: &MiniNode, id: &str) -> Value {
    let source = node.source(INDEX, id);
    assert_eq!(source["other"], 7, "nothing but the access field is touched");
    source[ACCESS_FIELD].clone()
}

#[tokio::test]
async fn documents_become_public_and_cease_to_be_so_with_their_tokens() {
    let (node, index) = with_tokens(&[
        ("became", json!(["browse:1"])),
        ("was", json!(["browse:1", ANYONE])),
        ("ceased", json!([ANYONE, "browse:2"])),
        ("ceased altogether", json!([ANYONE])),
        ("never", json!(["browse:2"])),
    ])
    .await;
    node.held.lock().conflicts = 1;
    let changed = index
        .mark_public(ACCESS_FIELD, &set(&["browse:1", "browse:9"]))
        .await
        .unwrap();
    assert_eq!(changed, 3);
    assert_eq!(tokens(&node, "became"), json!([ANYONE, "browse:1"]));
    assert_eq!(tokens(&node, "was"), json!(["browse:1", ANYONE]));
    assert_eq!(tokens(&node, "ceased"), json!(["browse:2"]));
    assert_eq!(
        tokens(&node, "ceased altogether"),
        json!([NOBODY]),
        "never left without any"
    );
    assert_eq!(tokens(&node, "never"), json!(["browse:2"]));
    assert_eq!(index.mark_public(ACCESS_FIELD, &set(&["browse:1"])).await.unwrap(), 0);
}

#[tokio::test]
async fn documents_without_tokens_are_given_to_nobody_all_of_them() {
    let (node, index) = with_tokens(&[("bare", json!(null)), ("other", json!(["browse:2"]))]).await;
    for number in 0..1_200 {
        node.put(INDEX, &format!("bare-{number}"), json!({ "other": 7 }));
    }
    assert_eq!(index.deny_unmarked(ACCESS_FIELD).await.unwrap(), 1_201);
    assert_eq!(tokens(&node, "bare"), json!([NOBODY]));
    assert_eq!(tokens(&node, "bare-1199"), json!([NOBODY]));
    assert_eq!(tokens(&node, "other"), json!(["browse:2"]));
}

#[test_case(4, true; "others write for a while")]
#[test_case(5, false; "nothing can be changed")]
#[tokio::test]
async fn tokens_that_cannot_be_changed_are_an_error(conflicts: usize, ends_well: bool) {
    let (node, index) = with_tokens(&[("bare", json!(null))]).await;
    node.held.lock().conflicts = conflicts;
    let denied = index.deny_unmarked(ACCESS_FIELD).await;
    assert_eq!(denied.is_ok(), ends_well, "{denied:?}");
    assert_eq!(denied.unwrap_or(0), u64::from(ends_well));
}

#[tokio::test]
async fn documents_are_counted_by_any_of_many_tokens() {
    let (_node, index) = with_tokens(&[
        ("one", json!(["browse:1"])),
        ("both", json!(["browse:1", "group:7"])),
        ("last", json!(["browse:130000"])),
        ("none", json!(["role:3"])),
    ])
    .await;
    // More than one query may name.
    let many: BTreeSet<String> = (1..=130_000).map(|number| format!("browse:{number}")).collect();
    let count = async |tokens: &BTreeSet<String>, without| index.count(ACCESS_FIELD, tokens, without).await.unwrap();
    assert_eq!(count(&many, None).await, 3);
    assert_eq!(count(&many, Some("group:")).await, 2);
    assert_eq!(count(&BTreeSet::new(), None).await, 0);
    let found = index.tokens(ACCESS_FIELD, "(group|role):.*").await.unwrap();
    assert_eq!(found, ["group:7", "role:3"]);
}

#[tokio::test]
async fn more_tokens_than_one_answer_holds_are_an_error() {
    let (node, index) = with_tokens(&[]).await;
    let all: Vec<String> = (0..65_535).map(|number| format!("group:{number}")).collect();
    node.put(INDEX, "many", json!({ ACCESS_FIELD: all }));
    assert_eq!(index.tokens(ACCESS_FIELD, "group:.*").await.unwrap().len(), 65_535);
    node.put(INDEX, "more", json!({ ACCESS_FIELD: ["group:more"] }));
    let refused = index.tokens(ACCESS_FIELD, "group:.*").await;
    assert!(matches!(refused, Err(AccessIndexError::TooManyTokens)), "{refused:?}");
}

#[tokio::test]
async fn identities_are_written_read_and_removed() {
    let node = MiniNode::start().await;
    let index = IdentityIndex::new(node.client.clone(), INDEX);
    assert_eq!(index.name(), ".search-acl-filter-jira");
    for _ in 0..2 {
        index.prepare().await.unwrap();
    }
    assert_eq!(node.asked("PUT /.search-acl-filter-jira"), 1);
    let made = node.held.lock().indices[index.name()].mappings.clone();
    assert_eq!(made["dynamic"], false, "a query may hold anything");

    let progress = Arc::new(Progress::default());
    let sink = sink_on(node.client.clone(), index.name(), &progress);
    let store = IdentityStore::new(&node.client, index.clone(), &sink, INDEX);
    for id in ["ann", "bob"] {
        let identity = json!({ "_timestamp": "2026-01-01", "query": id });
        store.write(id, identity.as_object().unwrap().clone()).await.unwrap();
    }
    assert_eq!(store.flush().await.unwrap(), BTreeSet::new());
    store.remove("ann").await.unwrap();
    store.flush().await.unwrap();
    let stored = store.stored().await.unwrap();
    let all: Vec<(&String, &Option<String>)> = stored.iter().map(|(id, one)| (id, &one.first_written)).collect();
    assert_eq!(all, [(&"bob".to_owned(), &Some("2026-01-01".to_owned()))]);
    assert_eq!(index.get("bob").await.unwrap().unwrap()["query"], "bob");
    assert_eq!(index.get("ann").await.unwrap(), None);
}

#[tokio::test]
async fn only_working_keys_of_users_of_this_index_are_told_and_made_unusable() {
    let node = MiniNode::start().await;
    let key = |id: &str, index: &str, identity: &str, invalidated: bool| {
        json!({
            "id": id, "name": user_key_name(index, identity), "invalidated": invalidated,
            "metadata": user_key_metadata("c", index, identity, "print"),
        })
    };
    node.held.lock().keys = vec![
        key("1", INDEX, "ann", false),
        key("2", INDEX, "bob", true),
        key("3", "jira-2", "ann", false),
        key("4", INDEX, "", false),
    ];
    let progress = Arc::new(Progress::default());
    let index = IdentityIndex::new(node.client.clone(), INDEX);
    let sink = sink_on(node.client.clone(), index.name(), &progress);
    let store = IdentityStore::new(&node.client, index, &sink, INDEX);
    let keys = store.keys().await.unwrap();
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    assert_eq!(
        (key.id.as_str(), key.identity.as_str(), key.fingerprint.as_str()),
        ("1", "ann", "print")
    );
    store.invalidate("1").await.unwrap();
    assert_eq!(store.keys().await.unwrap().len(), 0);
    assert_eq!(node.held.lock().keys.len(), 3);
}

/// Ids of what a scan of the content index selects.
async fn selected(node: &MiniNode, selection: IndexSelection) -> Vec<String> {
    let sink = sink_on(node.client.clone(), INDEX, &Arc::new(Progress::default()));
    let mut scan = sink.scan(selection).await.unwrap();
    let mut ids = Vec::new();
    while let IndexedPage::Documents(documents) = scan.next_page().await.unwrap() {
        for document in documents {
            if document.id == "F" {
                assert_eq!(document.extraction.as_deref(), Some("pipeline"));
            }
            ids.push(document.id);
        }
    }
    ids
}

async fn some_documents() -> MiniNode {
    let node = MiniNode::start().await;
    let documents = [
        (
            "A",
            json!({ "Key": "AL-1", "jira_id": 1, "Issue": { "subtasks": [{ "id": "5" }], "parent": { "id": "2" } } }),
        ),
        (
            "B",
            json!({ "Key": "AL-2", "jira_id": 2, "Issue": { "issuelinks": [{ "inwardIssue": { "id": 8 } }] } }),
        ),
        (
            "C",
            json!({ "Key": "AL-3", "jira_id": 3, "Issue": { "parent": { "id": "1" } } }),
        ),
        (
            "E",
            json!({ "issue": "AL-1", "issue_id": 1, "jira_id": 3, EXTRACTION_FIELD: "pipeline", "body": "text" }),
        ),
        (
            "F",
            json!({ "issue": "AL-1", "issue_id": 1, "jira_id": 30, EXTRACTION_FIELD: "pipeline", INGESTION_ERRORS_FIELD: "torn" }),
        ),
        ("G", json!({ "Key": "AL-9", INGESTION_ERRORS_FIELD: ["x"] })),
    ];
    for (id, source) in documents {
        node.put(INDEX, id, source);
    }
    node
}

#[test_case(IndexSelection::Everything, &["A", "B", "C", "E", "F", "G"])]
#[test_case(IndexSelection::WithContent, &["E", "F"])]
#[test_case(IndexSelection::RefusedByPipeline, &["F"])]
#[test_case(IndexSelection::WithoutJiraId, &["G"])]
#[test_case(IndexSelection::Ids(vec!["A".into(), "Z".into()]), &["A"])]
#[test_case(IndexSelection::ChildrenOf(vec![1, 7]), &["C"])]
#[test_case(IndexSelection::OfIssues(vec![1]), &["A", "E", "F"])]
#[tokio::test]
async fn a_scan_finds_what_it_is_to_find(selection: IndexSelection, ids: &[&str]) {
    assert_eq!(selected(&some_documents().await, selection).await, ids);
}

#[tokio::test]
async fn neighbours_and_contents_are_told_by_what_documents_name() {
    let node = some_documents().await;
    let sink = sink_on(node.client.clone(), INDEX, &Arc::new(Progress::default()));
    let mut neighbours = sink.neighbours(&["A", "B", "missing"]).await.unwrap();
    neighbours.sort_unstable();
    assert_eq!(neighbours, [1, 2, 3, 5, 8]);
    let content = sink.attachment(3).await.unwrap().unwrap();
    assert_eq!(content["body"], "text", "not the issue of the same number");
    assert_eq!(sink.attachment(1).await.unwrap(), None);
    assert_eq!(sink.count().await.unwrap(), 6);
    assert!(!sink.seems_empty().await.unwrap());
}

#[test_case(json!({}), None; "nothing to say")]
#[test_case(json!({ INGESTION_ERRORS_FIELD: ["torn", "twice"] }), Some("torn; twice"))]
#[test_case(json!({ INGESTION_ERRORS_FIELD: "torn", "body": "" }), Some("torn"))]
#[test_case(json!({ INGESTION_ERRORS_FIELD: "torn", "body": "a text all the same" }), None)]
#[tokio::test]
async fn a_file_is_tried_before_it_replaces_a_text(ingested: Value, no_text: Option<&str>) {
    let node = some_documents().await;
    node.held.lock().ingested = ingested;
    let sink = sink_on(node.client.clone(), INDEX, &Arc::new(Progress::default()));
    let rehearsed = sink.rehearse(&DocumentId::new("E".into()), &"{}".into()).await.unwrap();
    match (rehearsed, no_text) {
        (Rehearsal::Good, None) => {}
        (Rehearsal::NoText(reason), Some(expected)) => assert_eq!(reason, expected),
        (other, _) => panic!("{other:?}"),
    }
}

#[test_case("security_exception"; "no privilege")]
#[test_case("illegal_argument_exception"; "no such pipeline")]
#[tokio::test]
async fn a_file_that_cannot_be_tried_is_said_to_be_so(refused: &'static str) {
    let node = some_documents().await;
    let line = format!("POST /_ingest/{INDEX}/_simulate");
    node.held.lock().refused.insert(line, refused);
    let sink = sink_on(node.client.clone(), INDEX, &Arc::new(Progress::default()));
    let rehearsed = sink.rehearse(&DocumentId::new("E".into()), &"{}".into()).await.unwrap();
    assert!(matches!(rehearsed, Rehearsal::NotPossible(_)), "{rehearsed:?}");
}

/// A node where connector `ours` is the only one.
async fn before_a_sync() -> MiniNode {
    let node = MiniNode::start().await;
    node.put(CONNECTORS_ALIAS, "ours", json!({ "index_name": INDEX }));
    node
}

async fn prepare(node: &MiniNode, dates: &[String]) -> Result<super::Prepared, PrepareError> {
    let claimant = Claimant::new(&node.client, "ours");
    ContentIndex::new(&node.client, INDEX).prepare(dates, claimant).await
}

#[tokio::test]
async fn a_new_index_is_made_as_ours_and_an_existing_one_completed() {
    let node = before_a_sync().await;
    let prepared = prepare(&node, &["Custom_Fields.Due".to_owned()]).await.unwrap();
    assert!(
        prepared.new_fields.is_some() && prepared.notes.is_empty(),
        "{prepared:?}"
    );
    let made = node.held.lock().indices[INDEX].clone();
    assert_eq!(made.settings["index.mapping.total_fields.limit"], 5_000);
    assert_eq!(made.mappings["_meta"], json!({ "connector_id": "ours" }));
    assert_eq!(made.mappings["date_detection"], false);
    assert_eq!(made.mappings["properties"]["jira_id"]["type"], "long");
    assert_eq!(made.mappings["properties"]["Custom_Fields.Due"]["type"], "date");
    assert_eq!(node.asked("PUT /jira/_settings"), 0, "it was made with them");

    prepare(&node, &[]).await.unwrap();
    assert_eq!(node.asked("PUT /jira"), 1);
    assert_eq!(node.asked("PUT /jira/_settings"), 1);
}

#[test_case(json!({ "dynamic": "true" }), true; "takes all")]
#[test_case(json!({ "dynamic": "runtime" }), false; "of another kind")]
#[test_case(json!({ "dynamic_templates": [{ "theirs": { "mapping": {} } }] }), false; "other templates")]
#[tokio::test]
async fn fields_are_mapped_ahead_only_where_the_index_is_as_ours(template: Value, ahead: bool) {
    let node = before_a_sync().await;
    node.held.lock().template = template;
    assert_eq!(prepare(&node, &[]).await.unwrap().new_fields.is_some(), ahead);
}

#[tokio::test]
async fn what_a_key_may_not_set_is_noted_and_what_fails_is_an_error() {
    let node = before_a_sync().await;
    node.put(INDEX, "A", json!({}));
    node.held
        .lock()
        .refused
        .insert("PUT /jira/_settings".to_owned(), "security_exception");
    let notes = prepare(&node, &[]).await.unwrap().notes;
    assert!(
        matches!(notes.as_slice(), [note] if note.contains("ignore_dynamic_beyond_limit")),
        "{notes:?}"
    );
    node.held
        .lock()
        .refused
        .insert("GET /jira/_mapping".to_owned(), "security_exception");
    assert!(prepare(&node, &[]).await.is_err());
}

#[tokio::test]
async fn an_alias_is_read_through_before_anything_is_written() {
    let node = before_a_sync().await;
    node.put("jira-1", "A", json!({}));
    node.held
        .lock()
        .aliases
        .insert(INDEX.to_owned(), vec!["jira-1".to_owned()]);
    prepare(&node, &[]).await.unwrap();
    assert_eq!(node.asked("POST /jira/_pit"), 1);

    node.held
        .lock()
        .refused
        .insert("POST /jira/_pit".to_owned(), "security_exception");
    let refused = prepare(&node, &[]).await;
    assert!(
        matches!(&refused, Err(PrepareError::AliasOnly { index, .. }) if index == "jira-1"),
        "{refused:?}"
    );
    node.held.lock().indices.insert("jira-2".to_owned(), Index::default());
    node.held
        .lock()
        .aliases
        .insert(INDEX.to_owned(), vec!["jira-1".to_owned(), "jira-2".to_owned()]);
    let refused = prepare(&node, &[]).await;
    assert!(
        matches!(&refused, Err(PrepareError::SeveralIndices { indices, .. }) if indices.len() == 2),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_document_that_is_too_large_is_cut_and_the_job_says_so_once() {
    let node = some_documents().await;
    let progress = Arc::new(Progress::default());
    let sink = sink_on(node.client.clone(), INDEX, &progress);
    for id in ["L", "M"] {
        let operation = Operation::Index {
            id: DocumentId::new(id.into()),
            issue_id: Some(9),
            ticket: None,
            with_content: false,
            source: json!({ "Key": "AL-9", "body": "word ".repeat(800_000) })
                .to_string()
                .into(),
        };
        sink.write(operation).await.unwrap();
    }
    sink.flush().await.unwrap();
    assert!(
        node.source(INDEX, "M")["body"]
            .as_str()
            .unwrap()
            .starts_with("word word")
    );
    let counts = progress.snapshot();
    let notes: Vec<&String> = counts
        .skipped_items
        .iter()
        .filter(|line| line.contains("are cut"))
        .collect();
    assert!(
        matches!(notes.as_slice(), [note] if note.contains("first L")),
        "{notes:?}"
    );
}
