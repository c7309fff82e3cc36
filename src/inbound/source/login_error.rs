//! Why Jira cannot be read. What is asked at log-in is in `login` and `scope`.

use jira_client::JiraError;
use sync_engine::sync::SourceError;
use thiserror::Error;

/// Configured keys that no project has.
#[derive(Debug, Error)]
#[error(
    "\"Jira project keys\" (projects) names {keys}, which this account cannot see: correct the key, or give the \
     account the Browse Projects permission there"
)]
pub struct UnknownProjects {
    pub(super) keys: String,
}

/// The reason why Jira cannot be read.
#[derive(Debug, Error)]
pub enum LoginError {
    /// A request failed.
    #[error(transparent)]
    Jira(#[from] JiraError),
    /// Configured projects do not exist.
    #[error(transparent)]
    Projects(#[from] UnknownProjects),
    /// Jira cannot answer the queries of the advanced sync rules.
    #[error(
        "the advanced sync rules in force cannot be used: {0}. Nothing was synced; correct the rules and activate them"
    )]
    Rules(String),
}

impl From<LoginError> for SourceError {
    fn from(error: LoginError) -> Self {
        let retryable = matches!(&error, LoginError::Jira(jira) if jira.is_retryable());
        SourceError::new(error.to_string(), retryable)
    }
}
