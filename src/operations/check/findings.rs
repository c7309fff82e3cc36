//! Collects findings of a check, in the order in which it looked.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub subject: String,
    /// Whether syncs can do their work.
    pub ok: bool,
    /// The finding, or the problem with its cure.
    pub text: String,
    /// Whether somebody should look at it although syncs work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
}

/// All that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Whether nothing is missing.
    pub fn all_well(&self) -> bool {
        self.0.iter().all(|finding| finding.ok)
    }

    pub(super) fn add(&mut self, subject: &str, result: Result<String, String>) -> bool {
        let ok = result.is_ok();
        self.0.push(Finding {
            subject: subject.to_owned(),
            ok,
            text: result.unwrap_or_else(|text| text),
            warning: false,
        });
        ok
    }

    pub(super) fn warn(&mut self, subject: &str, text: impl Into<String>) {
        self.0.push(Finding {
            subject: subject.to_owned(),
            ok: true,
            text: text.into(),
            warning: true,
        });
    }
}
