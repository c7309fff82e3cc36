//! Takes away a connector with its jobs and its API key, and its index when asked to.
//!
//! In two steps, so that a face can show the plan and have it confirmed.

use elastic_client::index_names::identities_of;
use elastic_client::{ElasticClient, JobFilter, JobStatus};
use serde::Serialize;

use crate::inbound::sink::{Claimant, ContentIndex};
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// The things that would be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletionPlan {
    /// The connector, with its jobs.
    pub connector_id: String,
    /// The index with all its documents, and the index of its identities.
    pub index_name: Option<String>,
    /// The API key that was made for it.
    pub api_key_id: Option<String>,
}

/// The deleted things, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeletedConnector {
    /// Gone.
    pub deleted: Vec<String>,
    /// Still there, with the reason.
    pub left_over: Vec<String>,
}

/// Looks what belongs to a connector. One whose job is running is refused.
pub async fn plan_deletion(
    installation: &Installation<'_>,
    connector_id: &str,
    with_index: bool,
) -> Result<DeletionPlan, OperationError> {
    let connector = installation.connector(connector_id).await?.value;
    refuse_while_running(&installation.client, connector_id).await?;
    let index_name = connector.index_name.filter(|_| with_index);
    if let Some(index) = &index_name {
        let claimant = Claimant::new(&installation.client, connector_id);
        let owned = ContentIndex::new(&installation.client, index).ownership(claimant).await;
        owned.doing("the index must not be deleted")?;
    }
    Ok(DeletionPlan {
        connector_id: connector_id.to_owned(),
        index_name,
        api_key_id: connector.api_key_id,
    })
}

/// Refuses while a job of the connector is running.
pub(super) async fn refuse_while_running(client: &ElasticClient, connector_id: &str) -> Result<(), OperationError> {
    let running = JobFilter {
        connector_ids: Some(vec![connector_id.to_owned()]),
        statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
        ..JobFilter::default()
    };
    let jobs = client.sync_jobs().list(&running).await.doing("cannot look for jobs")?;
    match jobs.first() {
        None => Ok(()),
        Some(job) => Err(OperationError::Conflict(format!(
            "job {} of connector {connector_id} is running; cancel it first with `sync cancel`",
            job.id
        ))),
    }
}

/// Carries a plan out. The connector goes first: without it nothing writes to the index any more.
pub async fn delete(installation: &Installation<'_>, plan: &DeletionPlan) -> Result<DeletedConnector, OperationError> {
    let (client, id) = (&installation.client, &plan.connector_id);
    client
        .connectors()
        .delete(id, true)
        .await
        .doing("cannot delete the connector")?;
    let mut deleted = vec![format!("connector {id}")];
    let mut left_over = Vec::new();
    if let Some(key) = &plan.api_key_id {
        match client.api_keys().invalidate(key).await {
            Ok(()) => deleted.push(format!("API key {key}")),
            Err(error) => left_over.push(format!("API key {key}: {error}")),
        }
    }
    let indices = plan.index_name.iter();
    for index in indices.flat_map(|index| [index.clone(), identities_of(index)]) {
        match client.indices().delete(&index).await {
            Ok(true) => deleted.push(format!("index {index}")),
            Ok(false) => {}
            Err(error) => left_over.push(format!("index {index}: {error}")),
        }
    }
    Ok(DeletedConnector { deleted, left_over })
}
