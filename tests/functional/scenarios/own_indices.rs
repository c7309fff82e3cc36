//! Indices that users bring along: templates, aliases, strict mappings, keys that may do little.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Stack;

async fn without_index() -> Stack {
    let stack = Stack::small().await;
    stack
        .elastic
        .call(Method::DELETE, &format!("/{}", stack.index), None)
        .await;
    stack
}

async fn properties(stack: &Stack, index: &str) -> Value {
    stack.elastic.get(&format!("/{index}/_mapping")).await[index]["mappings"]["properties"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_of_an_index_template_win() {
    let stack = without_index().await;
    let template = format!("/_index_template/{}", stack.index);
    let body = json!({
        "index_patterns": [stack.index], "priority": 700,
        "template": { "mappings": { "properties": {
            "Type": { "type": "keyword" }, "title": { "type": "text", "copy_to": "everything" },
            "everything": { "type": "text" },
        } } },
    });
    stack.elastic.put(&template, &body).await;
    stack.sync_completes(&[]).await;
    stack.elastic.call(Method::DELETE, &template, None).await;
    stack.assert_index_is_the_model().await;
    let properties = properties(&stack, &stack.index).await;
    assert_eq!(properties["Type"], json!({ "type": "keyword" }));
    assert_eq!(properties["title"]["copy_to"], json!(["everything"]));
    assert_eq!(
        properties["Issue"]["properties"]["created"]["type"], "date",
        "ours where the template is silent"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sub_fields_of_dynamic_templates_exist() {
    let stack = without_index().await;
    let texts = json!({ "all_text_fields": {
        "match_mapping_type": "string",
        "mapping": { "type": "text", "fields": { "enum": { "type": "keyword", "ignore_above": 2048 }, "prefix": { "type": "text" } } },
    } });
    let body = json!({ "mappings": { "dynamic": "true", "dynamic_templates": [texts] } });
    stack.elastic.put(&format!("/{}", stack.index), &body).await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let properties = properties(&stack, &stack.index).await;
    assert_eq!(properties["Type"]["fields"]["enum"]["type"], "keyword");
    assert_eq!(properties["title"]["fields"]["prefix"]["type"], "text");
    assert_eq!(properties["jira_id"]["type"], "long");
}

/// Lets the connector sign in with a key that has these privileges for these indices.
async fn sign_in_with(stack: &Stack, indices: &[&str], privileges: &[&str]) {
    let key = json!({
        "name": format!("{}-connector", stack.index),
        "role_descriptors": { "narrow": {
            "cluster": ["monitor", "manage_connector"],
            "indices": [
                { "names": indices, "privileges": privileges },
                { "names": [".elastic-connectors*"], "privileges": ["all"] },
            ],
        } },
    });
    let narrow = stack.elastic.post("/_security/api_key", &key).await;
    let config = std::fs::read_to_string(stack.config()).unwrap();
    let config = config.replace(&stack.api_key().unwrap(), narrow["encoded"].as_str().unwrap());
    std::fs::write(stack.config(), config).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_may_not_manage_the_index_is_enough() {
    let stack = Stack::small().await;
    let privileges = ["read", "write", "maintenance", "view_index_metadata", "auto_configure"];
    sign_in_with(&stack, &[&stack.index], &privileges).await;
    let job = stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let notes = job.skipped();
    assert!(
        notes.iter().any(|line| line.contains("ignore_dynamic_beyond_limit")),
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_that_cannot_be_synced_is_refused_before_the_first_document() {
    let stack = without_index().await;
    let first = format!("{}-000001", stack.index);
    let alias = json!({ "aliases": { &stack.index: { "is_write_index": true } } });
    stack.elastic.put(&format!("/{first}"), &alias).await;
    // The key that `connector create` made is limited to the alias.
    let refused = stack.sync(&[]).await;
    assert_eq!(refused.job.status(), "error", "{}", refused.output);
    refused.output.complains_of(&[&first, "alias", "key"]);
    let written = stack.elastic.get(&format!("/{first}/_count")).await;
    assert_eq!(written["count"], 0);

    sign_in_with(&stack, &[&stack.index, &first], &["all"]).await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
    let properties = properties(&stack, &first).await;
    assert_eq!(properties["_allow_access_control"]["type"], "keyword");

    let rolled = stack
        .elastic
        .post(&format!("/{}/_rollover", stack.index), &json!({}))
        .await;
    let second = rolled["new_index"].as_str().unwrap();
    let refused = stack.sync(&[]).await;
    assert_eq!(refused.job.status(), "error", "{}", refused.output);
    refused.output.complains_of(&[&first, second, "alias"]);
    let written = stack.elastic.get(&format!("/{second}/_count")).await;
    stack
        .elastic
        .call(Method::DELETE, &format!("/{first},{second}"), None)
        .await;
    assert_eq!(written["count"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_takes_no_new_fields_fails_the_job() {
    let stack = without_index().await;
    let strict = json!({ "mappings": { "dynamic": "strict" } });
    stack.elastic.put(&format!("/{}", stack.index), &strict).await;
    let failed = stack.sync(&[]).await;
    assert_eq!(failed.job.status(), "error", "{}", failed.output);
    failed.output.complains_of(&[&stack.index, "strict"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_index_fails_the_job_and_is_named() {
    let stack = Stack::small().await;
    stack
        .elastic
        .call(Method::POST, &format!("/{}/_close", stack.index), None)
        .await;
    let failed = stack.sync(&[]).await;
    assert_eq!(failed.job.status(), "error", "{}", failed.output);
    failed.output.complains_of(&[&stack.index, "closed"]);
}
