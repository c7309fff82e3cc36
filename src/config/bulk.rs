//! The `elasticsearch.bulk` section: how documents are gathered into requests and how many failures are too many.
//!
//! Sizes are in MiB in the file and in bytes here. The batching itself is the sink's.

use std::time::Duration;

use super::reader::Reader;
use super::values::SizeUnit;

const MIB: u64 = 1024 * 1024;

/// Limits of the writing side.
#[derive(Debug, Clone)]
pub struct BulkConfig {
    /// Lines of one bulk request: two for an index or update operation, one for a delete.
    pub chunk_size: usize,
    /// Bytes of one bulk request; one larger document is still sent, alone.
    pub chunk_max_mem_bytes: usize,
    /// Bulk requests in flight.
    pub max_concurrency: usize,
    /// Documents waiting between source and sink.
    pub queue_max_size: usize,
    /// Bytes waiting between source and sink.
    pub queue_max_mem_bytes: usize,
    /// Attempts of a bulk request that failed as a whole; `elasticsearch.max_retries` unless given.
    pub max_retries: u32,
    /// Wait n is n of these; `elasticsearch.retry_interval` unless given.
    pub retry_interval: Duration,
    /// Whether a request that was not answered in time is sent again: `elasticsearch.retry_on_timeout`.
    pub retry_on_timeout: bool,
    /// A queue that stays full for this long fails the sync.
    pub queue_refresh_timeout: Duration,
    /// Attachments downloaded at a time; the connector's own field of that name goes first.
    pub concurrent_downloads: usize,
    /// A document without attachment content above this many bytes is not sent; `None` is no limit.
    pub max_text_document_bytes: Option<usize>,
    /// Progress is logged after this many documents.
    pub display_every: u64,
    /// Log one debug line for each operation.
    pub enable_operations_logging: bool,
    /// When failures end a sync.
    pub error_monitor: ErrorMonitorConfig,
}

/// When failed items end a sync.
#[derive(Debug, Clone)]
pub struct ErrorMonitorConfig {
    /// False: failures are counted and never end a sync.
    pub enabled: bool,
    /// More failures than this in all end it.
    pub max_total_errors: u64,
    /// More failures than this in a row end it.
    pub max_consecutive_errors: u64,
    /// A larger share of failures than this within the window ends it; 0 to 1.
    pub max_error_rate: f64,
    /// Items in the window, which starts full of successes.
    pub error_window_size: usize,
    /// Failures kept for the message.
    pub error_queue_size: usize,
}

/// Repetition as the `elasticsearch` section sets it, for bulk requests without keys of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct GeneralRetry {
    pub(super) max_retries: u32,
    pub(super) interval: Duration,
    pub(super) on_timeout: bool,
}

pub(super) fn read(reader: &mut Reader, general: GeneralRetry) -> BulkConfig {
    let max_text_document = reader.size(
        "elasticsearch.bulk.max_text_document_size",
        SizeUnit::Mebibytes,
        3 * MIB,
        0..=1024 * MIB,
    );
    BulkConfig {
        // One index operation is two lines, so less than two could never hold a document.
        chunk_size: to_usize(reader.integer("elasticsearch.bulk.chunk_size", 500, 2..=100_000)),
        // Elasticsearch refuses bodies above 100 MB unless it is configured otherwise.
        chunk_max_mem_bytes: to_usize(reader.size(
            "elasticsearch.bulk.chunk_max_mem_size",
            SizeUnit::Mebibytes,
            3 * MIB,
            1024..=95 * MIB,
        )),
        max_concurrency: to_usize(reader.integer("elasticsearch.bulk.max_concurrency", 5, 1..=100)),
        queue_max_size: to_usize(reader.integer("elasticsearch.bulk.queue_max_size", 1024, 1..=1_000_000)),
        queue_max_mem_bytes: to_usize(reader.size(
            "elasticsearch.bulk.queue_max_mem_size",
            SizeUnit::Mebibytes,
            25 * MIB,
            MIB..=16 * 1024 * MIB,
        )),
        max_retries: reader.count("elasticsearch.bulk.max_retries", general.max_retries, 0..=1000),
        retry_interval: reader.duration("elasticsearch.bulk.retry_interval", general.interval, Duration::ZERO),
        retry_on_timeout: general.on_timeout,
        queue_refresh_timeout: reader.duration(
            "elasticsearch.bulk.queue_refresh_timeout",
            Duration::from_secs(1300),
            Duration::from_secs(1),
        ),
        concurrent_downloads: to_usize(reader.integer("elasticsearch.bulk.concurrent_downloads", 10, 1..=100)),
        max_text_document_bytes: (max_text_document > 0).then(|| to_usize(max_text_document)),
        display_every: reader.integer("elasticsearch.bulk.display_every", 100, 1..=u64::MAX),
        enable_operations_logging: reader.boolean("elasticsearch.bulk.enable_operations_logging", false),
        error_monitor: read_error_monitor(reader),
    }
}

fn read_error_monitor(reader: &mut Reader) -> ErrorMonitorConfig {
    const PREFIX: &str = "elasticsearch.bulk.error_monitor";
    let mut count = |name: &str, default, range| reader.integer(&format!("{PREFIX}.{name}"), default, range);
    ErrorMonitorConfig {
        max_total_errors: count("max_total_errors", 1000, 0..=u64::MAX),
        max_consecutive_errors: count("max_consecutive_errors", 10, 0..=u64::MAX),
        error_window_size: to_usize(count("error_window_size", 100, 1..=1_000_000)),
        error_queue_size: to_usize(count("error_queue_size", 10, 0..=10_000)),
        max_error_rate: reader.decimal(&format!("{PREFIX}.max_error_rate"), 0.15, 0.0..=1.0),
        enabled: reader.boolean(&format!("{PREFIX}.enabled"), true),
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).expect("the ranges above fit the address space")
}
