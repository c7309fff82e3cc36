//! Sends requests that change one index. Every attempt asks the fence for leave: between two of them the job may have been
//! lost.
//!
//! `delivery` and `mapping_ahead` decide what is sent and judge the answers.

use std::sync::Arc;
use std::time::Duration;

use elastic_client::{BulkRequest, BulkResponse, ElasticClient, ElasticError};
use serde_json::Value;
use sync_engine::sync::{SinkError, WriteFence};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::options::RequestRetry;

/// No wait that a server asks for is longer.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// One index, and leave to write to it.
#[derive(Debug)]
pub(super) struct IndexWriter {
    pub(super) client: ElasticClient,
    pub(super) name: String,
    pub(super) pipeline: Option<String>,
    pub(super) fence: Arc<dyn WriteFence>,
    pub(super) retry: RequestRetry,
    /// Cancelled when nothing more may be sent.
    pub(super) closed: CancellationToken,
}

impl IndexWriter {
    /// Sends a request, again if it failed as a whole in a way that may pass.
    pub(super) async fn bulk(
        &self,
        request: &BulkRequest,
        deletes: bool,
    ) -> Result<Result<BulkResponse, ElasticError>, SinkError> {
        let mut attempt = 1;
        loop {
            if deletes {
                self.fence.before_delete().await?;
            } else {
                self.fence.before_write().await?;
            }
            let error = match self.client.bulk_once(request).await {
                Ok(response) => return Ok(Ok(response)),
                Err(error) => error,
            };
            let timed_out = matches!(error, ElasticError::Timeout { .. });
            let may_pass = error.is_retryable() && (self.retry.on_timeout || !timed_out);
            if !may_pass || attempt >= self.retry.attempts || self.closed.is_cancelled() {
                return Ok(Err(error));
            }
            let wait = self
                .retry
                .interval
                .saturating_mul(attempt)
                .max(error.retry_after().unwrap_or_default());
            let wait = wait.min(LONGEST_ASKED).mul_f64(1.0 + fastrand::f64() * 0.1);
            warn!(error = %error, wait_ms = wait.as_millis() as u64, "a bulk request failed, trying again");
            if self
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

    /// Adds to the mapping. The inner error is Elasticsearch's.
    pub(super) async fn put_mapping(&self, mapping: &Value) -> Result<Result<(), ElasticError>, SinkError> {
        self.fence.before_write().await?;
        Ok(self.client.indices().put_mapping(&self.name, mapping).await)
    }

    /// Makes what is indexed so far visible. Who needs to see it asks for that again, so a failure does not matter here.
    pub(super) async fn refresh(&self) {
        if let Err(error) = self.client.indices().refresh(&self.name).await {
            debug!(error = %error, "elasticsearch did not refresh the index");
        }
    }
}
