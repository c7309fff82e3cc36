//! Sync rules as they are shown, in the form that a new draft is given in.

use elastic_client::FilteringRules;
use serde::Serialize;
use serde_json::{Value, json};

use super::target::Target;
use crate::operations::error::OperationError;
use crate::operations::installation::Installation;

/// Rules in their order, without the one that every connector has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleSetView {
    /// Basic rules.
    pub rules: Vec<Value>,
    /// Advanced rules; an empty list when there are none.
    pub advanced_snippet: Value,
}

impl From<&FilteringRules> for RuleSetView {
    fn from(rules: &FilteringRules) -> Self {
        let is_default = |rule: &Value| rule.get("id").and_then(Value::as_str) == Some("DEFAULT");
        let mut all: Vec<Value> = rules.rules.iter().filter(|rule| !is_default(rule)).cloned().collect();
        let order = |rule: &Value| rule.get("order").and_then(Value::as_f64).unwrap_or_default();
        all.sort_by(|a, b| order(a).total_cmp(&order(b)));
        Self {
            rules: all,
            advanced_snippet: rules.has_advanced().cloned().unwrap_or_else(|| json!([])),
        }
    }
}

/// The rules of a connector.
#[derive(Debug, Clone, Serialize)]
pub struct RulesView {
    /// In force.
    pub active: RuleSetView,
    /// Being edited.
    pub draft: RuleSetView,
    /// `valid`, `invalid` or `edited`, with the problems; none when nobody judged the draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft_state: Option<String>,
}

/// The rules in force and the draft.
pub async fn show(installation: &Installation<'_>, connector_id: &str) -> Result<RulesView, OperationError> {
    let target = Target::find(installation, connector_id).await?;
    let draft = target.draft();
    let state = draft.validation_state.as_ref().map(|state| {
        let messages: Vec<String> = draft.validation_errors.iter().map(Value::to_string).collect();
        match messages.is_empty() {
            true => state.as_str().to_owned(),
            false => format!("{state}: {}", messages.join(", ")),
        }
    });
    Ok(RulesView {
        active: RuleSetView::from(&target.active()),
        draft: RuleSetView::from(&draft),
        draft_state: state,
    })
}

/// The rules that a job ran under.
pub async fn show_of_job(
    installation: &Installation<'_>,
    connector_id: &str,
    job_id: &str,
) -> Result<RuleSetView, OperationError> {
    let target = Target::find(installation, connector_id).await?;
    Ok(RuleSetView::from(&target.of_job(job_id).await?))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn rules_are_shown_in_their_order_without_the_default_rule() {
        let rules = FilteringRules {
            rules: vec![
                json!({"id": "DEFAULT", "order": 0}),
                json!({"id": "b", "order": 2}),
                json!({"id": "a", "order": 1}),
            ],
            ..FilteringRules::default()
        };
        let view = serde_json::to_value(RuleSetView::from(&rules)).unwrap();
        let shown = json!({ "rules": [{"id": "a", "order": 1}, {"id": "b", "order": 2}], "advanced_snippet": [] });
        assert_eq!(view, shown);
    }
}
