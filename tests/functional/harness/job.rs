//! A sync job's record, as tests ask about it.

use serde_json::Value;

/// One job as Elasticsearch holds it.
#[derive(Debug, Clone)]
pub(crate) struct Job(pub(crate) Value);

impl Job {
    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    pub(crate) fn status(&self) -> &str {
        self.text("status")
    }

    pub(crate) fn error(&self) -> &str {
        self.0["error"].as_str().unwrap_or_default()
    }

    /// Whether nothing more happens to it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status(), "completed" | "error" | "canceled")
    }

    /// A counter, `indexed` for `indexed_document_count`.
    pub(crate) fn documents(&self, what: &str) -> u64 {
        let name = format!("{what}_document_count");
        let count = self.0[&name].as_u64();
        count.unwrap_or_else(|| panic!("the job has no {name}: {}", self.0))
    }

    /// A member of `metadata` that is a number.
    pub(crate) fn noted(&self, name: &str) -> u64 {
        let count = self.0["metadata"][name].as_u64();
        count.unwrap_or_else(|| panic!("the job's metadata has no {name}: {}", self.0["metadata"]))
    }

    /// The items that were left out, with their reasons.
    pub(crate) fn skipped(&self) -> Vec<String> {
        serde_json::from_value(self.0["metadata"]["skipped"].clone()).unwrap_or_default()
    }

    fn text(&self, member: &str) -> &str {
        let text = self.0[member].as_str();
        text.unwrap_or_else(|| panic!("the job has no {member}: {}", self.0))
    }
}
