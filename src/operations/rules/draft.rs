//! Sync rules as people write them, and the draft that is made of them.

use chrono::Utc;
use elastic_client::FilteringRules;
use serde_json::{Map, Value, json};

/// Reads rules in the form that people write them. What is wrong with a single rule is said by the validation.
pub fn parse(text: &str) -> Result<FilteringRules, String> {
    let parsed: Value = serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
    let members = parsed
        .as_object()
        .ok_or("an object with \"rules\" and \"advanced_snippet\" is expected")?;
    if let Some(unknown) = members
        .keys()
        .find(|name| !["rules", "advanced_snippet"].contains(&name.as_str()))
    {
        return Err(format!(
            "\"{unknown}\" is not known; there are \"rules\" and \"advanced_snippet\""
        ));
    }
    let rules = match members.get("rules") {
        None => Vec::new(),
        Some(Value::Array(rules)) => rules
            .iter()
            .enumerate()
            .map(|(position, rule)| complete(position, rule))
            .collect(),
        Some(_) => return Err("\"rules\" must be a list".into()),
    };
    Ok(FilteringRules {
        rules,
        advanced_snippet: members.get("advanced_snippet").cloned(),
        ..FilteringRules::default()
    })
}

/// Fills in what follows from a rule's place. What is wrong with it is said by the validation.
fn complete(position: usize, rule: &Value) -> Value {
    let Value::Object(given) = rule else {
        return rule.clone();
    };
    let mut members = Map::new();
    members.insert("id".into(), format!("rule-{}", position + 1).into());
    members.insert("order".into(), (position + 1).into());
    members.extend(given.clone());
    Value::Object(members)
}

/// The body that writes these rules as the draft.
pub(super) fn draft_body(rules: &FilteringRules) -> Value {
    let now = Utc::now().to_rfc3339();
    let stamped = |rule: &Value| {
        let mut rule = rule.clone();
        if let Value::Object(members) = &mut rule {
            for name in ["created_at", "updated_at"] {
                members.entry(name).or_insert_with(|| now.clone().into());
            }
        }
        rule
    };
    let is_default = |rule: &Value| rule.get("id").and_then(Value::as_str) == Some("DEFAULT");
    let mut all: Vec<Value> = rules
        .rules
        .iter()
        .filter(|rule| !is_default(rule))
        .map(stamped)
        .collect();
    all.push(stamped(&json!({
        "id": "DEFAULT", "field": "_", "order": 0, "policy": "include", "rule": "regex", "value": ".*",
    })));
    let snippet = rules.has_advanced().cloned().unwrap_or_else(|| json!({}));
    json!({
        "rules": all,
        "advanced_snippet": { "value": snippet, "created_at": now, "updated_at": now },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_order_follow_from_the_place_unless_they_are_given() {
        let text = r#"{"rules": [{"field": "Type"}, {"id": "mine", "order": 7, "field": "Key"}]}"#;
        let rules = parse(text).unwrap().rules;
        assert_eq!(rules[0], json!({"id": "rule-1", "order": 1, "field": "Type"}));
        assert_eq!(rules[1], json!({"id": "mine", "order": 7, "field": "Key"}));
    }

    #[test]
    fn a_misspelt_member_is_no_empty_set_of_rules() {
        assert!(parse(r#"{"rule": []}"#).unwrap_err().contains("\"rule\" is not known"));
        assert!(parse("[]").is_err());
    }

    #[test]
    fn a_draft_always_has_the_default_rule() {
        let body = draft_body(&FilteringRules::default());
        assert_eq!(body["rules"][0]["id"], "DEFAULT");
        assert_eq!(body["advanced_snippet"]["value"], json!({}));
    }
}
