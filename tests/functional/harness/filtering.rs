//! Sync rules put in force as Kibana does it: written as a draft, marked valid, activated.

use serde_json::{Value, json};

use super::stack::Stack;

/// One basic rule; `order` is its place in the list.
pub(crate) fn rule(order: u64, policy: &str, field: &str, operator: &str, value: &str) -> Value {
    json!({
        "id": format!("rule-{order}"), "order": order, "policy": policy, "field": field, "rule": operator,
        "value": value, "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z",
    })
}

impl Stack {
    /// Writes these rules as the draft.
    pub(crate) async fn draft_rules(&self, rules: &[Value], snippet: &Value) {
        let mut all = rules.to_vec();
        let mut default = rule(0, "include", "_", "regex", ".*");
        default["id"] = "DEFAULT".into();
        all.push(default);
        let body = json!({
            "rules": all,
            "advanced_snippet": {
                "value": snippet, "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z",
            },
        });
        let path = format!("/_connector/{}/_filtering", self.connector);
        self.elastic.put(&path, &body).await;
    }

    /// Puts these rules in force.
    pub(crate) async fn activate_rules(&self, rules: &[Value], snippet: &Value) {
        self.draft_rules(rules, snippet).await;
        let path = format!("/_connector/{}/_filtering", self.connector);
        let valid = json!({ "validation": { "state": "valid", "errors": [] } });
        self.elastic.put(&format!("{path}/_validation"), &valid).await;
        let activate = format!("{path}/_activate");
        let (status, answer) = self.elastic.call(reqwest::Method::PUT, &activate, None).await;
        assert_eq!(status, 200, "{answer}");
    }
}
