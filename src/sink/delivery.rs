//! Sends one batch until every item of it has an outcome.
//!
//! Only items that Elasticsearch was too busy for are sent again. What a batch consists of is decided in `batcher`.

use std::sync::Arc;
use std::time::Duration;

use elastic_client::{BulkBody, ElasticError, ItemError, ItemOutcome};
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, warn};

use super::index_sink::Shared;
use super::mapping_repair::without_field;
use crate::sync::{Operation, SinkError};

/// How often an item that Elasticsearch was too busy for is sent again.
const MAX_ATTEMPTS: u32 = 8;
/// The first wait; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How many fields of one document may be left out before it counts as refused.
const MAX_REPAIRS: u32 = 5;

/// An operation that holds its part of the byte budget until it has an outcome.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) operation: Operation,
    pub(super) _held: OwnedSemaphorePermit,
    pub(super) repairs: u32,
}

/// Sends the batch. An error means that Elasticsearch refused the request as a whole, or too many of its items.
pub(super) async fn deliver(shared: Arc<Shared>, mut batch: Vec<Queued>) -> Result<(), SinkError> {
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let mut busy = Vec::new();
        let mut repaired = Vec::new();
        let results = send(&shared, &batch).await?;
        for (queued, item) in batch.into_iter().zip(results) {
            match item.outcome() {
                ItemOutcome::Applied => shared.applied(&queued.operation),
                ItemOutcome::NotFound if matches!(queued.operation, Operation::Delete { .. }) => {
                    debug!(document.id = item.id, "a document to delete was gone already");
                }
                ItemOutcome::Retry if attempt < MAX_ATTEMPTS => busy.push(queued),
                ItemOutcome::Retry | ItemOutcome::NotFound | ItemOutcome::Rejected => {
                    let refused = item.error.unwrap_or_else(|| ItemError {
                        kind: "no reason given".into(),
                        reason: format!("status {}", item.status),
                    });
                    match repair(&shared, queued, &refused) {
                        Ok(queued) => repaired.push(queued),
                        Err(queued) => shared.rejected(&queued.operation, &refused)?,
                    }
                }
            }
        }
        if busy.is_empty() && repaired.is_empty() {
            return Ok(());
        }
        if !busy.is_empty() {
            warn!(
                items = busy.len(),
                wait_ms = wait.as_millis() as u64,
                "elasticsearch is busy; sending again later"
            );
            shared.pause(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        busy.extend(repaired);
        batch = busy;
    }
    Ok(())
}

async fn send(shared: &Shared, batch: &[Queued]) -> Result<Vec<elastic_client::ItemResult>, SinkError> {
    let mut body = BulkBody::with_capacity(batch.iter().map(|queued| queued.operation.size()).sum());
    for queued in batch {
        append(&mut body, &queued.operation).map_err(|error| SinkError::Elasticsearch(error.to_string()))?;
    }
    let request = body.take_request(&shared.index, shared.pipeline.as_deref());
    let response = shared
        .client
        .bulk(&request)
        .await
        .map_err(|error| SinkError::Elasticsearch(error.to_string()))?;
    Ok(response.items)
}

fn append(body: &mut BulkBody, operation: &Operation) -> Result<(), ElasticError> {
    let raw = |json: &[u8]| -> Box<RawValue> {
        serde_json::from_slice(json).expect("operations are encoded from JSON objects")
    };
    match operation {
        Operation::Index { id, source, .. } => body.index(id.as_str(), &raw(source)),
        Operation::Update { id, partial, .. } => body.update(id.as_str(), &raw(partial)),
        Operation::Delete { id } => body.delete(id),
    }
    .map(drop)
}

/// The same operation without the field that the mapping refuses, or the operation back when that cannot help.
fn repair(shared: &Shared, mut queued: Queued, refused: &ItemError) -> Result<Queued, Queued> {
    let Operation::Index { id, source, .. } = &mut queued.operation else {
        return Err(queued);
    };
    let Some(field) = refused.refused_field() else {
        return Err(queued);
    };
    if queued.repairs >= MAX_REPAIRS {
        return Err(queued);
    }
    let noted = format!("field [{field}] was left out: {}", refused.reason);
    let Some(without) = without_field(source, field, &noted) else {
        return Err(queued);
    };
    warn!(document.id = %id, field, "the mapping refuses a field; the document is indexed without it");
    shared.progress.field_left_out(id.as_str(), field, &refused.reason);
    *source = without;
    queued.repairs += 1;
    Ok(queued)
}
