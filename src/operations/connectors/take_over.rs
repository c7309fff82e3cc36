//! Hands an index over to another connector, with the documents in it.
//!
//! What an owner is for is said in `sink::index_owner`.

use elastic_client::ElasticClient;
use serde::Serialize;

use super::delete::refuse_while_running;
use crate::inbound::sink::ContentIndex;
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// An index that was handed over.
#[derive(Debug, Clone, Serialize)]
pub struct TakenOver {
    /// The connector that it belongs to now.
    pub connector_id: String,
    /// The index.
    pub index_name: String,
    /// The connector that it belonged to.
    pub former_owner: Option<String>,
}

/// Makes the index that a connector's record names its own.
pub async fn take_over(installation: &Installation<'_>, connector_id: &str) -> Result<TakenOver, OperationError> {
    let connector = installation.connector(connector_id).await?.value;
    let Some(index_name) = connector.index_name else {
        let text = format!("connector {connector_id} has no index; attach one in Kibana");
        return Err(OperationError::Invalid(text));
    };
    let data = installation.data_client(connector_id)?;
    let former_owner = hand_over(&installation.client, &data, &index_name, connector_id).await?;
    Ok(TakenOver {
        connector_id: connector_id.to_owned(),
        index_name,
        former_owner,
    })
}

/// Gives an index to a connector, while no job of its present owner writes to it.
pub(super) async fn hand_over(
    records: &ElasticClient,
    data: &ElasticClient,
    index: &str,
    connector_id: &str,
) -> Result<Option<String>, OperationError> {
    let content = ContentIndex::new(data, index);
    let owner = content.owner().await.doing("cannot tell whose the index is")?;
    let owner = owner.filter(|owner| owner != connector_id);
    if let Some(owner) = &owner {
        refuse_while_running(records, owner).await?;
    }
    content
        .take_over(connector_id)
        .await
        .doing("cannot hand the index over")?;
    if let Some(owner) = &owner {
        // A job that began just before looked at the owner of then. The index is handed over; both must not write.
        refuse_while_running(records, owner).await?;
    }
    Ok(owner)
}
