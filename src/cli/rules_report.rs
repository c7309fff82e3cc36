//! Sync rules, verdicts on them and their effect as JSON and as text.

use elastic_client::FilteringRules;
use serde_json::{Value, json};
use sync_engine::sync_rules::{Effect, Policy};

use super::output::table;
use crate::inbound::connectors::rule_validation::RuleValidation;

fn without_default(rules: &FilteringRules) -> Vec<&Value> {
    let is_default = |rule: &Value| rule.get("id").and_then(Value::as_str) == Some("DEFAULT");
    let mut all: Vec<&Value> = rules.rules.iter().filter(|rule| !is_default(rule)).collect();
    let order = |rule: &Value| rule.get("order").and_then(Value::as_f64).unwrap_or_default();
    all.sort_by(|a, b| order(a).total_cmp(&order(b)));
    all
}

/// In the form that `rules set --file` takes.
pub(super) fn rules_json(rules: &FilteringRules) -> Value {
    json!({
        "rules": without_default(rules),
        "advanced_snippet": rules.has_advanced().cloned().unwrap_or_else(|| json!([])),
    })
}

pub(super) fn rules_text(rules: &FilteringRules) -> String {
    let mut parts = Vec::new();
    let basic = without_default(rules);
    if !basic.is_empty() {
        let cell = |rule: &Value, name: &str| match rule.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let names = ["id", "order", "policy", "field", "rule", "value"];
        let rows: Vec<Vec<String>> = basic
            .iter()
            .map(|rule| names.iter().map(|name| cell(rule, name)).collect())
            .collect();
        parts.push(table(&["ID", "ORDER", "POLICY", "FIELD", "RULE", "VALUE"], &rows));
    }
    match rules.has_advanced() {
        Some(Value::Array(queries)) => parts.extend(queries.iter().map(|entry| {
            let query = entry.get("query").and_then(Value::as_str);
            format!("query: {}", query.map_or_else(|| entry.to_string(), str::to_owned))
        })),
        Some(other) => parts.push(format!("advanced rules: {other}")),
        None => {}
    }
    if parts.is_empty() {
        "no rules: everything is indexed".to_owned()
    } else {
        parts.join("\n")
    }
}

/// Describes a draft in words.
pub(super) fn state(draft: &FilteringRules) -> String {
    let state = draft
        .validation_state
        .as_ref()
        .map_or("not validated", |state| state.as_str());
    let messages: Vec<String> = draft.validation_errors.iter().map(Value::to_string).collect();
    if messages.is_empty() {
        state.to_owned()
    } else {
        format!("{state}: {}", messages.join(", "))
    }
}

/// The verdict and, when known, the effect.
pub(super) fn validation(rules: &FilteringRules, found: &RuleValidation, effect: Option<&Effect>) -> (Value, String) {
    let mut json = json!({
        "valid": found.is_valid(),
        "problems": found.problems.iter().map(|problem| json!({ "id": problem.id, "message": problem.message }))
            .collect::<Vec<_>>(),
        "warnings": found.warnings,
        "queries": found.queries.iter().map(|(jql, issues)| json!({ "jql": jql, "approximate_issues": issues }))
            .collect::<Vec<_>>(),
        "approximate_issues_together": found.together,
        "effect": null,
    });
    let mut lines = vec![rules_text(rules), String::new()];
    lines.extend(found.problems.iter().map(|problem| format!("problem: {problem}")));
    lines.extend(found.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(found.queries.iter().filter_map(|(jql, issues)| {
        let issues = (*issues)?;
        Some(format!("about {issues} issues: {jql}"))
    }));
    if let Some(issues) = found.together {
        lines.push(format!("about {issues} issues together, each counted once"));
    }
    if let Some(effect) = effect {
        json["effect"] = effect_json(effect);
        lines.extend([effect_text(effect)]);
    }
    lines.push(
        if found.is_valid() {
            "The rules are valid."
        } else {
            "The rules are not valid."
        }
        .to_owned(),
    );
    (json, lines.join("\n"))
}

fn effect_json(effect: &Effect) -> Value {
    let rules: Vec<Value> = effect
        .rules
        .iter()
        .map(|rule| {
            let kept = if rule.policy == Policy::Include {
                rule.documents
            } else {
                0
            };
            json!({ "id": rule.id, "keeps": kept, "drops": rule.documents - kept })
        })
        .collect();
    json!({
        "rules": rules,
        "unmatched": effect.unmatched,
        "dropped_with_their_issue": effect.dropped_with_issue,
        "kept": effect.kept(),
        "dropped": effect.dropped(),
    })
}

fn effect_text(effect: &Effect) -> String {
    let rows: Vec<Vec<String>> = effect
        .rules
        .iter()
        .map(|rule| {
            let (keeps, drops) = match rule.policy {
                Policy::Include => (rule.documents, 0),
                Policy::Exclude => (0, rule.documents),
            };
            vec![rule.id.clone(), keeps.to_string(), drops.to_string()]
        })
        .chain([vec![
            "(no rule)".to_owned(),
            (effect.unmatched - effect.dropped_with_issue).to_string(),
            effect.dropped_with_issue.to_string(),
        ]])
        .collect();
    format!(
        "Of the {} documents indexed now:\n{}\n{} would stay, {} would go.",
        effect.kept() + effect.dropped(),
        table(&["RULE", "KEEPS", "DROPS"], &rows),
        effect.kept(),
        effect.dropped()
    )
}
