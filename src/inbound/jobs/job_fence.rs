//! The fence of one claimed job: writes wait while its record could not be renewed, deletions renew it first, and
//! nothing goes out once it is lost. What is written is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chrono::Utc;
use elastic_client::Refresh;
use futures::future::BoxFuture;
use serde_json::json;
use sync_engine::sync::{WriteFence, WriteRefused};
use tracing::{debug, warn};

use super::job_lease::JobLease;
use crate::coordination::lease::LeaseError;
use crate::coordination::renewal::RenewalLimits;
use crate::coordination::stop::{JobStop, StopReason};

/// Leave to write for one job.
#[derive(Debug)]
pub struct JobFence {
    lease: Arc<JobLease>,
    stop: JobStop,
    limits: RenewalLimits,
    /// Whether the log says that the job is held up.
    said: AtomicBool,
}

impl JobFence {
    /// The fence of the job that `lease` holds. Losing the job throws `stop`.
    pub(crate) fn new(lease: Arc<JobLease>, stop: JobStop, limits: RenewalLimits) -> Self {
        Self {
            lease,
            stop,
            limits,
            said: AtomicBool::new(false),
        }
    }

    /// Several requests wait for the same renewal.
    fn say_once(&self, say: impl FnOnce()) {
        if !self.said.swap(true, Relaxed) {
            say();
        }
    }

    async fn wait_for_renewal(&self, limit: std::time::Duration) -> Result<(), WriteRefused> {
        let renewal = self.lease.renewal();
        if renewal.age() > limit {
            self.say_once(|| {
                warn!(
                    sync_job.id = self.lease.id(),
                    age_ms = u64::try_from(renewal.age().as_millis()).unwrap_or(u64::MAX),
                    "the job could not be renewed for too long; nothing is written until it is"
                );
            });
            let stopped = self.stop.token();
            if stopped.run_until_cancelled(renewal.younger_than(limit)).await.is_none() {
                return Err(self.refusal());
            }
            self.said.store(false, Relaxed);
        }
        // A loss is noticed before the sync is told of it; nothing may slip out in between.
        match self.stop.reason() {
            Some(StopReason::Lost(_) | StopReason::Failed(_)) => Err(self.refusal()),
            _ => Ok(()),
        }
    }

    /// Renews the job unless that has just been done. A fault only means that the deletion waits for the next renewal.
    async fn renew(&self) -> Result<(), WriteRefused> {
        if self.lease.renewal().age() <= self.limits.delete {
            return Ok(());
        }
        let alive = json!({ "last_seen": Utc::now().to_rfc3339() });
        match self.lease.write(&alive, Refresh::None).await {
            Ok(()) => Ok(()),
            Err(LeaseError::Lost(reason)) => {
                self.stop.stop(StopReason::Lost(reason));
                Err(self.refusal())
            }
            Err(LeaseError::Elasticsearch(error)) => {
                debug!(error = %error, "could not renew the job before a deletion; waiting for the next renewal");
                Ok(())
            }
        }
    }

    fn refusal(&self) -> WriteRefused {
        let why = match self.stop.reason() {
            Some(StopReason::Lost(reason) | StopReason::Failed(reason)) => reason,
            Some(StopReason::Canceled) => "it is being canceled".to_owned(),
            Some(StopReason::Shutdown) => "the service is going down".to_owned(),
            None => "it was stopped".to_owned(),
        };
        WriteRefused(why)
    }
}

impl WriteFence for JobFence {
    fn before_write(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(self.wait_for_renewal(self.limits.write))
    }

    fn before_delete(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(async {
            self.renew().await?;
            self.wait_for_renewal(self.limits.delete).await
        })
    }
}
