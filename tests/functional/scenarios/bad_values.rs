//! Values that no JSON library or mapping likes: none of them costs the issue that holds it.

use fastrand::Rng;
use jira_fixture::{DataSize, Fault, FaultKind};
use serde_json::{Map, Value, json};

use crate::harness::{Job, Setup, Stack};

/// Stands for JSON that cannot be written from here.
const UNWRITABLE: &str = "@@unwritable@@";

/// Custom fields of the fixture, two of one name among them.
const FIELDS: [&str; 12] = [
    "customfield_10000",
    "customfield_10015",
    "customfield_10016",
    "customfield_10020",
    "customfield_10030",
    "customfield_10031",
    "customfield_10032",
    "customfield_10033",
    "customfield_10034",
    "customfield_10035",
    "customfield_10036",
    "customfield_10037",
];

fn nested(levels: usize, innermost: Value) -> Value {
    (0..levels).fold(innermost, |inner, _| json!({ "n": inner }))
}

/// One value of any kind that was seen in the field, or is like those.
fn any_value(random: &mut Rng) -> Value {
    match random.u8(0..22) {
        0 => json!({ "": 1 }),
        1 => json!({ "a": [{ " ": 1, "b": { ".": 2, "..": 3, "x.": 4 } }] }),
        2 => nested(25, json!("deep")),
        3 => nested(150, json!("deeper")),
        4 => (0..40).fold(json!("x"), |inner, _| json!([inner])),
        5 => json!(UNWRITABLE),
        6 => json!({ "of": UNWRITABLE, "and": [UNWRITABLE] }),
        7 => json!(u64::MAX),
        8 => json!(1e300),
        9 => json!(i64::MIN),
        10 => json!({ "label [x] in [y]": 1, "label": { "of": "z" } }),
        11 => json!("2023-02-01"),
        12 => json!("Sprint 5"),
        13 => json!({ "a": 1, "a.b": 2 }),
        14 => json!({ "a.b": 1, "a": { "b": { "c": 1 } } }),
        15 => json!("w".repeat(40_000)),
        16 => json!([1, "word", { "x": 1 }, [true]]),
        17 => json!(true),
        18 => json!(random.f64()),
        19 => json!({ "k".repeat(40_000): 1 }),
        20 => json!({ "value\u{0}": "null\u{0}" }),
        _ => json!({ "id": "1", "value": "plain" }),
    }
}

fn unwritable(stack: &Stack) {
    let digits = "9".repeat(401);
    stack.jira.site.add_fault(Fault {
        find: Some(format!("\"{UNWRITABLE}\"")),
        body: Some(format!("[{digits},\"ends in \\ud83d\",{{\"\\udc00\":-{digits}.5e3}}]")),
        ..Fault::new("*", FaultKind::Replace)
    });
}

async fn keys(stack: &Stack) -> Vec<String> {
    let documents = stack.elastic.outlines(&stack.index).await;
    let issues = documents.values().filter(|document| document["Type"] != "Project");
    issues
        .filter_map(|document| Some(document["Key"].as_str()?.to_owned()))
        .collect()
}

/// Every issue holds bad values; the mapping is learned while they come.
async fn every_issue_is_indexed(setup: Setup, index: Option<Value>) -> Job {
    let stack = Stack::with(setup).await;
    stack.sync_completes(&[]).await;
    let keys = keys(&stack).await;
    let mut random = Rng::with_seed(21);
    for key in &keys {
        let count = random.usize(1..5);
        let fields: Map<String, Value> = (0..count)
            .map(|_| (random.choice(FIELDS).unwrap().to_owned(), any_value(&mut random)))
            .collect();
        stack
            .jira
            .site
            .override_fields(key, &Value::Object(fields), &[])
            .unwrap();
    }
    unwritable(&stack);
    if let Some(index) = index {
        stack
            .elastic
            .call(reqwest::Method::DELETE, &format!("/{}", stack.index), None)
            .await;
        stack.elastic.put(&format!("/{}", stack.index), &index).await;
    }
    let job = stack.sync_completes(&[]).await;
    stack.jira.site.clear_faults();
    stack.assert_index_is_the_model().await;
    assert_eq!(job.noted("rejected_documents"), 0, "{:?}", job.skipped());
    assert_eq!(job.noted("skipped_items"), 0, "{:?}", job.skipped());
    job
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_issues_with_every_bad_value_are_all_indexed() {
    let mut setup = Setup::default();
    setup.jira.data_size = DataSize::Medium;
    every_issue_is_indexed(setup, None).await;
}

/// As the Python connector makes its indices: Elasticsearch guesses, dates included.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_values_cost_no_issue_in_an_index_that_guesses_dates() {
    let index = json!({ "mappings": { "properties": { "id": { "type": "keyword" } } } });
    every_issue_is_indexed(Setup::default(), Some(index)).await;
}

/// The lone surrogate is read at once: no batch is asked for again in halves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lone_surrogate_costs_no_request() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let requests = stack.jira.requests_to("bulkfetch");
    let key = stack.jira.special("comments_20");
    let summary = json!({ "summary": "ends in @@" });
    stack.jira.site.override_fields(&key, &summary, &[]).unwrap();
    stack.jira.site.reset_requests();
    stack.jira.site.add_fault(Fault {
        find: Some("@@".to_owned()),
        body: Some("\\ud83d".to_owned()),
        ..Fault::new("*", FaultKind::Replace)
    });
    stack.sync_completes(&[]).await;
    assert_eq!(stack.jira.requests_to("bulkfetch"), requests);
    let (_, issue) = stack.issue(&key).await.unwrap();
    assert_eq!(issue["Issue"]["summary"], "ends in \u{FFFD}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_of_many_megabytes_is_found_by_what_fits() {
    let stack = Stack::small().await;
    let key = stack.jira.special("comments_20");
    let long = format!("quagga {}", "long words ".repeat(350_000));
    stack
        .jira
        .site
        .override_fields(&key, &json!({ "description": long }), &[])
        .unwrap();
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let found = stack
        .elastic
        .search(&stack.index, json!({ "match": { "Issue.description": "quagga" } }))
        .await;
    let issue = found.values().next().unwrap();
    assert_eq!(issue["Key"], key.as_str());
    let note = issue["_ingestion_errors"][0].as_str().unwrap();
    assert!(note.contains("Issue.description"), "{note}");
    // It is whole as far as that goes: `verify` names it, and advises no sync, which would store the same.
    let verified = stack.command(&["verify"]).await.exits_with(0);
    let (id, _) = found.first_key_value().unwrap();
    assert!(verified.stdout.contains(&format!("{id}: {note}")), "{verified}");
    assert!(!verified.stdout.contains("sync start"), "{verified}");
    let verified = stack
        .command(&["verify", "--output", "json"])
        .await
        .exits_with(0)
        .json();
    assert_eq!(
        verified["parts_missing"],
        json!([{ "id": id, "notes": issue["_ingestion_errors"] }])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn custom_dates_can_be_searched_as_dates() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    let histogram = json!({
        "size": 0,
        "aggs": { "months": { "date_histogram": { "field": "Custom_Fields.Start date", "calendar_interval": "month" } } },
    });
    let answer = stack
        .elastic
        .post(&format!("/{}/_search", stack.index), &histogram)
        .await;
    assert!(
        !answer["aggregations"]["months"]["buckets"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

/// Half a character at the end of summaries, of a project's description and in the name of a field.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_characters_cost_neither_issue_nor_request_wherever_they_stand() {
    let stack = Stack::small().await;
    stack.sync_completes(&[]).await;
    stack.jira.site.reset_requests();
    stack.sync_completes(&[]).await;
    let requests = stack.jira.site.requests().total;
    for key in keys(&stack).await.iter().step_by(10) {
        stack
            .jira
            .site
            .override_text(key, "summary", r#""half a rocket \ud83d""#)
            .unwrap();
    }
    for (endpoint, find) in [
        ("project_search", "\"description\":\""),
        ("field", "\"name\":\"Start date"),
    ] {
        stack.jira.site.add_fault(Fault {
            find: Some(find.to_owned()),
            body: Some(format!("{find}\\udc00")),
            ..Fault::new(endpoint, FaultKind::Replace)
        });
    }
    stack.jira.site.reset_requests();
    let job = stack.sync_completes(&[]).await;
    let faults = stack.jira.site.faults();
    assert!(faults.iter().all(|fault| fault.hits > 0), "{faults:?}");
    stack.jira.site.clear_faults();
    stack.assert_index_is_the_model().await;
    assert_eq!(stack.jira.site.requests().total, requests);
    assert_eq!(
        (job.noted("rejected_documents"), job.noted("skipped_items")),
        (0, 0),
        "{:?}",
        job.skipped()
    );
    let found = stack
        .elastic
        .search(
            &stack.index,
            json!({ "match_phrase": { "Issue.summary": "half a rocket" } }),
        )
        .await;
    assert!(found.len() >= 20);
    assert!(
        found
            .values()
            .all(|issue| issue["Issue"]["summary"] == "half a rocket \u{FFFD}")
    );
}

/// Every value that the fixture knows to be JSON and to be liked by no library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_odd_value_of_the_fixture_leaves_its_issue_findable() {
    let stack = Stack::small().await;
    let odd = stack.jira.site.create_odd_values("FIX").unwrap();
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    assert_eq!(
        (job.noted("rejected_documents"), job.noted("skipped_items")),
        (0, 0),
        "{:?}",
        job.skipped()
    );
    let indexed = keys(&stack).await;
    let missing: Vec<_> = odd.iter().filter(|(_, key)| !indexed.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
