//! Sync rules, verdicts on them and their effect as text.

use serde_json::Value;

use super::output::table;
use crate::operations::rules::{EffectView, RuleSetView, Verdict};

pub(super) fn rules_text(rules: &RuleSetView) -> String {
    let mut parts = Vec::new();
    if !rules.rules.is_empty() {
        let cell = |rule: &Value, name: &str| match rule.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let names = ["id", "order", "policy", "field", "rule", "value"];
        let basic = rules.rules.iter();
        let rows: Vec<Vec<String>> = basic
            .map(|rule| names.iter().map(|name| cell(rule, name)).collect())
            .collect();
        parts.push(table(&["ID", "ORDER", "POLICY", "FIELD", "RULE", "VALUE"], &rows));
    }
    match &rules.advanced_snippet {
        Value::Array(queries) => parts.extend(queries.iter().map(|entry| {
            let query = entry.get("query").and_then(Value::as_str);
            format!("query: {}", query.map_or_else(|| entry.to_string(), str::to_owned))
        })),
        other => parts.push(format!("advanced rules: {other}")),
    }
    if parts.is_empty() {
        "no rules: everything is indexed".to_owned()
    } else {
        parts.join("\n")
    }
}

/// The verdict and, when known, the effect.
pub(super) fn verdict_text(verdict: &Verdict) -> String {
    let mut lines = vec![rules_text(&verdict.rules), String::new()];
    let problems = verdict.problems.iter();
    lines.extend(problems.map(|problem| format!("problem: {}", problem.sentence)));
    lines.extend(verdict.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(verdict.queries.iter().filter_map(|query| {
        let issues = query.approximate_issues?;
        Some(format!("about {issues} issues: {}", query.jql))
    }));
    if let Some(issues) = verdict.approximate_issues_together {
        lines.push(format!("about {issues} issues together, each counted once"));
    }
    lines.extend(verdict.effect.as_ref().map(effect_text));
    let valid = if verdict.valid { "valid" } else { "not valid" };
    lines.push(format!("The rules are {valid}."));
    lines.join("\n")
}

fn effect_text(effect: &EffectView) -> String {
    let rules = effect.rules.iter();
    let rows: Vec<Vec<String>> = rules
        .map(|rule| vec![rule.id.clone(), rule.keeps.to_string(), rule.drops.to_string()])
        .chain([vec![
            "(no rule)".to_owned(),
            (effect.unmatched - effect.dropped_with_their_issue).to_string(),
            effect.dropped_with_their_issue.to_string(),
        ]])
        .collect();
    format!(
        "Of the {} documents indexed now:\n{}\n{} would stay, {} would go.",
        effect.kept + effect.dropped,
        table(&["RULE", "KEEPS", "DROPS"], &rows),
        effect.kept,
        effect.dropped
    )
}
