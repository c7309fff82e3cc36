//! Limits of the writing side, and where it writes to.
//!
//! The values come from `config`; what the limits do is up to those who keep them.

use std::time::Duration;

use elastic_client::RetryPolicy;

use super::new_fields::NewFields;
use crate::config::{BulkConfig, ErrorMonitorConfig};

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
    /// A bulk request that failed as a whole is sent again this often.
    pub retry: RetryPolicy,
    /// A full queue that stands still for this long fails the sync.
    pub longest_wait: Duration,
    /// Operations on their way to the batcher.
    pub queue_length: usize,
    /// Whether each operation that was applied is logged.
    pub log_operations: bool,
}

/// The destination of documents.
#[derive(Debug, Default)]
pub struct Target {
    /// Name of the index.
    pub index: String,
    /// The ingest pipeline that documents pass.
    pub pipeline: Option<String>,
    /// Maps fields that the index does not map yet; none leaves that to Elasticsearch.
    pub new_fields: Option<NewFields>,
    /// Whether documents go as they are or not at all: an identity without its query would let its user see everything.
    pub exact: bool,
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
            retry: RetryPolicy {
                max_attempts: config.max_retries,
                interval: config.retry_interval,
                on_timeout: config.retry_on_timeout,
            },
            longest_wait: config.queue_refresh_timeout,
            queue_length: config.queue_max_size,
            log_operations: config.enable_operations_logging,
        }
    }
}

/// Limits of one batch and of how many are sent at a time.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// Lines of a bulk body: two for a document, one for a deletion.
    pub lines: usize,
    /// Bytes of a bulk body; a single larger document is sent alone.
    pub bytes: usize,
    /// Most bulk requests in flight.
    pub in_flight: usize,
}
