//! One basic rule, read from a connector's record. Which problems a set of them has is left to `validation`.

use fancy_regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::problem::Problem;

/// The rule that every connector has; it stands for "include what nothing else matched" and is never evaluated.
pub(super) const DEFAULT_ID: &str = "DEFAULT";

/// The fate of a document that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It is indexed.
    Include,
    /// It is not.
    Exclude,
}

/// The comparison of a rule.
#[derive(Debug, Clone)]
pub enum Operator {
    /// Same value.
    Equals,
    /// Later or larger.
    GreaterThan,
    /// Earlier or smaller.
    LessThan,
    /// Text begins so.
    StartsWith,
    /// Text ends so.
    EndsWith,
    /// Text has it somewhere.
    Contains,
    /// Text matches a regular expression from its beginning.
    Regex(Regex),
}

impl Operator {
    /// The name that the record uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::GreaterThan => ">",
            Self::LessThan => "<",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::Contains => "contains",
            Self::Regex(_) => "regex",
        }
    }
}

/// One basic rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id in the record.
    pub id: String,
    /// Rules are tried in ascending order.
    pub order: f64,
    /// The fate of a match.
    pub policy: Policy,
    /// Dotted path of the field.
    pub field: String,
    /// The comparison.
    pub operator: Operator,
    /// The value to compare with.
    pub value: String,
}

const OPERATORS: &str = "equals, >, <, starts_with, ends_with, contains or regex";

impl Rule {
    /// Whether this record is the rule that is never evaluated.
    pub(super) fn is_default(record: &Value) -> bool {
        record.get("id").and_then(Value::as_str) == Some(DEFAULT_ID)
    }

    /// Reads a rule; every problem of its form at once.
    pub(super) fn read(record: &Value) -> Result<Self, Vec<Problem>> {
        let empty = Map::new();
        let members = record.as_object().unwrap_or(&empty);
        let id = members.get("id").and_then(Value::as_str).unwrap_or_default();
        let mut problems = Vec::new();
        let mut text = |name: &str| match members.get(name).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                problems.push(Problem::of_rule(
                    id,
                    format!("\"{name}\" must be a text that is not empty"),
                ));
                String::new()
            }
        };
        let (id_text, field, value) = (text("id"), text("field"), text("value"));
        let word = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();

        let order = members.get("order").and_then(Value::as_f64);
        if order.is_none() {
            problems.push(Problem::of_rule(id, "\"order\" must be a number"));
        }
        let policy = match word("policy").to_ascii_lowercase().as_str() {
            "include" => Some(Policy::Include),
            "exclude" => Some(Policy::Exclude),
            _ => None,
        };
        if policy.is_none() {
            problems.push(Problem::of_rule(id, "\"policy\" must be include or exclude"));
        }
        let operator = match operator_of(word("rule"), &value) {
            Ok(operator) => Some(operator),
            Err(message) => {
                problems.push(Problem::of_rule(id, message));
                None
            }
        };
        match (order, policy, operator) {
            (Some(order), Some(policy), Some(operator)) if problems.is_empty() => Ok(Self {
                id: id_text,
                order,
                policy,
                field,
                operator,
                value,
            }),
            _ => Err(problems),
        }
    }
}

fn operator_of(name: &str, value: &str) -> Result<Operator, String> {
    match name.to_ascii_lowercase().as_str() {
        "equals" => Ok(Operator::Equals),
        ">" => Ok(Operator::GreaterThan),
        "<" => Ok(Operator::LessThan),
        "starts_with" => Ok(Operator::StartsWith),
        "ends_with" => Ok(Operator::EndsWith),
        "contains" => Ok(Operator::Contains),
        "regex" => anchored(value).map(Operator::Regex),
        _ => Err(format!("\"rule\" must be {OPERATORS}")),
    }
}

/// Steps that one comparison may take. Look-around and back-references can cost any time; what needs more is undecided.
const MOST_STEPS: usize = 100_000;

/// The expression holds from the beginning of the text, as in the framework; its end is free.
fn anchored(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&format!("^(?:{pattern})"))
        .backtrack_limit(MOST_STEPS)
        .build();
    built.map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        let reason = reason.trim().trim_start_matches("error: ");
        format!(
            "\"{pattern}\" is not a regular expression that can be used: {reason}. The syntax is that of Python's re \
             module, as far as Rust's fancy-regex crate has it"
        )
    })
}
