//! Draft sync rules: validated, and put in force when they are valid. What a valid rule is, is left to the validator.

use elastic_client::{ElasticClient, ElasticError, FilteringRules, ValidationState};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tracing::info;

/// The id under which problems of the advanced snippet are reported.
pub const ADVANCED_SNIPPET: &str = "advanced_snippet";

/// What is wrong with some rules of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilteringProblem {
    /// Ids of the rules, or [`ADVANCED_SNIPPET`].
    pub ids: Vec<String>,
    /// What is wrong and how to put it right.
    pub messages: Vec<String>,
}

/// Judges sync rules.
pub trait FilteringValidator: Send + Sync {
    /// Every problem of these rules; none means that they may be put in force. A fault on the way, of Jira for
    /// instance, leaves the draft unjudged.
    fn validate<'a>(&'a self, rules: &'a FilteringRules) -> BoxFuture<'a, Result<Vec<FilteringProblem>, ElasticError>>;
}

/// For a program that applies no rules: only the rule that every connector has is valid.
#[derive(Debug, Clone, Copy)]
pub struct DefaultRuleOnly;

impl FilteringValidator for DefaultRuleOnly {
    fn validate<'a>(&'a self, rules: &'a FilteringRules) -> BoxFuture<'a, Result<Vec<FilteringProblem>, ElasticError>> {
        Box::pin(std::future::ready(Ok(default_rule_only(rules))))
    }
}

fn default_rule_only(rules: &FilteringRules) -> Vec<FilteringProblem> {
    const CURE: &str = "this version cannot apply it yet; remove it to sync everything";
    let id = |rule: &Value| rule.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut problems: Vec<FilteringProblem> = rules
        .rules
        .iter()
        .map(id)
        .filter(|id| id != "DEFAULT")
        .map(|id| FilteringProblem {
            ids: vec![id],
            messages: vec![format!("a basic rule: {CURE}")],
        })
        .collect();
    if rules.has_advanced().is_some() {
        problems.push(FilteringProblem {
            ids: vec![ADVANCED_SNIPPET.to_owned()],
            messages: vec![format!("an advanced rule: {CURE}")],
        });
    }
    problems
}

/// Validates an edited draft and activates it when nothing is wrong with it. A draft that was judged before is left
/// alone until somebody edits it again.
pub(super) async fn pass(
    client: &ElasticClient,
    connector_id: &str,
    validator: &dyn FilteringValidator,
) -> Result<(), ElasticError> {
    let Some(connector) = client.connectors().get(connector_id).await? else {
        return Ok(());
    };
    let Some(filtering) = connector.value.filtering.first() else {
        return Ok(());
    };
    if filtering.draft.validation_state != Some(ValidationState::Edited) {
        return Ok(());
    }
    let problems = validator.validate(&filtering.draft).await?;
    let state = if problems.is_empty() {
        ValidationState::Valid
    } else {
        ValidationState::Invalid
    };
    let errors: Vec<Value> = problems
        .iter()
        .map(|problem| json!({ "ids": problem.ids, "messages": problem.messages }))
        .collect();
    let verdict = json!({ "state": state.as_str(), "errors": errors });
    let judged = client
        .connectors()
        .judge_filtering_draft(&connector, &verdict, problems.is_empty())
        .await;
    match judged {
        Ok(_) => info!(
            connector.id = connector_id,
            state = state.as_str(),
            problems = problems.len(),
            "judged the draft of the sync rules"
        ),
        // Someone edited it meanwhile: what was judged is not what stands there now.
        Err(ElasticError::VersionConflict { .. } | ElasticError::OutcomeUnknown { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str) -> Value {
        json!({ "id": id, "field": "Type", "rule": "equals", "value": "Bug", "policy": "exclude", "order": 1 })
    }

    #[test]
    fn nothing_but_the_default_rule_is_put_in_force() {
        let mut rules = FilteringRules {
            rules: vec![rule("DEFAULT")],
            advanced_snippet: Some(json!({})),
            ..FilteringRules::default()
        };
        assert_eq!(default_rule_only(&rules), []);
        rules.rules.push(rule("no-bugs"));
        rules.advanced_snippet = Some(json!([{ "query": "project = A" }]));
        let problems = default_rule_only(&rules);
        let ids: Vec<&str> = problems.iter().map(|problem| problem.ids[0].as_str()).collect();
        assert_eq!(ids, ["no-bugs", "advanced_snippet"]);
    }
}
