//! The one error of operations: what was asked for, why it did not happen, and what a face says by number.

use std::error::Error;
use std::fmt;

use elastic_client::ElasticError;
use jira_client::JiraError;
use sync_engine::access_control::TooManyTokens;
use sync_engine::sync::SourceError;
use thiserror::Error;

use crate::inbound::sink::{AccessIndexError, OwnerError};
use crate::inbound::source::{InvalidSettings, LoginError};

/// The reason why an operation did not do what it was asked.
#[derive(Debug, Error)]
pub enum OperationError {
    /// The input asks for something that cannot be. Nothing was changed.
    #[error("{0}")]
    Invalid(String),
    /// There is no such connector, job or user.
    #[error("{0}")]
    NotFound(String),
    /// The configuration does not allow it.
    #[error("{0}")]
    Forbidden(String),
    /// Something else is going on that has to end first.
    #[error("{0}")]
    Conflict(String),
    /// It was stopped from outside.
    #[error("interrupted")]
    Interrupted,
    /// It was tried and failed.
    #[error("{doing}: {cause}")]
    Failed {
        /// The attempt: `cannot read the connector`.
        doing: String,
        /// The failure.
        cause: Cause,
    },
}

/// The failure, and its side.
#[derive(Debug, Error)]
pub enum Cause {
    /// Elasticsearch.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Jira.
    #[error("{0}")]
    Jira(String),
    /// This program, or what it was configured with.
    #[error("{0}")]
    Here(String),
}

impl Cause {
    /// An error of this program with its sources.
    pub(super) fn here(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut inner = error.source();
        while let Some(source) = inner {
            text += &format!(": {source}");
            inner = source.source();
        }
        Self::Here(text)
    }
}

impl From<LoginError> for Cause {
    fn from(error: LoginError) -> Self {
        Self::Jira(error.to_string())
    }
}

impl From<InvalidSettings> for Cause {
    fn from(error: InvalidSettings) -> Self {
        Self::here(&error)
    }
}

impl From<JiraError> for Cause {
    fn from(error: JiraError) -> Self {
        Self::Jira(error.to_string())
    }
}

impl From<SourceError> for Cause {
    fn from(error: SourceError) -> Self {
        Self::Jira(error.to_string())
    }
}

impl From<AccessIndexError> for Cause {
    fn from(error: AccessIndexError) -> Self {
        Self::here(&error)
    }
}

impl From<OwnerError> for Cause {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::Elasticsearch(error) => Self::Elasticsearch(error),
            refused => Self::here(&refused),
        }
    }
}

impl From<TooManyTokens> for Cause {
    fn from(error: TooManyTokens) -> Self {
        Self::here(&error)
    }
}

impl OperationError {
    /// Something of which the error itself says enough.
    pub(super) fn failed(doing: impl Into<String>, error: impl fmt::Display) -> Self {
        Self::Failed {
            doing: doing.into(),
            cause: Cause::Here(error.to_string()),
        }
    }

    /// The same as part of something larger.
    pub(super) fn within(self, larger: &str) -> Self {
        match self {
            Self::Failed { doing, cause } => Self::Failed {
                doing: format!("{larger}: {doing}"),
                cause,
            },
            other => Self::failed(larger, other),
        }
    }

    /// The exit code of a process that ends with it: 2 wrong usage, 1 failed, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid(_) => 2,
            Self::NotFound(_) | Self::Forbidden(_) | Self::Conflict(_) | Self::Failed { .. } => 1,
            Self::Interrupted => 130,
        }
    }

    /// The status of an HTTP answer that carries it.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Forbidden(_) => 403,
            Self::NotFound(_) => 404,
            Self::Conflict(_) => 409,
            Self::Interrupted => 503,
            Self::Failed { cause, .. } => match cause {
                Cause::Elasticsearch(ElasticError::AlreadyExists { .. } | ElasticError::VersionConflict { .. }) => 409,
                Cause::Elasticsearch(error) if error.is_unreachable() => 503,
                Cause::Elasticsearch(_) | Cause::Jira(_) => 502,
                Cause::Here(_) => 500,
            },
        }
    }
}

/// Says what was tried when a result is an error.
pub(super) trait Doing<T> {
    fn doing(self, what: impl Into<String>) -> Result<T, OperationError>;
}

impl<T, E: Into<Cause>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T, OperationError> {
        self.map_err(|error| OperationError::Failed {
            doing: what.into(),
            cause: error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_is_down_is_no_fault_of_the_caller() {
        let down = ElasticError::Connect {
            host: "http://es:9200".to_owned(),
            reason: "refused".to_owned(),
        };
        let error = Err::<(), _>(down).doing("cannot read the connector").unwrap_err();
        assert_eq!((error.exit_code(), error.http_status()), (1, 503));
        assert!(
            error
                .to_string()
                .starts_with("cannot read the connector: no connection"),
            "{error}"
        );
        assert_eq!(OperationError::Invalid(String::new()).http_status(), 400);
    }
}
