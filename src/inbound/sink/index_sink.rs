//! The engine's [`Sink`] on one content index.
//!
//! It keeps the byte budget and the outcomes; batching is in `batcher`, sending in `delivery`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use elastic_client::{ElasticClient, ElasticError, ItemError};
use serde_json::{Map, Value, json};
use sync_engine::sync::{
    Document, DocumentId, Flushed, IndexSelection, IssueId, Operation, Progress, Rehearsal, Sink, SinkError, WriteFence,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::batcher::{self, BatchLimits, Command};
use super::content_index;
use super::delivery::Queued;
use super::error_monitor::ErrorMonitor;
use super::in_flight::InFlightLimit;
use super::mapping_ahead::MappingAhead;
use super::new_fields::NewFields;
use super::rehearsal;
use super::scan::{self, ContentScan};
use crate::config::{BulkConfig, ErrorMonitorConfig};
use crate::telemetry::{DocumentOutcome, DocumentSettled};

/// The budget is counted in units of this size, because a semaphore counts in 32 bits.
const BUDGET_UNIT: usize = 1024;

/// Limits of the writing side.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// Limits of batches.
    pub batch: BatchLimits,
    /// Bytes of operations without an outcome yet.
    pub budget_bytes: usize,
    /// Larger documents without file content are refused; none takes any.
    pub max_text_document_bytes: Option<usize>,
    /// When refused documents are too many.
    pub error_monitor: ErrorMonitorConfig,
    /// How often a request that failed as a whole is sent again.
    pub retry: RequestRetry,
    /// How long a full queue may stand still before the sync fails.
    pub longest_wait: Duration,
    /// Operations on their way to the batcher.
    pub queue_length: usize,
    /// Whether each operation that was applied is logged.
    pub log_operations: bool,
}

/// Where documents go, and how.
#[derive(Debug, Default)]
pub struct Target {
    /// Name of the index.
    pub index: String,
    /// The ingest pipeline that documents pass.
    pub pipeline: Option<String>,
    /// How fields that the index does not map yet are mapped; none leaves that to Elasticsearch.
    pub new_fields: Option<NewFields>,
}

/// How often a bulk request that failed as a whole is sent again. Each attempt asks the fence.
#[derive(Debug, Clone, Copy)]
pub struct RequestRetry {
    /// Attempts in all.
    pub attempts: u32,
    /// Wait n is n of these.
    pub interval: Duration,
    /// Whether a request that was not answered in time is sent again.
    pub on_timeout: bool,
}

impl SinkOptions {
    /// The limits that `elasticsearch.bulk` sets.
    pub fn from_config(config: &BulkConfig) -> Self {
        Self {
            batch: BatchLimits {
                lines: config.chunk_size,
                bytes: config.chunk_max_mem_bytes,
                in_flight: config.max_concurrency,
            },
            budget_bytes: config.queue_max_mem_bytes,
            max_text_document_bytes: config.max_text_document_bytes,
            error_monitor: config.error_monitor.clone(),
            retry: RequestRetry {
                attempts: config.max_retries.max(1),
                interval: config.retry_interval,
                on_timeout: config.retry_on_timeout,
            },
            longest_wait: config.queue_refresh_timeout,
            queue_length: config.queue_max_size,
            log_operations: config.enable_operations_logging,
        }
    }
}

/// Writes to one index through one ingest pipeline.
#[derive(Debug)]
pub struct IndexSink {
    shared: Arc<Shared>,
    budget: Arc<Semaphore>,
    budget_units: usize,
    commands: mpsc::Sender<Command>,
    batcher: tokio::sync::Mutex<BatcherState>,
    longest_wait: Duration,
}

/// The batcher's task, or how it failed.
#[derive(Debug)]
enum BatcherState {
    Running(JoinHandle<Result<(), SinkError>>),
    Failed(SinkError),
}

/// What the sink, its batcher and its deliveries have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: ElasticClient,
    pub(super) index: String,
    pub(super) pipeline: Option<String>,
    pub(super) new_fields: MappingAhead,
    pub(super) progress: Arc<Progress>,
    pub(super) in_flight: InFlightLimit,
    /// Cancelled when nothing more may be sent.
    pub(super) closed: CancellationToken,
    pub(super) fence: Arc<dyn WriteFence>,
    pub(super) retry: RequestRetry,
    log_operations: bool,
    max_text_document_bytes: Option<usize>,
    /// Whether a document was rejected, or dropped by the pipeline.
    incomplete: AtomicBool,
    monitor: Mutex<ErrorMonitor>,
    rejected_issues: Mutex<HashSet<IssueId>>,
    refused_fields: Mutex<HashSet<String>>,
}

impl Shared {
    pub(super) fn applied(&self, operation: &Operation) {
        if self.log_operations {
            let (action, id) = match operation {
                Operation::Index { id, .. } => ("index", id.as_str()),
                Operation::Update { id, .. } => ("update", id.as_str()),
                Operation::Delete { id } => ("delete", id.as_str()),
            };
            debug!(document.id = id, action, "elasticsearch carried out an operation");
        }
        match operation {
            Operation::Delete { .. } => self.progress.deleted(),
            Operation::Index { source: body, .. } | Operation::Update { partial: body, .. } => {
                self.progress.indexed(body.len() as u64);
            }
        }
        settled(operation, DocumentOutcome::Applied);
        operation.settle();
        self.monitor.lock().unwrap_or_else(PoisonError::into_inner).applied();
    }

    /// A document that was written is not in the index.
    pub(super) fn not_stored(&self) {
        self.incomplete.store(true, Relaxed);
    }

    /// Makes what is indexed so far visible. Who needs to see it asks for that again, so a failure does not matter here.
    pub(super) async fn refresh(&self) {
        if let Err(error) = self.client.indices().refresh(&self.index).await {
            debug!(error = %error, "elasticsearch did not refresh the index");
        }
    }

    /// Maps a field that has values of several types. When it is mapped already, by another batch or long ago, the
    /// document is tried as it is, and without the field after that.
    pub(super) async fn map_as_text(&self, field: &str) {
        let mapping = json!({ "properties": { field: content_index::text() } });
        match self.client.indices().put_mapping(&self.index, &mapping).await {
            Ok(()) => info!(field, "mapped a field as text because its values have several types"),
            Err(error) => debug!(field, error = %error, "a field with values of several types is mapped already"),
        }
    }

    /// A document goes out without a field. The first of each field is put on record by name; hundreds may follow.
    pub(super) fn field_left_out(&self, id: &str, field: &str, reason: &str) {
        let mut known = self.refused_fields.lock().unwrap_or_else(PoisonError::into_inner);
        let first = known.insert(field.to_owned());
        self.progress.field_left_out();
        if first {
            warn!(
                document.id = id,
                field, reason, "the mapping refuses a field; documents are indexed without it"
            );
            self.progress.note(format!(
                "field {field} is left out where the mapping refuses it, first in {id}: {reason}"
            ));
        }
    }

    /// Why a document is not even sent.
    fn too_large(&self, operation: &Operation) -> Option<ItemError> {
        let limit = self.max_text_document_bytes?;
        let Operation::Index {
            source,
            with_content: false,
            ..
        } = operation
        else {
            return None;
        };
        (source.len() > limit).then(|| ItemError {
            kind: "too large".into(),
            reason: format!(
                "{} bytes, more than elasticsearch.bulk.max_text_document_size = {limit}",
                source.len()
            ),
        })
    }

    pub(super) fn rejected(&self, operation: &Operation, error: &ItemError) -> Result<(), SinkError> {
        let (id, issue_id) = match operation {
            Operation::Index { id, issue_id, .. } => (id.as_str(), *issue_id),
            Operation::Update { id, .. } => (id.as_str(), None),
            Operation::Delete { id } => (id.as_str(), None),
        };
        let reason = format!("{}: {}", error.kind, error.reason);
        warn!(document.id = id, reason, "elasticsearch refused a document");
        self.not_stored();
        settled(operation, DocumentOutcome::Rejected);
        self.progress.rejected(id, &reason);
        operation.settle();
        if let Some(issue_id) = issue_id {
            self.rejected_issues
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(issue_id);
        }
        let mut monitor = self.monitor.lock().unwrap_or_else(PoisonError::into_inner);
        monitor
            .rejected(&format!("{id}: {reason}"))
            .map_err(SinkError::TooManyErrors)
    }
}

impl IndexSink {
    /// Starts the writing side. Every request asks `fence` for leave.
    pub fn start(
        client: ElasticClient,
        target: Target,
        options: SinkOptions,
        progress: Arc<Progress>,
        fence: Arc<dyn WriteFence>,
    ) -> Self {
        let shared = Arc::new(Shared {
            client,
            index: target.index,
            pipeline: target.pipeline,
            new_fields: MappingAhead::new(target.new_fields),
            progress,
            in_flight: InFlightLimit::new(options.batch.in_flight),
            closed: CancellationToken::new(),
            fence,
            retry: options.retry,
            log_operations: options.log_operations,
            max_text_document_bytes: options.max_text_document_bytes,
            incomplete: AtomicBool::new(false),
            monitor: Mutex::new(ErrorMonitor::new(options.error_monitor)),
            rejected_issues: Mutex::new(HashSet::new()),
            refused_fields: Mutex::new(HashSet::new()),
        });
        let budget_units = (options.budget_bytes / BUDGET_UNIT).max(1);
        let (commands, receiver) = mpsc::channel(options.queue_length);
        let batcher = tokio::spawn(batcher::run(Arc::clone(&shared), options.batch, receiver));
        Self {
            shared,
            budget: Arc::new(Semaphore::new(budget_units)),
            budget_units,
            commands,
            batcher: tokio::sync::Mutex::new(BatcherState::Running(batcher)),
            longest_wait: options.longest_wait,
        }
    }

    /// Sends nothing more, and waits `patience` at most for the answers to what was sent, so that it counts.
    pub async fn close(&self, patience: Duration) {
        self.shared.closed.cancel();
        if let BatcherState::Running(task) = &mut *self.batcher.lock().await
            && tokio::time::timeout(patience, &mut *task).await.is_err()
        {
            warn!("bulk requests have no answer yet; the documents in them are not counted");
            task.abort();
        }
    }

    /// Why the batcher is gone. Several writers may ask at once, and any of them may end up in the job's record.
    async fn failure(&self) -> SinkError {
        let mut batcher = self.batcher.lock().await;
        if let BatcherState::Running(task) = &mut *batcher {
            *batcher = BatcherState::Failed(match task.await {
                Ok(Err(error)) => error,
                Ok(Ok(())) => SinkError::Closed("it ended before the sync did".into()),
                Err(error) => SinkError::Closed(error.to_string()),
            });
        }
        match &*batcher {
            BatcherState::Failed(error) => error.clone(),
            BatcherState::Running(_) => unreachable!("it was waited for"),
        }
    }
}

impl Drop for IndexSink {
    fn drop(&mut self) {
        // A sync that ended early must not go on writing in the background.
        if let BatcherState::Running(task) = self.batcher.get_mut() {
            task.abort();
        }
    }
}

impl Sink for IndexSink {
    type Scan = ContentScan;

    fn announce(&self, documents: &[&Document]) {
        self.shared.new_fields.look_at(documents);
    }

    async fn write(&self, operation: Operation) -> Result<(), SinkError> {
        if let Some(refused) = self.shared.too_large(&operation) {
            return self.shared.rejected(&operation, &refused);
        }
        let units = operation.size().div_ceil(BUDGET_UNIT).clamp(1, self.budget_units);
        let queued = async {
            let held = Arc::clone(&self.budget)
                .acquire_many_owned(units as u32)
                .await
                .map_err(|_| SinkError::Closed("its budget was closed".into()))?;
            let queued = Queued {
                operation,
                _held: held,
                repairs: 0,
            };
            match self.commands.send(Command::Write(queued)).await {
                Ok(()) => Ok(()),
                Err(_) => Err(self.failure().await),
            }
        };
        tokio::time::timeout(self.longest_wait, queued)
            .await
            .unwrap_or(Err(SinkError::Stuck(self.longest_wait)))
    }

    async fn flush(&self) -> Result<Flushed, SinkError> {
        let (done, flushed) = oneshot::channel();
        if self.commands.send(Command::Flush(done)).await.is_err() || flushed.await.is_err() {
            return Err(self.failure().await);
        }
        let rejected = &self.shared.rejected_issues;
        Ok(Flushed {
            rejected_issues: rejected.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            all_stored: !self.shared.incomplete.load(Relaxed),
        })
    }

    async fn scan(&self, selection: IndexSelection) -> Result<ContentScan, SinkError> {
        ContentScan::start(&self.shared.client, &self.shared.index, selection).await
    }

    async fn neighbours(&self, documents: &[&str]) -> Result<Vec<IssueId>, SinkError> {
        scan::neighbours(&self.shared.client, &self.shared.index, documents).await
    }

    async fn attachment(&self, id: u64) -> Result<Option<Map<String, Value>>, SinkError> {
        scan::attachment(&self.shared.client, &self.shared.index, id).await
    }

    async fn rehearse(&self, id: &DocumentId, source: &Bytes) -> Result<Rehearsal, SinkError> {
        let units = source.len().div_ceil(BUDGET_UNIT).clamp(1, self.budget_units);
        // The request is another copy of the document.
        let _held = self
            .budget
            .acquire_many(units as u32)
            .await
            .map_err(|_| SinkError::Closed("its budget was closed".into()))?;
        rehearsal::run(&self.shared, id.as_str(), source).await
    }

    async fn count(&self) -> Result<u64, SinkError> {
        let indices = self.shared.client.indices();
        let counted = async {
            indices.refresh(&self.shared.index).await?;
            indices.count(&self.shared.index, None).await
        };
        counted
            .await
            .map_err(|error| SinkError::Elasticsearch(error.to_string()))
    }

    async fn seems_empty(&self) -> Result<bool, SinkError> {
        match self
            .shared
            .client
            .indices()
            .document_count_hint(&self.shared.index)
            .await
        {
            Ok(documents) => Ok(documents == 0),
            // Statistics need a privilege that writing does not; without it the index is searched.
            Err(ElasticError::Forbidden { .. }) => Ok(false),
            Err(error) => Err(SinkError::Elasticsearch(error.to_string())),
        }
    }
}

/// Counts an operation that has its outcome.
fn settled(operation: &Operation, outcome: DocumentOutcome) {
    let (operation, bytes) = match operation {
        Operation::Index { source, .. } => ("index", source.len()),
        Operation::Update { partial, .. } => ("update", partial.len()),
        Operation::Delete { .. } => ("delete", 0),
    };
    let bytes = bytes as u64;
    DocumentSettled {
        operation,
        outcome,
        bytes,
    }
    .emit();
}
