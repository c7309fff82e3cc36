//! Validates sync rules as a whole: their form, their sense given the fields of this Jira, and their queries, which
//! Jira itself judges.
//!
//! The callers write the outcome: the service for drafts, the command line for people.

use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, FilteringRules, ScanNext};
use serde_json::{Map, Value, json};
use sync_engine::sync_rules::{self, AdvancedRules, Effect, EffectTally, Problem, RuleSet};

use crate::inbound::source::{self, Login, LoginError};

/// The verdict on a set of rules.
#[derive(Debug, Clone, Default)]
pub struct RuleValidation {
    /// Problems that forbid activation; empty when there are none.
    pub problems: Vec<Problem>,
    /// Oddities that forbid nothing.
    pub warnings: Vec<String>,
    /// Each query of the advanced rules, and about how many issues it finds.
    pub queries: Vec<(String, Option<u64>)>,
    /// About how many issues several queries find together, each counted once.
    pub together: Option<u64>,
    /// The basic rules, when there is nothing wrong with them.
    pub basic: Option<RuleSet>,
}

impl RuleValidation {
    /// Whether the rules can be activated.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }

    /// The verdict in the form that the record's `validation` has.
    pub fn to_record(&self) -> Value {
        let errors: Vec<Value> = self.problems.iter().map(Problem::to_json).collect();
        json!({ "state": if self.is_valid() { "valid" } else { "invalid" }, "errors": errors })
    }
}

/// Validates rules against the Jira that is logged in to. An error means that nothing could be found out.
pub async fn validate_rules(login: &Login, rules: &FilteringRules) -> Result<RuleValidation, LoginError> {
    let fields = login.client.fields().await?;
    let mut found = RuleValidation::default();
    match sync_rules::validate_basic(&rules.rules, &source::field_types(&fields)) {
        Ok(basic) => found.basic = Some(basic),
        Err(problems) => found.problems.extend(problems),
    }
    match AdvancedRules::read(rules.advanced_snippet.as_ref()) {
        Ok(None) => {}
        Ok(Some(advanced)) => {
            let check = source::check_advanced(&login.client, &advanced).await?;
            found.problems.extend(check.problems);
            found.warnings.extend(check.warnings);
            found.together = check.together;
            let queries = advanced.queries().iter().map(|query| query.jql.clone());
            found.queries = queries.zip(check.estimates).collect();
        }
        Err(problems) => found.problems.extend(problems),
    }
    Ok(found)
}

/// The advanced rules of a connector's next job. They decide what is read in place of the configured projects, for
/// whoever looks at Jira without a job too.
pub fn advanced_rules_in_force(record: &ConnectorRecord) -> Result<Option<AdvancedRules>, LoginError> {
    let active = record.filtering.first().map(|filtering| &filtering.active);
    AdvancedRules::read(active.and_then(|rules| rules.advanced_snippet.as_ref())).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
        LoginError::Rules(all.join("; "))
    })
}

/// Counts the effect of basic rules on indexed documents. A missing index is [`ElasticError::NotFound`].
pub async fn effect_of(client: &ElasticClient, index: &str, rules: &RuleSet) -> Result<Effect, ElasticError> {
    // What tells a document's issue, and what the rules look at; texts of files stay where they are.
    let mut fields = vec!["Key", "jira_id", "issue_id", "Project.key"];
    // Rules are applied before there is a text.
    let named = rules.rules().iter().map(|rule| rule.field.as_str());
    fields.extend(named.filter(|field| *field != "body"));
    client.indices().refresh(index).await?;
    let mut scan = client.scan(index, &fields, None);
    let mut tally = EffectTally::new(rules);
    let none = Map::new();
    while let ScanNext::Page(documents) = scan.next_page().await? {
        for document in documents {
            let source = document.source.as_object().unwrap_or(&none);
            let number = |field: &str| source.get(field).and_then(Value::as_u64);
            let is_project = document.id.starts_with("project-") && source.contains_key("Project");
            match (number("jira_id"), number("issue_id")) {
                (_, Some(issue_id)) => tally.add_other(source, Some(issue_id)),
                (Some(jira_id), None) if source.contains_key("Key") && !is_project => tally.add_issue(source, jira_id),
                _ => tally.add_other(source, None),
            }
        }
    }
    Ok(tally.finish())
}
