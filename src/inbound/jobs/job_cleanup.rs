//! Repairs what dead workers and deleted connectors leave behind: idle jobs, orphaned jobs, locks without a job.
//!
//! Every repair is conditional, so that a worker which comes back to life at that very moment keeps its job.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::Utc;
use elastic_client::{ElasticError, JobFilter, JobStatus, Refresh, SyncJobRecord, Versioned};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use super::connector_lock::{self, LockKind};
use super::job_state::{after_idle, after_orphaned};
use super::last_sync::{self, LastSync};
use crate::coordination::idle_jobs::IdleWatch;
use crate::coordination::modify::{Decision, modify};
use crate::coordination::records::Records as _;
use crate::inbound::records::{JobRecords as _, SyncRecords};
use crate::inbound::source::field_definitions::SERVICE_TYPE;

/// More unfinished jobs than this are looked at in a later pass.
const MOST_JOBS: usize = 1_000;

/// Looks after the jobs of some connectors.
#[derive(Debug)]
pub struct JobCleanup<S> {
    records: S,
    idle: IdleWatch,
    /// Locks that had no running job behind them at the last look. Elastic's service locks before it claims, so one
    /// look is not enough.
    suspects: HashSet<(String, LockKind)>,
}

impl<S: SyncRecords> JobCleanup<S> {
    /// Jobs count as idle when their record did not change for `idle_after`, on this worker's own clock.
    pub fn new(records: S, idle_after: Duration) -> Self {
        Self {
            records,
            idle: IdleWatch::new(idle_after),
            suspects: HashSet::new(),
        }
    }

    /// Looks once at the jobs of these connectors, and at all jobs of this service type for orphans.
    pub async fn pass(&mut self, connector_ids: &[String]) -> Result<(), ElasticError> {
        // What cannot be repaired must not keep the rest from being repaired.
        let idle = self.repair_idle(connector_ids).await;
        let orphans = self.end_orphans().await;
        let locks = self.free_locks(connector_ids).await;
        idle.and(orphans).and(locks)
    }

    async fn repair_idle(&mut self, connector_ids: &[String]) -> Result<(), ElasticError> {
        let filter = JobFilter {
            connector_ids: Some(connector_ids.to_vec()),
            statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
            size: MOST_JOBS,
            ..JobFilter::default()
        };
        let running = self.records.job_records().list(&filter).await?;
        let seen = running.iter().map(|job| (job.id.as_str(), job.seq_no));
        let idle = self.idle.idle(seen, Instant::now());
        let mut result = Ok(());
        for job in running.iter().filter(|job| idle.contains(&job.id)) {
            result = result.and(self.repair(job).await);
        }
        result
    }

    async fn repair(&self, job: &Versioned<SyncJobRecord>) -> Result<(), ElasticError> {
        let record = &job.value;
        let recoveries = record.metadata.recoveries.unwrap_or(0) + 1;
        let worker = record.worker_hostname.as_deref().unwrap_or("unknown");
        let Some(before) = &record.status else { return Ok(()) };
        let status = after_idle(before, recoveries);
        let error = (status == JobStatus::Error).then(|| {
            format!(
                "the job lost its worker {recoveries} times, the last one was {worker}; look at that worker's log and \
                 memory limit, then start the sync again"
            )
        });
        let doc = ending(&status, error.as_deref(), json!({ "recoveries": recoveries }));
        let ended_at = Utc::now();
        if !self.write(job, &doc).await? {
            info!(sync_job.id = job.id, "an idle job came back to life");
            return Ok(());
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
        let ended = LastSync {
            job_id: &job.id,
            kind: LockKind::of(record.job_type.as_ref()),
            status,
            error: error.as_deref(),
            counts: Some(last_sync::counts_of(record)),
            cursor: None,
            ended_at,
        };
        last_sync::record(&self.records, connector_id, &ended).await
    }

    /// Nobody will ever run the jobs of a connector that is gone.
    async fn end_orphans(&self) -> Result<(), ElasticError> {
        let filter = JobFilter {
            service_types: Some(vec![SERVICE_TYPE.to_owned()]),
            statuses: Some(vec![
                JobStatus::Pending,
                JobStatus::Suspended,
                JobStatus::InProgress,
                JobStatus::Canceling,
            ]),
            size: MOST_JOBS,
            ..JobFilter::default()
        };
        let mut exists: HashMap<String, bool> = HashMap::new();
        for job in self.records.job_records().list(&filter).await? {
            let Some(connector_id) = job.value.connector.id.clone() else {
                continue;
            };
            let known = exists.get(&connector_id).copied();
            let is_there = match known {
                Some(is_there) => is_there,
                None => self.records.connector_records().get(&connector_id).await?.is_some(),
            };
            exists.insert(connector_id.clone(), is_there);
            let next = job.value.status.as_ref().and_then(after_orphaned);
            let (false, Some(status)) = (is_there, next) else {
                continue;
            };
            let text = format!("connector {connector_id} was deleted, so nothing runs its jobs any more");
            let doc = ending(&status, Some(&text), json!({}));
            if self.write(&job, &doc).await? {
                warn!(
                    sync_job.id = job.id,
                    connector.id = connector_id,
                    status = status.as_str(),
                    "ended a job whose connector is gone"
                );
            }
        }
        Ok(())
    }

    async fn free_locks(&mut self, connector_ids: &[String]) -> Result<(), ElasticError> {
        let mut suspects = HashSet::new();
        for id in connector_ids {
            let Some(connector) = self.records.connector_records().get(id).await? else {
                continue;
            };
            for kind in [LockKind::Content, LockKind::AccessControl] {
                let is_abandoned = kind.is_locked(&connector.value)
                    && connector_lock::running_holder(&self.records, &connector, kind, None)
                        .await?
                        .is_none();
                if !is_abandoned {
                    continue;
                }
                if !self.suspects.contains(&(id.clone(), kind)) {
                    suspects.insert((id.clone(), kind));
                } else if last_sync::free_abandoned(&self.records, id, kind).await? {
                    warn!(connector.id = id, "freed a connector whose job does not run any more");
                }
            }
        }
        self.suspects = suspects;
        Ok(())
    }

    /// Whether the job was still as it was read.
    async fn write(&self, job: &Versioned<SyncJobRecord>, doc: &Value) -> Result<bool, ElasticError> {
        let jobs = self.records.job_records();
        let written = modify(&jobs, &job.id, Refresh::WaitFor, |now| {
            if now.version() == job.version() {
                Decision::Write(doc.clone(), true)
            } else {
                Decision::Leave(false)
            }
        });
        Ok(written.await?.settled(&job.id)?.unwrap_or(false))
    }
}

fn ending(status: &JobStatus, error: Option<&str>, metadata: Value) -> Value {
    let mut doc = json!({ "status": status.as_str(), "error": error, "metadata": metadata });
    let now = Utc::now().to_rfc3339();
    if *status == JobStatus::Canceled {
        doc["canceled_at"] = now.clone().into();
    }
    if status.is_terminal() {
        doc["completed_at"] = now.into();
    }
    doc
}
