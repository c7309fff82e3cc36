//! Counts the effect of basic rules on existing documents: how many each rule decides about, and which way.
//!
//! Reading the documents is left to the caller.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::rule::Policy;
use super::rule_set::{RuleSet, Verdict};

/// The effect of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleEffect {
    /// The rule's id.
    pub id: String,
    /// Its policy: whether the documents it decides about are kept or dropped.
    pub policy: Policy,
    /// Documents that it decides about.
    pub documents: u64,
}

/// The effect of all rules together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Rule by rule, in the order in which they are tried.
    pub rules: Vec<RuleEffect>,
    /// Documents that no rule matches.
    pub unmatched: u64,
    /// Those of them that would go because their issue does.
    pub dropped_with_issue: u64,
}

impl Effect {
    /// Documents that would be kept.
    pub fn kept(&self) -> u64 {
        self.decided(Policy::Include) + self.unmatched - self.dropped_with_issue
    }

    /// Documents that would be dropped.
    pub fn dropped(&self) -> u64 {
        self.decided(Policy::Exclude) + self.dropped_with_issue
    }

    fn decided(&self, policy: Policy) -> u64 {
        let rules = self.rules.iter().filter(|rule| rule.policy == policy);
        rules.map(|rule| rule.documents).sum()
    }
}

/// Counts document after document. What belongs to an issue may come before it.
#[derive(Debug)]
pub struct EffectTally<'r> {
    rules: &'r RuleSet,
    decided: HashMap<usize, u64>,
    unmatched: u64,
    dropped_issues: HashSet<u64>,
    unmatched_of_issues: HashMap<u64, u64>,
}

impl<'r> EffectTally<'r> {
    /// Nothing counted yet.
    pub fn new(rules: &'r RuleSet) -> Self {
        Self {
            rules,
            decided: HashMap::new(),
            unmatched: 0,
            dropped_issues: HashSet::new(),
            unmatched_of_issues: HashMap::new(),
        }
    }

    /// Adds the document of the issue `issue_id`.
    pub fn add_issue(&mut self, document: &Map<String, Value>, issue_id: u64) {
        if self.judge(document).excludes() {
            self.dropped_issues.insert(issue_id);
        }
    }

    /// Adds any other document, with the issue that it belongs to.
    pub fn add_other(&mut self, document: &Map<String, Value>, issue_id: Option<u64>) {
        if let (Verdict::NoMatch, Some(issue_id)) = (self.judge(document), issue_id) {
            *self.unmatched_of_issues.entry(issue_id).or_default() += 1;
        }
    }

    fn judge(&mut self, document: &Map<String, Value>) -> Verdict<'r> {
        let verdict = self.rules.judge(document);
        match verdict {
            Verdict::Decided(rule) => *self.decided.entry(std::ptr::from_ref(rule).addr()).or_default() += 1,
            Verdict::NoMatch => self.unmatched += 1,
        }
        verdict
    }

    /// The counts.
    pub fn finish(self) -> Effect {
        let rules = self.rules.rules().iter().map(|rule| RuleEffect {
            id: rule.id.clone(),
            policy: rule.policy,
            documents: self.decided.get(&std::ptr::from_ref(rule).addr()).copied().unwrap_or(0),
        });
        let of_dropped = self.unmatched_of_issues.iter();
        Effect {
            rules: rules.collect(),
            unmatched: self.unmatched,
            dropped_with_issue: of_dropped
                .filter(|(issue, _)| self.dropped_issues.contains(issue))
                .map(|(_, documents)| documents)
                .sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_document_is_counted_once_and_files_go_with_their_issue() {
        let rule = |id: &str, order: u64, policy: &str, value: &str| json!({"id": id, "order": order, "policy": policy, "field": "Type", "rule": "equals", "value": value});
        let records = [
            rule("keep", 1, "include", "Epic"),
            rule("drop", 2, "exclude", "Bug"),
            rule("none", 3, "exclude", "X"),
        ];
        let rules = RuleSet::read(&records).unwrap();
        let mut tally = EffectTally::new(&rules);
        let document = |kind: &str| json!({"Type": kind}).as_object().unwrap().clone();
        tally.add_other(&document("Attachment"), Some(1));
        tally.add_issue(&document("Bug"), 1);
        tally.add_issue(&document("Epic"), 2);
        tally.add_issue(&document("Epic"), 3);
        tally.add_other(&document("Attachment"), Some(2));
        tally.add_other(&document("Project"), None);
        let effect = tally.finish();
        assert_eq!((effect.kept(), effect.dropped()), (4, 2));
        assert_eq!((effect.unmatched, effect.dropped_with_issue), (3, 1));
        let documents: Vec<u64> = effect.rules.iter().map(|rule| rule.documents).collect();
        assert_eq!(documents, [2, 1, 0]);
    }
}
