//! A short name for what a set of rules means, so that a sync can tell whether it changed since the last one.

use md5::{Digest, Md5};
use serde_json::Value;

use super::rule::Rule;

/// Names these rules; none when there are none. Ids and times of change do not count, because they decide nothing.
pub fn fingerprint(rules: &[Value], snippet: Option<&Value>) -> Option<String> {
    let mut basic: Vec<&Value> = rules.iter().filter(|rule| !Rule::is_default(rule)).collect();
    if basic.is_empty() && snippet.is_none() {
        return None;
    }
    let order = |rule: &Value| rule.get("order").and_then(Value::as_f64).unwrap_or_default();
    basic.sort_by(|a, b| order(a).total_cmp(&order(b)));
    let mut digest = Md5::new();
    for rule in basic {
        for name in ["policy", "field", "rule", "value"] {
            let text = rule.get(name).map(Value::to_string).unwrap_or_default();
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    digest.update(snippet.map(Value::to_string).unwrap_or_default().as_bytes());
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(id: &str, order: i64, value: &str) -> Value {
        json!({"id": id, "order": order, "policy": "exclude", "field": "Type", "rule": "equals", "value": value})
    }

    #[test]
    fn only_what_decides_counts() {
        let rules = [rule("a", 1, "Bug"), rule("b", 2, "Task")];
        let same = [rule("x", 20, "Task"), rule("y", 10, "Bug")];
        let other = [rule("a", 2, "Bug"), rule("b", 1, "Task")];
        assert_eq!(fingerprint(&rules, None), fingerprint(&same, None));
        assert_ne!(fingerprint(&rules, None), fingerprint(&other, None));
        assert_ne!(
            fingerprint(&rules, None),
            fingerprint(&rules, Some(&json!([{"query": "x"}])))
        );
    }

    #[test]
    fn the_default_rule_alone_is_no_rules() {
        assert_eq!(fingerprint(&[json!({"id": "DEFAULT", "order": 0})], None), None);
    }
}
