//! The form of the data files: a list of calls, each with the answer that it must have.
//!
//! An unknown member fails the file, so that a misspelt expectation cannot pass unseen. Running is for `runner`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// One data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// API keys by name, each with one role descriptor. They are made first and invalidated last.
    #[serde(default)]
    pub(super) keys: BTreeMap<String, Value>,
    pub(super) steps: Vec<Step>,
}

/// One call. `{{name}}` stands for a variable anywhere but in `step`: `{{id}}` is new in each run, the rest is captured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What a failure is called, `group: what holds`.
    pub(super) step: String,
    /// Method and path with its query.
    pub(super) call: String,
    /// Sent as JSON.
    pub(super) body: Option<Value>,
    /// Sent as it is, for what is no JSON or many lines of it.
    pub(super) raw: Option<String>,
    /// The API key that calls; the superuser without.
    pub(super) key: Option<String>,
    /// The step runs once for each of these values, as `{{each}}`.
    #[serde(default)]
    pub(super) each: Vec<Value>,
    pub(super) status: u16,
    /// The type of the error; where the server may choose, several with `|` between them.
    pub(super) error: Option<String>,
    /// Members of the answer by path (`results/0/id`), each with what `expectation` compares it to.
    #[serde(default)]
    pub(super) expect: BTreeMap<String, Value>,
    /// Members that must be there with another value.
    #[serde(default)]
    pub(super) differs: BTreeMap<String, Value>,
    /// Paths that must lead nowhere; a null is somewhere.
    #[serde(default)]
    pub(super) absent: Vec<String>,
    /// Variables by name, each with the path of its value. They count in the expectations of the same step already.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
    pub(super) only: Option<Only>,
    /// Paths to DELETE in the end, whatever became of the step. Connectors and their jobs go without being named.
    #[serde(default)]
    pub(super) undo: Vec<String>,
}

/// Nodes that a step is for, where 8.19 itself and the stand-in that follows 9.x differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Only {
    StandIn,
}

impl File {
    pub(super) fn parse(name: &str, text: &str) -> Self {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}
