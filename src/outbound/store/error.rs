//! Why a connector could not be read or written.

use elastic_client::ElasticError;
use thiserror::Error;

use crate::outbound::secrets::EnvelopeFault;

/// Why a connector could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none of this id.
    #[error("Saved object [action/{0}] not found")]
    NotFound(String),
    /// There is one of this id.
    #[error("Saved object [action/{0}] conflict")]
    Exists(String),
    /// Somebody else changed it in the meantime.
    #[error("connector {0} was changed by somebody else in the meantime; read it again")]
    Changed(String),
    /// There is no key to seal its secrets with.
    #[error(
        "secrets cannot be stored without a key: set actions.encryption_key in config.yml (`openssl rand -base64 32` \
         makes one) and start the service again"
    )]
    NoKey,
    /// Its secrets cannot be read.
    #[error("connector {id}: {fault}")]
    Sealed {
        /// The connector.
        id: String,
        /// Why not.
        fault: EnvelopeFault,
    },
    /// What lies in the index is not what this program writes.
    #[error("connector {id} cannot be read from {index}: {reason}", index = super::index::CONNECTORS_INDEX)]
    Unreadable {
        /// The connector.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Elasticsearch failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}
