//! Sends one bulk body. What the items came to is in `response.rs`.

use std::fmt;
use std::time::Duration;

use http_kit::Repeat;

use crate::bulk::response::BulkResponse;
use crate::bulk::text::BulkText;
use crate::error::ElasticError;
use crate::request::Request;
use crate::transport::Transport;

/// Everything else in a bulk answer repeats what was sent.
const NEEDED_FIELDS: &str = "took,errors,items.*._id,items.*.status,items.*.result,items.*.error.type,\
                             items.*.error.reason,items.*.error.caused_by.reason,items.*.error.caused_by.type";

/// Operations for one index.
#[derive(Clone)]
pub struct BulkRequest {
    /// Index or alias.
    pub index: String,
    /// Ingest pipeline for index operations.
    pub pipeline: Option<String>,
    /// Made by [`BulkBody`](crate::BulkBody).
    pub body: BulkText,
    /// The number of operations in the body.
    pub operations: usize,
    /// Limit for one attempt, if not the client's.
    pub timeout: Option<Duration>,
}

// The body is content of documents, which does not belong into logs.
impl fmt::Debug for BulkRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BulkRequest")
            .field("index", &self.index)
            .field("pipeline", &self.pipeline)
            .field("size_bytes", &self.body.len())
            .field("operations", &self.operations)
            .field("timeout", &self.timeout)
            .finish()
    }
}

impl BulkRequest {
    pub(crate) async fn send(&self, transport: &Transport, repeat: Repeat) -> Result<BulkResponse, ElasticError> {
        if self.operations == 0 {
            return Ok(BulkResponse::default());
        }
        let mut request = Request::post(&[&self.index, "_bulk"])
            .query("filter_path", NEEDED_FIELDS)
            .ndjson(self.body.clone())
            .repeat(repeat)
            .timeout(self.timeout);
        if let Some(pipeline) = &self.pipeline {
            request = request.query("pipeline", pipeline.as_str());
        }
        let answer = transport.send(request).await?;
        BulkResponse::read(&answer, self.operations)
    }
}
