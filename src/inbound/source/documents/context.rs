//! Holds what all documents of one sync share. `login` fills it.

use super::file_rules::FileRules;
use crate::inbound::source::custom_fields::CustomFieldNames;

/// Learned at log-in, then constant for the sync.
#[derive(Debug)]
pub struct DocumentContext {
    /// `serverInfo.baseUrl` without a trailing slash: `self` links name the host that was called, which may be a
    /// gateway, so links for people are made from this.
    pub base_url: String,
    /// Names of custom fields.
    pub custom_fields: CustomFieldNames,
    /// `_timestamp` of project documents: when the sync began, in the account's zone.
    pub sync_started: String,
    /// Chooses the files whose content is indexed.
    pub files: FileRules,
}

#[cfg(test)]
impl DocumentContext {
    /// A sync that reads no files of a site with these custom fields.
    pub fn for_test(custom_fields: &[(&str, &str)]) -> Self {
        let field = |(id, name): &(&str, &str)| jira_client::Field {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            custom: true,
            schema: None,
        };
        Self {
            base_url: "https://example.atlassian.net".into(),
            custom_fields: CustomFieldNames::new(&custom_fields.iter().map(field).collect::<Vec<_>>()),
            sync_started: String::new(),
            files: FileRules {
                max_size: 0,
                read_here: false,
                extensions: Vec::new(),
            },
        }
    }
}
