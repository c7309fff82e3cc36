//! Why a job that was started failed, and whether that passes by itself.

use elastic_client::ElasticError;
use sync_engine::sync::SyncError;
use thiserror::Error;

use super::access_control_job::AccessControlError;
use super::job_setup::SetupError;
use super::takeover::TakeoverError;
use crate::inbound::sink::PrepareError;
use crate::inbound::source::LoginError;

/// The reason why a job that was started failed.
#[derive(Debug, Error)]
pub(crate) enum JobFailure {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    #[error(transparent)]
    Index(#[from] PrepareError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    AccessControl(#[from] AccessControlError),
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
    #[error("this version runs full, incremental and access control syncs, and this is a job of type {0}")]
    UnsupportedType(String),
    #[error("the ingest pipeline \"{0}\" does not exist: create it, or choose another in the connector's settings")]
    NoPipeline(String),
}

impl JobFailure {
    /// Whether it passes by itself.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Sync(error) => error.passes(),
            Self::Elasticsearch(error) => error.is_retryable(),
            Self::Login(LoginError::Jira(error)) => error.is_retryable(),
            _ => false,
        }
    }
}
