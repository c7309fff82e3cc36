//! Describes commands that did not do what they were asked, with their exit codes.

use thiserror::Error;

use crate::config::ConfigError;
use crate::operations::OperationError;

#[derive(Debug, Error)]
pub(super) enum CommandError {
    /// The configuration file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// The operation failed, or refused.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// Something of the command line itself failed.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// Everything that can be said was printed already.
    #[error("")]
    Reported,
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl CommandError {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Operation(error) => error.exit_code(),
            Self::Failed(_) | Self::Reported => 1,
            Self::Interrupted => 130,
        }
    }
}
