//! Advanced rules: a list of queries whose issues are indexed. Shape and ORDER BY only; Jira judges the queries.

use serde_json::Value;

use super::problem::Problem;

/// One query of the snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvancedQuery {
    /// JQL without ORDER BY.
    pub jql: String,
    /// The ORDER BY that was dropped.
    pub dropped_order: Option<String>,
}

/// The queries of a connector. Issues that any of them finds are in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvancedRules {
    queries: Vec<AdvancedQuery>,
}

impl AdvancedRules {
    /// Reads `advanced_snippet.value`. None when there are no advanced rules: absent, `{}` and `[]` mean that.
    pub fn read(snippet: Option<&Value>) -> Result<Option<Self>, Vec<Problem>> {
        const SHAPE: &str = "advanced rules are a list of objects with one query each: [{\"query\": \"project = AB\"}]";
        let entries = match snippet {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(members)) if members.is_empty() => return Ok(None),
            Some(Value::Array(entries)) if entries.is_empty() => return Ok(None),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(vec![Problem::of_snippet(SHAPE)]),
        };
        let (mut queries, mut problems) = (Vec::new(), Vec::new());
        for (position, entry) in entries.iter().enumerate() {
            match query(entry) {
                Ok(query) => queries.push(query),
                Err(reason) => problems.push(Problem::of_snippet(format!("rule {}: {reason}", position + 1))),
            }
        }
        if problems.is_empty() {
            Ok(Some(Self { queries }))
        } else {
            Err(problems)
        }
    }

    /// The queries, in order.
    pub fn queries(&self) -> &[AdvancedQuery] {
        &self.queries
    }

    /// One query for all of them, without ORDER BY: an issue that several find is listed once.
    pub fn jql(&self) -> String {
        match self.queries.as_slice() {
            [only] => format!("({})", only.jql),
            several => {
                let all: Vec<String> = several.iter().map(|query| format!("({})", query.jql)).collect();
                format!("({})", all.join(" OR "))
            }
        }
    }

    /// The dropped parts, in words.
    pub fn warnings(&self) -> Vec<String> {
        let dropped = self.queries.iter().enumerate().filter_map(|(position, query)| {
            let order = query.dropped_order.as_ref()?;
            Some(format!("rule {}: {order} has no effect and is left out", position + 1))
        });
        dropped.collect()
    }
}

fn query(entry: &Value) -> Result<AdvancedQuery, String> {
    let members = entry.as_object().ok_or("it is not an object with a \"query\"")?;
    if let Some(other) = members.keys().find(|name| *name != "query") {
        return Err(format!("\"{other}\" is not known; only \"query\" is"));
    }
    let text = members.get("query").and_then(Value::as_str).unwrap_or_default().trim();
    if text.is_empty() {
        return Err("\"query\" must be a JQL text that is not empty".into());
    }
    let (jql, order) = split_order(text);
    if jql.is_empty() {
        return Err("it only says in which order; add a condition such as project = AB".into());
    }
    Ok(AdvancedQuery {
        jql: jql.to_owned(),
        dropped_order: order.map(str::to_owned),
    })
}

/// Cuts a query before ORDER BY; words inside quotes do not count.
fn split_order(text: &str) -> (&str, Option<&str>) {
    let mut quote = None;
    let mut escaped = false;
    let mut previous: Option<(usize, &str)> = None;
    let mut word_start = None;
    for (index, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let in_word = quote.is_none() && (c.is_alphanumeric() || c == '_');
        match (in_word, word_start) {
            (true, None) => word_start = Some(index),
            (false, Some(start)) => {
                let word = &text[start..index];
                if let Some((order, before)) = previous
                    && before.eq_ignore_ascii_case("order")
                    && word.eq_ignore_ascii_case("by")
                {
                    return (text[..order].trim_end(), Some(&text[order..]));
                }
                previous = Some((start, word));
                word_start = None;
            }
            _ => {}
        }
        if !in_word && !c.is_whitespace() {
            previous = None;
        }
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            _ => {}
        }
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case("project = AB" => ("project = AB", None))]
    #[test_case("project = AB ORDER BY created" => ("project = AB", Some("ORDER BY created")))]
    #[test_case("project = AB order\n by created DESC" => ("project = AB", Some("order\n by created DESC")); "any case and space")]
    #[test_case("project in (AB)ORDER BY key" => ("project in (AB)", Some("ORDER BY key")); "right after a bracket")]
    #[test_case("summary ~ \"order by\"" => ("summary ~ \"order by\"", None); "inside quotes")]
    #[test_case("summary ~ 'say \\' order by'" => ("summary ~ 'say \\' order by'", None); "inside quotes with an escape")]
    #[test_case("\"order\" = by" => ("\"order\" = by", None); "a field of that name")]
    #[test_case("border by = 1" => ("border by = 1", None); "part of a word")]
    #[test_case("ORDER BY key" => ("", Some("ORDER BY key")); "nothing else")]
    fn order(text: &str) -> (&str, Option<&str>) {
        split_order(text)
    }

    #[test_case(&json!(null), 0; "nothing")]
    #[test_case(&json!({}), 0; "empty object")]
    #[test_case(&json!([]), 0; "empty list")]
    #[test_case(&json!([{"query": "project = A"}]), 0; "one query")]
    #[test_case(&json!({"query": "project = A"}), 1; "not a list")]
    #[test_case(&json!("project = A"), 1; "text")]
    #[test_case(&json!([{"query": "project = A", "limit": 5}]), 1; "another key")]
    #[test_case(&json!([{"query": " "}, {"query": 5}, 7]), 3; "each bad entry is named")]
    #[test_case(&json!([{"query": "order by key"}]), 1; "order only")]
    fn shape(snippet: &Value, problems: usize) {
        let found = AdvancedRules::read(Some(snippet)).err().unwrap_or_default();
        assert_eq!(found.len(), problems, "{found:?}");
        assert!(found.iter().all(|problem| problem.id == "advanced_snippet"));
    }

    #[test]
    fn rules_are_joined_so_that_none_reaches_into_another() {
        let snippet = json!([{"query": "project = A OR project = B order by key"}, {"query": "project = C"}]);
        let rules = AdvancedRules::read(Some(&snippet)).unwrap().unwrap();
        assert_eq!(rules.jql(), "((project = A OR project = B) OR (project = C))");
        assert_eq!(rules.warnings(), ["rule 1: order by key has no effect and is left out"]);
    }

    proptest! {
        #[test]
        fn cutting_never_panics_and_loses_nothing(text in ".{0,60}") {
            let (kept, order) = split_order(&text);
            prop_assert!(text.starts_with(kept));
            prop_assert!(text.ends_with(order.unwrap_or_default()));
        }
    }
}
