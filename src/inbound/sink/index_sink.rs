//! The engine's [`Sink`] on one content index.
//!
//! It keeps the byte budget; batching is in `batcher`, sending in `delivery`, counting in `outcomes`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Map, Value};
use sync_engine::sync::{
    Document, DocumentId, Flushed, IndexSelection, IssueId, Operation, Progress, Rehearsal, Sink, SinkError, WriteFence,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::batcher::{self, Command};
use super::cutting::fit;
use super::delivery::{Delivery, Queued};
use super::in_flight::InFlightLimit;
use super::index_writer::IndexWriter;
use super::mapping_ahead::MappingAhead;
use super::options::{SinkOptions, Target};
use super::outcomes::Outcomes;
use super::rehearsal;
use super::scan::{self, ContentScan};

/// The budget is counted in units of this size, because a semaphore counts in 32 bits.
const BUDGET_UNIT: usize = 1024;

/// Writes to one index through one ingest pipeline.
#[derive(Debug)]
pub struct IndexSink {
    delivery: Arc<Delivery>,
    max_text_document_bytes: Option<usize>,
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

impl IndexSink {
    /// Starts the writing side. Every request asks `fence` for leave.
    pub fn start(
        client: ElasticClient,
        target: Target,
        options: SinkOptions,
        progress: Arc<Progress>,
        fence: Arc<dyn WriteFence>,
    ) -> Self {
        let delivery = Arc::new(Delivery {
            index: IndexWriter {
                client,
                name: target.index,
                pipeline: target.pipeline,
                fence,
                retry: options.retry,
                closed: CancellationToken::new(),
            },
            outcomes: Outcomes::new(progress, options.error_monitor, options.log_operations),
            new_fields: MappingAhead::new(target.new_fields),
            in_flight: InFlightLimit::new(options.batch.in_flight),
            exact: target.exact,
        });
        let budget_units = (options.budget_bytes / BUDGET_UNIT).max(1);
        let (commands, receiver) = mpsc::channel(options.queue_length);
        let batcher = tokio::spawn(batcher::run(Arc::clone(&delivery), options.batch, receiver));
        Self {
            delivery,
            max_text_document_bytes: options.max_text_document_bytes.filter(|_| !target.exact),
            budget: Arc::new(Semaphore::new(budget_units)),
            budget_units,
            commands,
            batcher: tokio::sync::Mutex::new(BatcherState::Running(batcher)),
            longest_wait: options.longest_wait,
        }
    }

    /// Sends nothing more, and waits `patience` at most for the answers to what was sent, so that it counts.
    pub async fn close(&self, patience: Duration) {
        self.delivery.index.closed.cancel();
        let mut batcher = self.batcher.lock().await;
        if let BatcherState::Running(task) = &mut *batcher {
            match tokio::time::timeout(patience, &mut *task).await {
                // Tasks of the sync may still be writing, and ask why the batcher is gone.
                Ok(ended) => *batcher = BatcherState::of_ended(ended),
                Err(_) => {
                    warn!("bulk requests have no answer yet; the documents in them are not counted");
                    task.abort();
                }
            }
        }
    }

    fn client(&self) -> &ElasticClient {
        &self.delivery.index.client
    }

    fn name(&self) -> &str {
        &self.delivery.index.name
    }

    /// A document that is too large is indexed with what fits: half a text beats a missing issue.
    fn cut_to_size(&self, operation: &mut Operation) {
        let Some(limit) = self.max_text_document_bytes else {
            return;
        };
        let Operation::Index {
            id,
            source,
            with_content: false,
            ..
        } = operation
        else {
            return;
        };
        if source.len() > limit
            && let Some(cut) = fit(source, limit)
        {
            let reason = format!(
                "{} bytes, more than elasticsearch.bulk.max_text_document_size = {limit}",
                source.len()
            );
            let outcomes = &self.delivery.outcomes;
            outcomes.reduced(id.as_str(), "large documents are cut", &reason);
            *source = cut;
        }
    }

    /// Why the batcher is gone. Several writers may ask at once, and any of them may end up in the job's record.
    async fn failure(&self) -> SinkError {
        let mut batcher = self.batcher.lock().await;
        if let BatcherState::Running(task) = &mut *batcher {
            *batcher = BatcherState::of_ended(task.await);
        }
        match &*batcher {
            BatcherState::Failed(error) => error.clone(),
            BatcherState::Running(_) => unreachable!("it was waited for"),
        }
    }
}

impl BatcherState {
    fn of_ended(ended: Result<Result<(), SinkError>, JoinError>) -> Self {
        Self::Failed(match ended {
            Ok(Err(error)) => error,
            Ok(Ok(())) => SinkError::Closed("it ended before the sync did".into()),
            Err(error) => SinkError::Closed(error.to_string()),
        })
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
        self.delivery.new_fields.look_at(documents);
    }

    async fn write(&self, mut operation: Operation) -> Result<(), SinkError> {
        self.cut_to_size(&mut operation);
        let units = operation.size().div_ceil(BUDGET_UNIT).clamp(1, self.budget_units);
        let queued = async {
            let held = Arc::clone(&self.budget)
                .acquire_many_owned(units as u32)
                .await
                .map_err(|_| SinkError::Closed("its budget was closed".into()))?;
            match self.commands.send(Command::Write(Queued::new(operation, held))).await {
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
        self.delivery.outcomes.so_far()
    }

    async fn scan(&self, selection: IndexSelection) -> Result<ContentScan, SinkError> {
        ContentScan::start(self.client(), self.name(), selection).await
    }

    async fn neighbours(&self, documents: &[&str]) -> Result<Vec<IssueId>, SinkError> {
        scan::neighbours(self.client(), self.name(), documents).await
    }

    async fn attachment(&self, id: u64) -> Result<Option<Map<String, Value>>, SinkError> {
        scan::attachment(self.client(), self.name(), id).await
    }

    async fn rehearse(&self, id: &DocumentId, source: &Bytes) -> Result<Rehearsal, SinkError> {
        let units = source.len().div_ceil(BUDGET_UNIT).clamp(1, self.budget_units);
        // The request is another copy of the document.
        let _held = self
            .budget
            .acquire_many(units as u32)
            .await
            .map_err(|_| SinkError::Closed("its budget was closed".into()))?;
        rehearsal::run(&self.delivery.index, id.as_str(), source).await
    }

    async fn count(&self) -> Result<u64, SinkError> {
        let indices = self.client().indices();
        let counted = async {
            indices.refresh(self.name()).await?;
            indices.count(self.name(), None).await
        };
        counted
            .await
            .map_err(|error| SinkError::Elasticsearch(error.to_string()))
    }

    async fn seems_empty(&self) -> Result<bool, SinkError> {
        match self.client().indices().document_count_hint(self.name()).await {
            Ok(documents) => Ok(documents == 0),
            // Statistics need a privilege that writing does not; without it the index is searched.
            Err(ElasticError::Forbidden { .. }) => Ok(false),
            Err(error) => Err(SinkError::Elasticsearch(error.to_string())),
        }
    }
}
