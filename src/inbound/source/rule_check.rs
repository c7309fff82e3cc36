//! Has Jira judge advanced rules, and tells what types the fields of documents have.
//!
//! The shape of rules is checked in `sync_rules`; where problems are written is left to `service`.

use jira_client::{Field, JiraClient, JiraError};
use sync_engine::sync_rules::{AdvancedRules, FieldType, FieldTypes, Problem};

use super::custom_fields::CustomFieldNames;

/// Jira's verdict on advanced rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdvancedCheck {
    /// Problems that forbid their use, in Jira's own words; empty when there are none.
    pub problems: Vec<Problem>,
    /// Oddities that forbid nothing.
    pub warnings: Vec<String>,
    /// About how many issues each query finds; none for one that cannot be used.
    pub estimates: Vec<Option<u64>>,
    /// About how many issues several queries find together, each counted once.
    pub together: Option<u64>,
}

/// Asks Jira about every query. Searching comes after parsing: Cloud refuses some queries only then.
pub async fn check_advanced(client: &JiraClient, rules: &AdvancedRules) -> Result<AdvancedCheck, JiraError> {
    let queries: Vec<&str> = rules.queries().iter().map(|query| query.jql.as_str()).collect();
    let verdicts = client.check_jql(&queries).await?;
    let mut check = AdvancedCheck {
        warnings: rules.warnings(),
        ..AdvancedCheck::default()
    };
    for (position, (query, mut verdict)) in queries.iter().zip(verdicts).enumerate() {
        let rule = position + 1;
        let mut estimate = None;
        if verdict.errors.is_empty() {
            match client.estimate_jql(query).await? {
                Ok(count) => estimate = Some(count),
                Err(refused) => verdict = refused,
            }
        }
        check.estimates.push(estimate);
        for words in verdict.errors {
            check
                .problems
                .push(Problem::of_snippet(format!("rule {rule} ({query}): {words}")));
        }
        for words in verdict.warnings {
            check.warnings.push(format!("rule {rule} ({query}): {words}"));
        }
        if estimate == Some(0) {
            check.warnings.push(format!("rule {rule} ({query}) finds no issue now"));
        }
    }
    // A sync sends them as one query, which may be too much where each of them is not.
    if queries.len() > 1 && check.problems.is_empty() {
        match client.estimate_jql(&rules.jql()).await? {
            Ok(count) => check.together = Some(count),
            Err(refused) => {
                let words = refused.errors.join(" ");
                check
                    .problems
                    .push(Problem::of_snippet(format!("all rules together: {words}")));
            }
        }
    }
    Ok(check)
}

/// The types of custom fields, as their documents show them.
pub fn field_types(fields: &[Field]) -> FieldTypes {
    let names = CustomFieldNames::new(fields);
    let mut types = FieldTypes::default();
    for field in fields {
        let (Some(name), Some(schema)) = (names.get(&field.id), &field.schema) else {
            continue;
        };
        let kind = if schema.r#type == "array" {
            schema.items.as_deref().unwrap_or_default()
        } else {
            schema.r#type.as_str()
        };
        if let Some(kind) = field_type(kind) {
            types.learn(format!("Custom_Fields.{name}"), kind);
        }
    }
    types
}

/// Only types whose values are known to have one form; apps give theirs any.
fn field_type(schema: &str) -> Option<FieldType> {
    match schema {
        "number" => Some(FieldType::Number),
        "date" | "datetime" => Some(FieldType::Date),
        "option" | "option-with-child" | "user" | "group" | "version" | "project" | "component" => {
            Some(FieldType::Object)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use test_case::test_case;

    use super::*;

    #[test_case("number", None => Some(FieldType::Number))]
    #[test_case("datetime", None => Some(FieldType::Date))]
    #[test_case("array", Some("version") => Some(FieldType::Object); "elements of a list")]
    #[test_case("array", Some("string") => None; "text takes any comparison")]
    #[test_case("any", None => None; "fields of apps")]
    fn learned(kind: &str, items: Option<&str>) -> Option<FieldType> {
        let field = Field {
            id: "customfield_10010".into(),
            name: "Story Points".into(),
            custom: true,
            schema: Some(FieldSchema {
                r#type: kind.into(),
                items: items.map(str::to_owned),
                custom: None,
                system: None,
            }),
        };
        field_types(&[field]).get("Custom_Fields.Story Points")
    }
}
