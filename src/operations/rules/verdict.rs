//! Judges a draft by Jira and by the rules' own grammar, and counts its effect on the index.

use serde::Serialize;
use sync_engine::sync_rules::{Effect, Policy};

use super::view::RuleSetView;
use crate::inbound::connectors::rule_validation::RuleValidation;

/// The verdict on a set of rules.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether the rules can be activated.
    pub valid: bool,
    /// The problem.
    pub problems: Vec<RuleProblem>,
    /// Oddities that are allowed.
    pub warnings: Vec<String>,
    /// The queries of advanced rules.
    pub queries: Vec<QueryVerdict>,
    /// About how many issues several queries find together, each counted once.
    pub approximate_issues_together: Option<u64>,
    /// The effect of basic rules on documents that are indexed now.
    pub effect: Option<EffectView>,
    /// The rules that were judged.
    #[serde(skip)]
    pub rules: RuleSetView,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct RuleProblem {
    /// The rule; empty when it has no id, `advanced_snippet` for the advanced rules.
    pub id: String,
    /// The problem and its cure.
    pub message: String,
    /// Both in one sentence.
    #[serde(skip)]
    pub sentence: String,
}

/// One query of advanced rules.
#[derive(Debug, Clone, Serialize)]
pub struct QueryVerdict {
    /// The query.
    pub jql: String,
    /// About how many issues it finds, where Jira tells.
    pub approximate_issues: Option<u64>,
}

/// The effect of basic rules on documents that are indexed now.
#[derive(Debug, Clone, Serialize)]
pub struct EffectView {
    /// By rule.
    pub rules: Vec<RuleEffect>,
    /// Documents that no rule matches.
    pub unmatched: u64,
    /// Documents of these that go because their issue goes.
    pub dropped_with_their_issue: u64,
    /// Documents that would stay.
    pub kept: u64,
    /// Documents that would go.
    pub dropped: u64,
}

/// The effect of one rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleEffect {
    /// The rule.
    pub id: String,
    /// Documents that it keeps.
    pub keeps: u64,
    /// Documents that it drops.
    pub drops: u64,
}

impl Verdict {
    pub(super) fn new(rules: RuleSetView, found: &RuleValidation, effect: Option<&Effect>) -> Self {
        let problems = found.problems.iter().map(|problem| RuleProblem {
            id: problem.id.clone(),
            message: problem.message.clone(),
            sentence: problem.to_string(),
        });
        let queries = found.queries.iter().map(|(jql, issues)| QueryVerdict {
            jql: jql.clone(),
            approximate_issues: *issues,
        });
        Self {
            valid: found.is_valid(),
            problems: problems.collect(),
            warnings: found.warnings.clone(),
            queries: queries.collect(),
            approximate_issues_together: found.together,
            effect: effect.map(EffectView::from),
            rules,
        }
    }
}

impl From<&Effect> for EffectView {
    fn from(effect: &Effect) -> Self {
        let rules = effect.rules.iter().map(|rule| {
            let keeps = if rule.policy == Policy::Include {
                rule.documents
            } else {
                0
            };
            RuleEffect {
                id: rule.id.clone(),
                keeps,
                drops: rule.documents - keeps,
            }
        });
        Self {
            rules: rules.collect(),
            unmatched: effect.unmatched,
            dropped_with_their_issue: effect.dropped_with_issue,
            kept: effect.kept(),
            dropped: effect.dropped(),
        }
    }
}
