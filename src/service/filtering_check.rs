//! Draft sync rules: validated, and put in force when they are valid. What a valid rule is, is left to the validator.

use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, FilteringRules, ValidationState};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tracing::info;

use crate::sync_rules::{self, FieldTypes, Problem};

/// Judges sync rules.
pub trait FilteringValidator: Send + Sync {
    /// Every problem of the draft of this connector's rules; none means that it may be put in force. A fault on the
    /// way leaves the draft unjudged; the next pass tries again.
    fn validate<'a>(
        &'a self,
        connector: &'a ConnectorRecord,
        draft: &'a FilteringRules,
    ) -> BoxFuture<'a, Result<Vec<Problem>, ElasticError>>;
}

/// Basic rules as `sync_rules` sees them; advanced rules are refused.
#[derive(Debug, Clone, Copy)]
pub struct BasicRulesOnly;

impl FilteringValidator for BasicRulesOnly {
    fn validate<'a>(
        &'a self,
        _connector: &'a ConnectorRecord,
        draft: &'a FilteringRules,
    ) -> BoxFuture<'a, Result<Vec<Problem>, ElasticError>> {
        Box::pin(std::future::ready(Ok(basic_rules_only(draft))))
    }
}

fn basic_rules_only(rules: &FilteringRules) -> Vec<Problem> {
    let found = sync_rules::validate_basic(&rules.rules, &FieldTypes::default());
    let mut problems = found.err().unwrap_or_default();
    if rules.has_advanced().is_some() {
        let message = "this version cannot apply advanced rules yet; remove them to sync everything";
        problems.push(Problem::of_snippet(message));
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
    let problems = validator.validate(&connector.value, &filtering.draft).await?;
    let state = if problems.is_empty() {
        ValidationState::Valid
    } else {
        ValidationState::Invalid
    };
    let errors: Vec<Value> = problems.iter().map(Problem::to_json).collect();
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

    fn rule(id: &str, value: &str) -> Value {
        json!({ "id": id, "field": "Type", "rule": "equals", "value": value, "policy": "exclude", "order": 1 })
    }

    #[test]
    fn valid_basic_rules_pass_and_the_rest_is_named() {
        let default =
            json!({ "id": "DEFAULT", "field": "_", "rule": "regex", "value": ".*", "policy": "include", "order": 2 });
        let mut rules = FilteringRules {
            rules: vec![rule("no-bugs", "Bug"), default],
            advanced_snippet: Some(json!({})),
            ..FilteringRules::default()
        };
        assert_eq!(basic_rules_only(&rules), []);
        rules.rules.push(rule("empty", ""));
        rules.advanced_snippet = Some(json!([{ "query": "project = A" }]));
        let problems = basic_rules_only(&rules);
        let ids: Vec<&str> = problems.iter().map(|problem| problem.id.as_str()).collect();
        assert_eq!(ids, ["empty", "advanced_snippet"]);
    }
}
