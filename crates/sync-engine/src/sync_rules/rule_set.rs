//! The basic rules of a connector in force: the first rule that matches a document decides about it.

use serde_json::{Map, Value};

use super::problem::Problem;
use super::rule::{Policy, Rule};
use super::value_match;

/// The verdict of the rules on one document.
#[derive(Debug, Clone, Copy)]
pub enum Verdict<'r> {
    /// This rule matched first; its policy decides.
    Decided(&'r Rule),
    /// No rule matched: the document is kept.
    NoMatch,
}

impl Verdict<'_> {
    /// Whether a rule says that the document is not to be indexed.
    pub fn excludes(&self) -> bool {
        matches!(self, Self::Decided(rule) if rule.policy == Policy::Exclude)
    }

    /// Whether a rule says that the document is to be indexed.
    pub fn includes(&self) -> bool {
        matches!(self, Self::Decided(rule) if rule.policy == Policy::Include)
    }
}

/// Rules in the order in which they are tried.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

impl RuleSet {
    /// Reads the `rules` of a record. Every problem of form is reported; what the set as a whole lacks is found by
    /// `validate_basic`.
    pub fn read(records: &[Value]) -> Result<Self, Vec<Problem>> {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for record in records.iter().filter(|record| !Rule::is_default(record)) {
            match Rule::read(record) {
                Ok(rule) => rules.push(rule),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        // The sort is stable: rules of one order keep their places.
        rules.sort_by(|a, b| a.order.total_cmp(&b.order));
        Ok(Self { rules })
    }

    /// The rules in the order in which they are tried, DEFAULT excepted.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether nothing can be left out: there is no rule that excludes.
    pub fn keeps_everything(&self) -> bool {
        self.rules.iter().all(|rule| rule.policy == Policy::Include)
    }

    /// Judges a document as it would be indexed.
    pub fn judge(&self, document: &Map<String, Value>) -> Verdict<'_> {
        let matching = self.rules.iter().find(|rule| value_match::matches(rule, document));
        matching.map_or(Verdict::NoMatch, Verdict::Decided)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rule(id: &str, order: i64, policy: &str, operator: &str, value: &str) -> Value {
        json!({"id": id, "order": order, "policy": policy, "field": "Type", "rule": operator, "value": value})
    }

    fn default_rule() -> Value {
        json!({"id": "DEFAULT", "field": "_", "order": 0, "policy": "include", "rule": "regex", "value": ".*"})
    }

    fn excluded(rules: &[Value], document: &Value) -> bool {
        let rules = RuleSet::read(rules).unwrap();
        rules.judge(document.as_object().unwrap()).excludes()
    }

    #[test]
    fn the_first_match_decides() {
        let bug = json!({"Type": "Bug"});
        let keep_then_drop = [
            rule("a", 1, "include", "equals", "Bug"),
            rule("b", 2, "exclude", "regex", ".+"),
        ];
        assert!(!excluded(&keep_then_drop, &bug));
        assert!(excluded(&keep_then_drop, &json!({"Type": "Task"})));
        let drop_then_keep = [
            rule("a", 2, "include", "equals", "Bug"),
            rule("b", 1, "exclude", "regex", ".+"),
        ];
        assert!(excluded(&drop_then_keep, &bug));
    }

    #[test]
    fn an_include_rule_alone_filters_nothing() {
        let only_bugs = [default_rule(), rule("a", 1, "include", "equals", "Bug")];
        assert!(!excluded(&only_bugs, &json!({"Type": "Task"})));
        assert!(RuleSet::read(&only_bugs).unwrap().keeps_everything());
    }

    #[test]
    fn the_default_rule_is_never_evaluated() {
        assert!(RuleSet::read(&[default_rule()]).unwrap().rules().is_empty());
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_the_lowest_matching_order(
            rules in proptest::collection::vec((0_i64..50, any::<bool>(), 0_usize..4), 0..12),
            kind in 0_usize..4,
        ) {
            const TYPES: [&str; 4] = ["Bug", "Task", "Story", "Epic"];
            let records: Vec<Value> = rules.iter().enumerate().map(|(index, (order, include, kind))| {
                let policy = if *include { "include" } else { "exclude" };
                rule(&format!("r{index}"), *order, policy, "equals", TYPES[*kind])
            }).collect();
            let first = rules.iter().filter(|rule| rule.2 == kind).min_by_key(|rule| rule.0);
            let expected = first.is_some_and(|rule| !rule.1);
            prop_assert_eq!(excluded(&records, &json!({"Type": TYPES[kind]})), expected);
        }
    }
}
