//! Sends one batch until every item of it has an outcome.
//!
//! Only items that Elasticsearch was too busy for are sent again. What a batch consists of is decided in `batcher`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use elastic_client::{
    BulkBody, BulkRequest, BulkResponse, ElasticError, ItemAction, ItemError, ItemOutcome, ItemResult,
};
use sync_engine::sync::{Operation, SinkError};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, warn};

use super::index_sink::Shared;
use super::mapping_ahead;
use super::mapping_repair::without_field;

/// How often an item that Elasticsearch was too busy for is sent again.
const MAX_ATTEMPTS: u32 = 8;
/// The first wait; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// No wait that a server asks for is longer.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
/// How many fields of one document may be left out before it counts as refused.
const MAX_REPAIRS: u32 = 5;
/// What Elasticsearch says about a new field that has values of two types, such as a list of a number and a word.
const OF_TWO_TYPES: &str = "cannot be changed from type";

/// An operation that holds its part of the byte budget until it has an outcome.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) operation: Operation,
    pub(super) _held: OwnedSemaphorePermit,
    pub(super) repairs: u32,
}

/// Sends the batch. An error means that Elasticsearch refused the request as a whole, or too many of its items.
pub(super) async fn deliver(shared: Arc<Shared>, mut batch: Vec<Queued>) -> Result<(), SinkError> {
    mapping_ahead::map(&shared).await?;
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let answered = send(&shared, batch).await?;
        let Sorted { busy, repaired, mixed } = settle(&shared, answered, attempt < MAX_ATTEMPTS)?;
        if shared.closed.is_cancelled() {
            return Ok(());
        }
        if busy.is_empty() {
            shared.in_flight.recovered();
        } else {
            shared.in_flight.overloaded();
            let (items, wait_ms) = (busy.len(), wait.as_millis() as u64);
            warn!(items, wait_ms, "elasticsearch is busy; sending these items again later");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        for field in mixed {
            shared.fence.before_write().await?;
            shared.map_as_text(&field).await;
        }
        batch = busy;
        batch.extend(repaired);
        if batch.is_empty() {
            return Ok(());
        }
    }
    Ok(())
}

/// What has to be sent again.
struct Sorted {
    busy: Vec<Queued>,
    repaired: Vec<Queued>,
    /// Fields that have to be mapped as text first.
    mixed: BTreeSet<String>,
}

/// Gives every item its outcome, but for those that are sent again.
fn settle(shared: &Shared, answered: Vec<(Queued, ItemResult)>, may_wait: bool) -> Result<Sorted, SinkError> {
    let mut sorted = Sorted {
        busy: Vec::new(),
        repaired: Vec::new(),
        mixed: BTreeSet::new(),
    };
    for (queued, item) in answered {
        match item.outcome() {
            ItemOutcome::Applied => {
                if item.result == Some(ItemAction::Noop) && matches!(queued.operation, Operation::Index { .. }) {
                    debug!(document.id = item.id, "the ingest pipeline dropped a document");
                    shared.not_stored();
                }
                shared.applied(&queued.operation);
            }
            ItemOutcome::NotFound if matches!(queued.operation, Operation::Delete { .. }) => {
                debug!(document.id = item.id, "a document to delete was gone already");
            }
            ItemOutcome::Blocked => {
                let reason = item.error.map(|error| error.reason).unwrap_or_default();
                return Err(SinkError::Elasticsearch(format!(
                    "the index {} is read-only: {reason}. When a disk is past the flood-stage watermark, free space or \
                     add nodes, and Elasticsearch lifts the block itself; otherwise remove index.blocks.* from the \
                     index's settings",
                    shared.index
                )));
            }
            ItemOutcome::Retry if may_wait => sorted.busy.push(queued),
            ItemOutcome::Retry | ItemOutcome::NotFound | ItemOutcome::Rejected => {
                let refused = item.error.unwrap_or_else(|| ItemError {
                    kind: "no reason given".into(),
                    reason: format!("status {}", item.status),
                });
                match repair(shared, queued, &refused) {
                    Ok((queued, mixed)) => {
                        sorted.repaired.push(queued);
                        sorted.mixed.extend(mixed);
                    }
                    Err(queued) => shared.rejected(&queued.operation, &refused)?,
                }
            }
        }
    }
    Ok(sorted)
}

/// One request; in halves when it is larger than the cluster, or a proxy before it, takes.
async fn send(shared: &Shared, batch: Vec<Queued>) -> Result<Vec<(Queued, ItemResult)>, SinkError> {
    let mut answered = Vec::with_capacity(batch.len());
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        let failed = |error: ElasticError| SinkError::Elasticsearch(error.to_string());
        let request = request_of(&mut part, &shared.index, shared.pipeline.as_deref()).map_err(failed)?;
        let deletes = part
            .iter()
            .any(|queued| matches!(queued.operation, Operation::Delete { .. }));
        match send_with_leave(shared, &request, deletes).await? {
            Ok(response) => answered.extend(part.into_iter().zip(response.items)),
            Err(ElasticError::TooLarge { .. }) if part.len() > 1 => {
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
            }
            Err(error @ ElasticError::TooLarge { .. }) => {
                let refused = ItemError {
                    kind: "too large".into(),
                    reason: error.to_string(),
                };
                part.iter()
                    .try_for_each(|queued| shared.rejected(&queued.operation, &refused))?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(answered)
}

/// Sends a request, again if it failed as a whole in a way that may pass. Every attempt needs leave: between two of
/// them the job may have been lost.
async fn send_with_leave(
    shared: &Shared,
    request: &BulkRequest,
    deletes: bool,
) -> Result<Result<BulkResponse, ElasticError>, SinkError> {
    let retry = shared.retry;
    let mut attempt = 1;
    loop {
        if deletes {
            shared.fence.before_delete().await?;
        } else {
            shared.fence.before_write().await?;
        }
        let error = match shared.client.bulk_once(request).await {
            Ok(response) => return Ok(Ok(response)),
            Err(error) => error,
        };
        let timed_out = matches!(error, ElasticError::Timeout { .. });
        let may_pass = error.is_retryable() && (retry.on_timeout || !timed_out);
        if !may_pass || attempt >= retry.attempts || shared.closed.is_cancelled() {
            return Ok(Err(error));
        }
        let wait = retry
            .interval
            .saturating_mul(attempt)
            .max(error.retry_after().unwrap_or_default());
        let wait = wait.min(LONGEST_ASKED).mul_f64(1.0 + fastrand::f64() * 0.1);
        warn!(error = %error, wait_ms = wait.as_millis() as u64, "a bulk request failed, trying again");
        if shared
            .closed
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
            .is_none()
        {
            return Ok(Err(error));
        }
        attempt += 1;
    }
}

/// The request for these operations. From then on their texts are parts of its body: a second copy of all that is in
/// flight would double what a sync needs.
fn request_of(part: &mut [Queued], index: &str, pipeline: Option<&str>) -> Result<BulkRequest, ElasticError> {
    let mut body = BulkBody::with_capacity(part.iter().map(|queued| queued.operation.size()).sum());
    let mut places = Vec::with_capacity(part.len());
    for queued in part.iter_mut() {
        let json = queued.operation.json_mut().map(std::mem::take).unwrap_or_default();
        places.push(match &queued.operation {
            Operation::Index { id, .. } => Some(body.index_json(id.as_str(), &json)?),
            Operation::Update { id, .. } => Some(body.update_json(id.as_str(), &json)?),
            Operation::Delete { id } => {
                body.delete(id)?;
                None
            }
        });
    }
    let request = body.into_request(index, pipeline);
    for (queued, place) in part.iter_mut().zip(places) {
        if let (Some(json), Some(place)) = (queued.operation.json_mut(), place) {
            *json = request.body.document(&place);
        }
    }
    Ok(request)
}

/// The operation in a form that may pass: as it is, once the named field is mapped as text, or without the field that
/// the mapping refuses. The operation back when nothing can help.
fn repair(shared: &Shared, mut queued: Queued, refused: &ItemError) -> Result<(Queued, Option<String>), Queued> {
    let Operation::Index { id, source, .. } = &mut queued.operation else {
        return Err(queued);
    };
    let Some(field) = refused.refused_field() else {
        return Err(queued);
    };
    if queued.repairs >= MAX_REPAIRS {
        return Err(queued);
    }
    if queued.repairs == 0 && refused.reason.contains(OF_TWO_TYPES) {
        // Mapped as text, both kinds of values fit.
        queued.repairs += 1;
        let field = field.to_owned();
        return Ok((queued, Some(field)));
    }
    let noted = format!("field [{field}] was left out: {}", refused.reason);
    let Some(without) = without_field(source, field, &noted) else {
        return Err(queued);
    };
    shared.field_left_out(id.as_str(), field, &refused.reason);
    *source = without;
    queued.repairs += 1;
    Ok((queued, None))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tokio::sync::Semaphore;

    use super::*;
    use sync_engine::sync::DocumentId;

    fn queued(operation: Operation) -> Queued {
        let held = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Queued {
            operation,
            _held: held,
            repairs: 0,
        }
    }

    #[test]
    fn a_text_is_kept_once_and_as_it_was() {
        let json = Bytes::from_static(br#"{"title":"a"}"#);
        let id = || DocumentId::new("ABC-1".to_owned());
        let mut part = [
            queued(Operation::Index {
                id: id(),
                issue_id: None,
                ticket: None,
                with_content: false,
                source: json.clone(),
            }),
            queued(Operation::Delete { id: "ABC-2".to_owned() }),
            queued(Operation::Update {
                id: id(),
                ticket: None,
                partial: json.clone(),
            }),
        ];
        let request = request_of(&mut part, "i", None).unwrap();
        let body = request
            .body
            .pieces()
            .next()
            .expect("small texts are one piece")
            .as_ptr_range();
        for queued in &mut part {
            let Some(kept) = queued.operation.json_mut() else {
                continue;
            };
            assert_eq!(*kept, json);
            assert!(body.contains(&kept.as_ptr()), "a copy of its own");
        }
        let again = request_of(&mut part, "i", None).unwrap();
        assert_eq!(again.body, request.body);
    }
}
