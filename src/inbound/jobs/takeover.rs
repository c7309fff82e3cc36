//! Guards the first job on an index that Elastic's connector filled: rules may mean more here than they did there.
//!
//! The framework looks at top-level fields only and compares dates as texts, so a rule that it ignored may remove
//! documents here. Which rules are valid at all is left to `job_setup`.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::json;
use sync_engine::sync_rules::{Effect, Policy};
use thiserror::Error;

use super::job_setup::JobSetup;
use crate::inbound::connectors::rule_validation::effect_of;

/// Why the job must not begin.
#[derive(Debug, Error)]
pub(crate) enum TakeoverError {
    /// The rules would remove more than an operator allowed.
    #[error("{0}")]
    Refused(String),
    /// Elasticsearch could not be asked.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

/// Refuses, before anything is changed, rules that would remove what Elastic's connector kept, unless an operator
/// allowed so many deletions. With a cursor of ours (`synced_before`) the rules have had their effect already.
pub(super) async fn refuse_surprises(
    client: &ElasticClient,
    setup: &JobSetup,
    synced_before: bool,
) -> Result<(), TakeoverError> {
    let (index, rules) = (&setup.index, &setup.options.rules);
    if synced_before || rules.keeps_everything() || !client.indices().exists(index).await? {
        return Ok(());
    }
    client.indices().refresh(index).await?;
    // Our issues carry their numbers; those of the framework do not.
    let foreign = json!({ "bool": {
        "filter": { "exists": { "field": "Key" } },
        "must_not": [{ "exists": { "field": "jira_id" } }, { "exists": { "field": "issue_id" } }],
    } });
    if client.indices().count(index, Some(&foreign)).await? == 0 {
        return Ok(());
    }
    let effect = effect_of(client, index, rules).await?;
    match words(&effect, index, setup.options.guard.allowed_once) {
        Some(words) => Err(TakeoverError::Refused(words)),
        None => Ok(()),
    }
}

fn words(effect: &Effect, index: &str, allowed: Option<u64>) -> Option<String> {
    let (dropped, all) = (effect.dropped(), effect.kept() + effect.dropped());
    if dropped <= allowed.unwrap_or(0) {
        return None;
    }
    let dropping = effect.rules.iter();
    let dropping = dropping.filter(|rule| rule.policy == Policy::Exclude && rule.documents > 0);
    let rules: Vec<String> = dropping
        .map(|rule| format!("{} ({})", rule.id, rule.documents))
        .collect();
    Some(format!(
        "nothing was changed: index {index} was filled by Elastic's connector, and the sync rules in force would remove \
         {dropped} of its {all} documents, because they look deeper here. Rules: {}. `rules validate` shows their effect; \
         correct them, or allow it once with `jira-connector sync start --allow-deletions {dropped}`",
        rules.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sync_engine::sync_rules::{EffectTally, FieldTypes, validate_basic};

    use super::*;

    fn effect() -> Effect {
        let rules = [json!({
            "id": "done", "order": 1, "policy": "exclude", "field": "Issue.status.name", "rule": "equals", "value": "Done",
        })];
        let rules = validate_basic(&rules, &FieldTypes::default()).unwrap();
        let mut tally = EffectTally::new(&rules);
        for (id, status) in [(1, "Done"), (2, "Open"), (3, "Done")] {
            let document = json!({ "Key": format!("AB-{id}"), "Issue": { "status": { "name": status } } });
            tally.add_issue(document.as_object().unwrap(), id);
        }
        tally.finish()
    }

    #[test]
    fn a_rule_that_the_python_connector_ignored_removes_nothing_before_it_is_allowed() {
        let objection = words(&effect(), "search-jira", None).unwrap();
        assert!(
            objection.contains("2 of its 3 documents") && objection.contains("done (2)"),
            "{objection}"
        );
        assert!(objection.contains("--allow-deletions 2"), "{objection}");
        assert!(words(&effect(), "search-jira", Some(1)).is_some(), "less was allowed");
        assert_eq!(words(&effect(), "search-jira", Some(2)), None);
    }
}
