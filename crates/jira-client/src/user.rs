//! A user as lists show it.

use serde::Deserialize;

use crate::lenient;

/// A user as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Cloud.
    pub account_id: Option<String>,
    /// Server and Data Center: never changes. Servers before 8.4 give the login.
    pub key: Option<String>,
    /// Server and Data Center: the login.
    pub name: Option<String>,
    /// `atlassian`, `app`, `customer`; none outside Cloud.
    pub account_type: Option<String>,
    /// Name for people.
    pub display_name: Option<String>,
    /// None or empty when hidden.
    pub email_address: Option<String>,
    /// Such as `en_US`.
    pub locale: Option<String>,
    /// Whether the account may be used.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
}

impl User {
    /// The id that the account keeps for good.
    pub fn id(&self) -> Option<&str> {
        let known = self
            .account_id
            .as_deref()
            .or(self.key.as_deref())
            .or(self.name.as_deref());
        known.filter(|id| !id.is_empty())
    }
}
