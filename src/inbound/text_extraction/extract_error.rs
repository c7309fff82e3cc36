//! Why a file gives no text.

use thiserror::Error;

/// The reason why there is no text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExtractError {
    /// No parser for it.
    #[error("no text can be taken from this file: {0}")]
    Unsupported(String),
    /// It is not what it claims to be, or damaged.
    #[error("the file is damaged: {0}")]
    Broken(String),
    /// It needs a password.
    #[error("the file is protected by a password")]
    Encrypted,
}
