//! `rules`: what is wrong is said before anything is in force, the effect is shown beforehand, and there is a way back.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::harness::{Stack, rule};

async fn rules(stack: &Stack, arguments: &[&str], code: i32) -> Value {
    let all: Vec<&str> = ["--output", "json", "rules"].iter().chain(arguments).copied().collect();
    let output = stack.command(&all).await.exits_with(code);
    stack.assert_no_secret(&output.text());
    output.json()
}

fn write(stack: &Stack, rules: &Value) -> String {
    let file = stack.file("rules.json");
    std::fs::write(&file, rules.to_string()).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_tried_out_put_in_force_and_taken_back() {
    let stack = Stack::small().await;
    let first = stack.sync_completes(&[]).await;
    let file = write(
        &stack,
        &json!({ "rules": [
            { "policy": "include", "field": "Issue.priority.name", "rule": "equals", "value": "High" },
            { "policy": "exclude", "field": "Issue.issuetype.name", "rule": "equals", "value": "Bug" },
        ] }),
    );
    rules(&stack, &["set", "--file", &file], 0).await;
    let effect = rules(&stack, &["validate"], 0).await["effect"].clone();
    let indexed = stack.outlines().await.len() as u64;
    assert_eq!(
        effect["kept"].as_u64().unwrap() + effect["dropped"].as_u64().unwrap(),
        indexed
    );
    assert!(effect["rules"][0]["keeps"].as_u64().unwrap() > 0);
    assert!(effect["rules"][1]["drops"].as_u64().unwrap() > 0);
    assert!(effect["dropped_with_their_issue"].as_u64().unwrap() > 0);

    rules(&stack, &["activate"], 0).await;
    let job = stack.sync_completes(&[]).await;
    assert_eq!(
        job.documents("deleted"),
        effect["dropped"].as_u64().unwrap(),
        "as it was said before"
    );
    let shown = rules(&stack, &["show", "--job", job.id()], 0).await;
    assert_eq!(shown["rules"][1]["value"], "Bug");

    // Back to the rules of the first job, which were none.
    rules(&stack, &["set", "--from-job", first.id()], 0).await;
    rules(&stack, &["activate"], 0).await;
    stack.sync_completes(&[]).await;
    stack.assert_index_is_the_model().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_with_the_rule_and_jira_s_own_words() {
    let stack = Stack::small().await;
    let file = write(
        &stack,
        &json!({
            "rules": [{ "policy": "exclude", "field": "Issue.created", "rule": ">", "value": "recently" }],
            "advanced_snippet": [{ "query": "project = FIX ORDER BY key" }, { "query": "nosuchfield = 1" }],
        }),
    );
    let found = rules(&stack, &["validate", "--file", &file], 1).await;
    let text = found["problems"].to_string();
    for words in [
        "rule-1",
        "Issue.created holds dates",
        "advanced_snippet",
        "rule 2",
        "nosuchfield",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(
        found["queries"][0]["approximate_issues"].as_u64().unwrap() > 100,
        "{found}"
    );
    assert!(found["warnings"].to_string().contains("ORDER BY key"), "{found}");

    // The record says so too, and what was in force stays.
    stack
        .activate_rules(&[rule(1, "exclude", "Type", "equals", "Epic")], &json!({}))
        .await;
    rules(&stack, &["set", "--file", &file], 0).await;
    rules(&stack, &["activate"], 1).await;
    let filtering = stack.connector_record().await["filtering"][0].clone();
    assert_eq!(filtering["draft"]["validation"]["state"], "invalid");
    let errors = filtering["draft"]["validation"]["errors"].to_string();
    assert!(
        errors.contains("\"rule-1\"") && errors.contains("\"advanced_snippet\""),
        "{errors}"
    );
    assert!(filtering["active"].to_string().contains("Epic"), "{filtering}");
}
