//! The fence of one claimed job, as the engine asks it. When it gives leave is decided in `coordination::fence`.

use std::sync::Arc;

use chrono::Utc;
use elastic_client::SyncJobs;
use futures::future::BoxFuture;
use serde_json::json;
use sync_engine::sync::{WriteFence, WriteRefused};

use super::job_lease::JobLease;
use crate::coordination::fence::Fence;
use crate::coordination::renewal::RenewalLimits;
use crate::coordination::stop::JobStop;

/// Leave to write for one job.
#[derive(Debug)]
pub struct JobFence(Fence<SyncJobs>);

impl JobFence {
    /// The fence of the job that `lease` holds. Losing the job throws `stop`.
    pub(crate) fn new(lease: Arc<JobLease>, stop: JobStop, limits: RenewalLimits) -> Self {
        let alive = || json!({ "last_seen": Utc::now().to_rfc3339() });
        Self(Fence::new(lease, stop, limits, alive))
    }
}

impl WriteFence for JobFence {
    fn before_write(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(async { self.0.before_write().await.map_err(WriteRefused) })
    }

    fn before_delete(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(async { self.0.before_delete().await.map_err(WriteRefused) })
    }
}
