//! Checks what an access control sync needs before it begins, and names its failures. Its steps are in the engine.

use elastic_client::{ElasticClient, ElasticError};
use sync_engine::access_control::{READERS, Site, Token};
use sync_engine::access_sync::AccessSyncError;
use thiserror::Error;

use crate::inbound::sink::{AccessIndexError, IdentityIndex};

/// The reason why an access control sync failed.
#[derive(Debug, Error)]
pub enum AccessControlError {
    /// The subscription does not include it.
    #[error(
        "document level security needs an active platinum, enterprise or trial licence of Elasticsearch, and this is \
         {0}; nobody's access was changed. Change the licence, or switch document level security off for this connector"
    )]
    License(String),
    /// The connector does not want it.
    #[error(
        "document level security is not switched on for this connector, so there is nobody to let in: switch on \
         \"Enable document level security\" (use_document_level_security) and run a full sync"
    )]
    SwitchedOff,
    /// The connector's features say no.
    #[error("the connector's features do not allow document level security (features.document_level_security.enabled)")]
    FeatureOff,
    /// The sync itself failed.
    #[error(transparent)]
    Sync(#[from] AccessSyncError),
    /// The indices cannot be used.
    #[error(transparent)]
    Index(#[from] AccessIndexError),
    /// Elasticsearch failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

/// Refuses a licence without document level security.
pub async fn check_license(client: &ElasticClient) -> Result<(), AccessControlError> {
    let license = client.license().await?;
    if license.permits_document_level_security() {
        return Ok(());
    }
    let (kind, status) = (license.license_type, license.status);
    Err(AccessControlError::License(
        format!("{kind:?}, {status}").to_lowercase(),
    ))
}

/// How many documents nobody can find, because it is not known who may. Those whose readers Jira is asked for are not
/// among them.
pub async fn denied_documents(index: &IdentityIndex, site: &Site, field: &str) -> Result<u64, AccessControlError> {
    let undetermined = site.undetermined(index.tokens(field, Token::PLAIN).await?);
    Ok(index.count(field, &undetermined, Some(READERS)).await?)
}
