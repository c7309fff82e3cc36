//! Sends requests that change one index. Every attempt asks the fence for leave: between two of them the job may have been
//! lost.
//!
//! `delivery` and `mapping_ahead` decide what is sent and judge the answers.

use std::sync::Arc;

use elastic_client::{BulkRequest, BulkResponse, ElasticClient, ElasticError, Repeat, RetryPolicy};
use serde_json::Value;
use sync_engine::sync::{SinkError, WriteFence};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// One index, and leave to write to it.
#[derive(Debug)]
pub(super) struct IndexWriter {
    pub(super) client: ElasticClient,
    pub(super) name: String,
    pub(super) pipeline: Option<String>,
    pub(super) fence: Arc<dyn WriteFence>,
    pub(super) retry: RetryPolicy,
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
        // Writing a document, or deleting it, twice makes no difference.
        let mut attempts = self.retry.attempts();
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
            let wait = attempts.next_wait(&error, Repeat::Idempotent);
            let Some(wait) = wait.filter(|_| !self.closed.is_cancelled()) else {
                return Ok(Err(error));
            };
            warn!(error = %error, wait_ms = wait.as_millis() as u64, "a bulk request failed, trying again");
            if self
                .closed
                .run_until_cancelled(tokio::time::sleep(wait))
                .await
                .is_none()
            {
                return Ok(Err(error));
            }
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
