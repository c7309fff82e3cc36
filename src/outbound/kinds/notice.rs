//! What webhooks of alerting tools tell: that something began or ended. Each kind makes a call of its own of it.

use std::collections::BTreeMap;

/// Something began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What beginning and end have in common: 64 hexadecimal digits.
    pub key: String,
    /// Whether it goes on.
    pub is_firing: bool,
    /// One line.
    pub title: String,
    /// All that is told, in lines.
    pub text: String,
    /// Where the tool shows it.
    pub url: Option<String>,
    /// What all alerts have in common.
    pub labels: BTreeMap<String, String>,
}

impl Notice {
    /// The text with the address below it.
    pub(super) fn whole_text(&self) -> String {
        match &self.url {
            Some(url) => format!("{}\n{url}", self.text),
            None => self.text.clone(),
        }
    }
}
