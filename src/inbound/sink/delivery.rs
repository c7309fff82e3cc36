//! Sends one batch until every item of it has an outcome.
//!
//! Only items that Elasticsearch was too busy for, or that `repair` could help, are sent again. What a batch consists of
//! is decided in `batcher`.

use std::collections::BTreeSet;
use std::time::Duration;

use elastic_client::{BulkBody, BulkRequest, ElasticError, ItemAction, ItemError, ItemOutcome, ItemResult};
use serde_json::{Map, Value, json};
use sync_engine::access_control::ACCESS_FIELD;
use sync_engine::sync::{Operation, SinkError};
use tokio::sync::OwnedSemaphorePermit;
use tracing::{debug, info, warn};

use super::cutting::fit;
use super::in_flight::InFlightLimit;
use super::index_writer::IndexWriter;
use super::mapping::text;
use super::mapping_ahead::MappingAhead;
use super::outcomes::Outcomes;
use super::repair::{Remedy, Repair};

/// An item that Elasticsearch was too busy for is sent again this often.
const MAX_ATTEMPTS: u32 = 8;
/// The first wait; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// An operation that holds its part of the byte budget until it has an outcome.
#[derive(Debug)]
pub(super) struct Queued {
    operation: Operation,
    held: OwnedSemaphorePermit,
    repair: Repair,
    /// Whether it only brings the access of an older version up to date.
    access_alone: bool,
}

impl Queued {
    pub(super) fn new(operation: Operation, held: OwnedSemaphorePermit) -> Self {
        Self {
            operation,
            held,
            repair: Repair::default(),
            access_alone: false,
        }
    }

    /// What is indexed of a document stays when its new version does not come in, but not for readers of before.
    fn into_access_alone(self) -> Option<Self> {
        let Operation::Index { id, source, .. } = &self.operation else {
            return None;
        };
        let mut document: Map<String, Value> = serde_json::from_slice(source).ok()?;
        let tokens = document.remove(ACCESS_FIELD).filter(|tokens| !tokens.is_null())?;
        let operation = Operation::Update {
            id: id.clone(),
            ticket: None,
            partial: json!({ ACCESS_FIELD: tokens }).to_string().into(),
        };
        Some(Self {
            operation,
            held: self.held,
            repair: Repair::default(),
            access_alone: true,
        })
    }

    pub(super) fn size(&self) -> usize {
        self.operation.size()
    }

    pub(super) fn is_delete(&self) -> bool {
        matches!(self.operation, Operation::Delete { .. })
    }
}

/// The parts that all batches of a sink share.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) index: IndexWriter,
    pub(super) outcomes: Outcomes,
    pub(super) new_fields: MappingAhead,
    pub(super) in_flight: InFlightLimit,
    /// Whether a refused document is left as it is.
    pub(super) exact: bool,
}

/// The items that have to be sent again.
#[derive(Default)]
struct Sorted {
    busy: Vec<Queued>,
    repaired: Vec<Queued>,
    /// Fields that have to be mapped as text first.
    mixed: BTreeSet<String>,
    /// Too much was refused. What is to be hidden is hidden first.
    failed: Option<SinkError>,
}

impl Sorted {
    fn failed(&mut self, outcome: Result<(), SinkError>) {
        self.failed = self.failed.take().or(outcome.err());
    }
}

impl Delivery {
    /// Sends the batch. An error means that Elasticsearch refused the request as a whole, or too many of its items.
    pub(super) async fn deliver(&self, mut batch: Vec<Queued>) -> Result<(), SinkError> {
        self.new_fields.map(&self.index).await?;
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        while !batch.is_empty() {
            let answered = self.send(batch).await?;
            let Sorted {
                busy,
                mut repaired,
                mixed,
                failed,
            } = self.settle(answered, attempt < MAX_ATTEMPTS)?;
            if let Some(failed) = failed {
                repaired.retain(|queued| queued.access_alone);
                if !repaired.is_empty() {
                    self.settle(self.send(repaired).await?, false)?;
                }
                return Err(failed);
            }
            if self.index.closed.is_cancelled() {
                return Ok(());
            }
            if busy.is_empty() {
                self.in_flight.recovered();
            } else {
                self.in_flight.overloaded();
                let (items, wait_ms) = (busy.len(), wait.as_millis() as u64);
                warn!(items, wait_ms, "elasticsearch is busy; sending these items again later");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
                attempt += 1;
            }
            for field in mixed {
                self.map_as_text(&field).await?;
            }
            batch = busy;
            batch.extend(repaired);
        }
        Ok(())
    }

    /// Gives every item its outcome, but for those that are sent again.
    fn settle(&self, answered: Vec<(Queued, ItemResult)>, may_wait: bool) -> Result<Sorted, SinkError> {
        let mut sorted = Sorted::default();
        for (queued, item) in answered {
            match item.outcome() {
                ItemOutcome::EveryItem => return Err(self.refuses_everything(&reason_of(item))),
                ItemOutcome::Retry if may_wait => sorted.busy.push(queued),
                outcome if queued.access_alone => self.settle_access(outcome, item)?,
                // Nothing to change is what an update may come to; of an index operation it is the pipeline's `drop`.
                ItemOutcome::Applied
                    if item.result == Some(ItemAction::Noop) && matches!(queued.operation, Operation::Index { .. }) =>
                {
                    self.outcomes.dropped(&queued.operation);
                    sorted.repaired.extend(queued.into_access_alone());
                }
                ItemOutcome::Applied => self.outcomes.applied(&queued.operation),
                ItemOutcome::NotFound if queued.is_delete() => {
                    debug!(document.id = item.id, "a document to delete was gone already");
                }
                ItemOutcome::Rejected => self.repair_or_reject(queued, &reason_of(item), &mut sorted),
                ItemOutcome::Retry | ItemOutcome::NotFound => self.reject(queued, &reason_of(item), &mut sorted),
            }
        }
        Ok(sorted)
    }

    /// An access that can neither be updated nor is there to be updated would stay as it was.
    fn settle_access(&self, outcome: ItemOutcome, item: ItemResult) -> Result<(), SinkError> {
        match outcome {
            ItemOutcome::Applied | ItemOutcome::NotFound => Ok(()),
            _ => Err(SinkError::Elasticsearch(format!(
                "a document whose new version was refused could not be hidden from its readers of before: {}",
                reason_of(item).reason
            ))),
        }
    }

    fn reject(&self, queued: Queued, refused: &ItemError, sorted: &mut Sorted) {
        sorted.failed(self.outcomes.rejected(&queued.operation, refused));
        sorted.repaired.extend(queued.into_access_alone());
    }

    fn repair_or_reject(&self, mut queued: Queued, refused: &ItemError, sorted: &mut Sorted) {
        let Operation::Index { id, source, .. } = &mut queued.operation else {
            return self.reject(queued, refused, sorted);
        };
        let remedy = match self.exact {
            true => Remedy::None,
            false => queued.repair.remedy(source, refused),
        };
        match remedy {
            Remedy::MapAsText(field) => {
                sorted.mixed.insert(field);
            }
            Remedy::WithoutField { field, source: without } => {
                self.outcomes.field_left_out(id.as_str(), &field, &refused.reason);
                *source = without;
            }
            Remedy::Reduced { what, source: reduced } => {
                self.outcomes.reduced(id.as_str(), what, &refused.reason);
                *source = reduced;
            }
            Remedy::None => return self.reject(queued, refused, sorted),
        }
        sorted.repaired.push(queued);
    }

    /// Maps a field that has values of several types. When it is mapped already, by another batch or long ago, the
    /// document is tried as it is, and without the field after that.
    async fn map_as_text(&self, field: &str) -> Result<(), SinkError> {
        let mapping = json!({ "properties": { field: text() } });
        match self.index.put_mapping(&mapping).await? {
            Ok(()) => info!(field, "mapped a field as text because its values have several types"),
            Err(error) => debug!(field, error = %error, "a field with values of several types is mapped already"),
        }
        Ok(())
    }

    /// Sending more would end the same, document by document.
    fn refuses_everything(&self, refused: &ItemError) -> SinkError {
        let cure = match refused.kind.as_str() {
            "cluster_block_exception" => {
                "When a disk is past the flood-stage watermark, free space or add nodes, and Elasticsearch lifts the \
                 block itself; otherwise remove index.blocks.* from the index's settings"
            }
            "security_exception" => "Grant the connector's API key the privilege that is named",
            "index_closed_exception" => "Open the index",
            "index_not_found_exception" => "Start the sync again: it makes the index",
            "strict_dynamic_mapping_exception" => {
                "The index takes mapped fields only (dynamic: strict): set dynamic to true or false, or map the field"
            }
            _ => "Correct the index, its alias or its pipeline, and start the sync again",
        };
        let (index, reason) = (&self.index.name, &refused.reason);
        SinkError::Elasticsearch(format!("the index {index} takes no document: {reason}. {cure}"))
    }

    /// One request; in halves when it is larger than the cluster, or a proxy before it, takes.
    async fn send(&self, batch: Vec<Queued>) -> Result<Vec<(Queued, ItemResult)>, SinkError> {
        let mut answered = Vec::with_capacity(batch.len());
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            let failed = |error: ElasticError| SinkError::Elasticsearch(error.to_string());
            let pipeline = self.index.pipeline.as_deref();
            let request = request_of(&mut part, &self.index.name, pipeline).map_err(failed)?;
            let deletes = part.iter().any(Queued::is_delete);
            match self.index.bulk(&request, deletes).await? {
                Ok(response) => answered.extend(part.into_iter().zip(response.items)),
                Err(ElasticError::TooLarge { .. }) if part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.extend([second, part]);
                }
                Err(error @ ElasticError::TooLarge { .. }) => {
                    drop(request);
                    if self.halved(&mut part) {
                        parts.push(part);
                        continue;
                    }
                    let refused = ItemError {
                        kind: "too large".into(),
                        reason: error.to_string(),
                    };
                    for queued in part {
                        self.outcomes.rejected(&queued.operation, &refused)?;
                        parts.extend(queued.into_access_alone().map(|access| vec![access]));
                    }
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(answered)
    }

    /// Cuts a document that is too large even alone to half of its size. Whether that was possible.
    fn halved(&self, part: &mut [Queued]) -> bool {
        let [queued] = part else { return false };
        let Operation::Index { id, source, .. } = &mut queued.operation else {
            return false;
        };
        let limit = source.len() / 2;
        let Some(smaller) = fit(source, limit) else {
            return false;
        };
        let reason = format!(
            "elasticsearch, or a proxy before it, does not take {} bytes",
            source.len()
        );
        self.outcomes.reduced(id.as_str(), "large documents are cut", &reason);
        *source = smaller;
        true
    }
}

fn reason_of(item: ItemResult) -> ItemError {
    item.error.unwrap_or_else(|| ItemError {
        kind: "no reason given".into(),
        reason: format!("status {}", item.status),
    })
}

/// The request for these operations. From then on their texts are parts of its body: a second copy of all that is in
/// flight would double what a sync needs.
fn request_of(part: &mut [Queued], index: &str, pipeline: Option<&str>) -> Result<BulkRequest, ElasticError> {
    let mut body = BulkBody::with_capacity(part.iter().map(Queued::size).sum());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use sync_engine::sync::DocumentId;
    use tokio::sync::Semaphore;

    use super::*;

    fn queued(operation: Operation) -> Queued {
        let held = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Queued::new(operation, held)
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
