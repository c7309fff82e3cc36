//! Names of the indices that the connector protocol fixes. Names of content indices are the users' own.

/// Alias of the connector records.
pub const CONNECTORS_ALIAS: &str = ".elastic-connectors";
/// Alias of the sync jobs.
pub const SYNC_JOBS_ALIAS: &str = ".elastic-connectors-sync-jobs";
/// Pattern of both, for privileges.
pub const CONNECTOR_INDICES_PATTERN: &str = ".elastic-connectors*";
/// What the aliases stand for. Only these names get them, from the stack's templates.
pub(crate) const CONCRETE_INDICES: [&str; 2] = [".elastic-connectors-v1", ".elastic-connectors-sync-jobs-v1"];

const IDENTITIES_PREFIX: &str = ".search-acl-filter-";

/// The index of the identities that may search in a content index.
#[must_use]
pub fn identities_of(content_index: &str) -> String {
    format!("{IDENTITIES_PREFIX}{}", content_of(content_index))
}

/// The content index, given it or its index of identities: an access control job may name either.
#[must_use]
pub fn content_of(index: &str) -> &str {
    index.strip_prefix(IDENTITIES_PREFIX).unwrap_or(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_name_leads_to_the_other() {
        assert_eq!(identities_of("jira"), ".search-acl-filter-jira");
        assert_eq!(identities_of(".search-acl-filter-jira"), ".search-acl-filter-jira");
        assert_eq!(content_of(".search-acl-filter-jira"), "jira");
        assert_eq!(content_of("jira"), "jira");
    }
}
