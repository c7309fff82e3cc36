//! Repairs jobs whose worker is gone: idle ones go on elsewhere, those being canceled end.
//!
//! Idle means that nobody wrote the job's record for a while on this worker's own clock, so clocks of machines need
//! not agree.

use std::collections::HashMap;
use std::time::Duration;

use chrono::Utc;
use elastic_client::{ElasticClient, ElasticError, JobFilter, JobStatus, JobType, Refresh, SyncJobRecord, Versioned};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use super::connector_lock::{self, LastSync};

/// A job that lost its worker this often has something wrong with it.
const MAX_RECOVERIES: u64 = 3;

/// Watches the running jobs of some connectors.
#[derive(Debug)]
pub struct JobCleanup {
    client: ElasticClient,
    connector_ids: Vec<String>,
    idle_after: Duration,
    last_change: HashMap<String, (u64, Instant)>,
}

impl JobCleanup {
    /// Jobs count as idle when their record did not change for `idle_after`.
    pub fn new(client: ElasticClient, connector_ids: Vec<String>, idle_after: Duration) -> Self {
        Self {
            client,
            connector_ids,
            idle_after,
            last_change: HashMap::new(),
        }
    }

    /// Looks at all running jobs once.
    pub async fn pass(&mut self) -> Result<(), ElasticError> {
        let filter = JobFilter {
            connector_ids: Some(self.connector_ids.clone()),
            statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
            ..JobFilter::default()
        };
        let running = self.client.sync_jobs().list(&filter).await?;
        self.last_change.retain(|id, _| running.iter().any(|job| job.id == *id));
        for job in running {
            let now = Instant::now();
            let (seq_no, since) = self.last_change.entry(job.id.clone()).or_insert((job.seq_no, now));
            if *seq_no != job.seq_no {
                (*seq_no, *since) = (job.seq_no, now);
            } else if since.elapsed() >= self.idle_after {
                self.last_change.remove(&job.id);
                self.repair(&job).await?;
            }
        }
        Ok(())
    }

    /// Conditional: a worker that comes back to life at this very moment keeps its job.
    async fn repair(&self, job: &Versioned<SyncJobRecord>) -> Result<(), ElasticError> {
        let record = &job.value;
        let recoveries = record.metadata.get("recoveries").and_then(Value::as_u64).unwrap_or(0) + 1;
        let worker = record.worker_hostname.as_deref().unwrap_or("unknown");
        let (status, error) = if record.status == Some(JobStatus::Canceling) {
            (JobStatus::Canceled, None)
        } else if recoveries > MAX_RECOVERIES {
            let text = format!(
                "the job lost its worker {recoveries} times, the last one was {worker}; look at that worker's log and \
                 memory limit, then start the sync again"
            );
            (JobStatus::Error, Some(text))
        } else {
            (JobStatus::Suspended, None)
        };
        let mut doc = json!({
            "status": status.as_str(),
            "error": error,
            "metadata": { "recoveries": recoveries },
        });
        if status.is_terminal() {
            doc["completed_at"] = Utc::now().to_rfc3339().into();
        }
        match self
            .client
            .sync_jobs()
            .update_if_unchanged(job, &doc, Refresh::WaitFor)
            .await
        {
            Ok(_) => {}
            Err(ElasticError::VersionConflict { .. }) => {
                info!(sync_job.id = job.id, "an idle job came back to life");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        warn!(
            sync_job.id = job.id,
            worker,
            status = status.as_str(),
            "repaired a job whose worker is gone"
        );
        let Some(connector_id) = record.connector.id.as_deref() else {
            return Ok(());
        };
        let count = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
        let ended = LastSync {
            access_control: record.job_type == Some(JobType::AccessControl),
            status,
            error: error.as_deref(),
            indexed: count(record.indexed_document_count),
            deleted: count(record.deleted_document_count),
            cursor: None,
        };
        connector_lock::release(&self.client, connector_id, &ended).await
    }
}
