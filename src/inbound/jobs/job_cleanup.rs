//! Repairs what dead workers and deleted connectors leave behind: idle jobs, orphaned jobs, locks without a job.
//!
//! Every repair is conditional, so that a worker which comes back to life at that very moment keeps its job.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::Utc;
use elastic_client::{ElasticError, JobFilter, JobStatus, Refresh, SyncJobRecord, Updated, Versioned};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::{info, warn};

use super::connector_lock::{self, LockKind};
use super::job_state::{after_idle, after_orphaned};
use super::last_sync::{self, LastSync};
use crate::coordination::idle_jobs::{IdleWatch, Sighting, Silence};
use crate::coordination::modify::{Decision, Modified, modify};
use crate::coordination::presence::Presence;
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
    presence: &'static Presence,
    /// Locks that had no running job behind them at the last look. Elastic's service locks before it claims, so one
    /// look is not enough.
    suspects: HashSet<(String, LockKind)>,
}

impl<S: SyncRecords> JobCleanup<S> {
    /// Jobs count as idle when nobody renewed their record for `idle_after`, on the clocks of those who watched.
    pub fn new(records: S, idle_after: Duration) -> Self {
        Self {
            records,
            idle: IdleWatch::new(idle_after),
            presence: Presence::of_this_process(),
            suspects: HashSet::new(),
        }
    }

    /// The time between two looks for dead workers.
    pub fn interval(&self) -> Duration {
        self.idle.interval()
    }

    /// Repairs the running jobs of these connectors whose worker is gone: at once when its process ran on this machine
    /// and is dead, else after a long silence. Whether any of them waits again.
    pub async fn repair_dead(&mut self, connector_ids: &[String]) -> Result<bool, ElasticError> {
        let filter = JobFilter {
            connector_ids: Some(connector_ids.to_vec()),
            statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
            size: MOST_JOBS,
            ..JobFilter::default()
        };
        let running = self.records.job_records().list(&filter).await?;
        let seen = running.iter().map(|job| Sighting {
            id: &job.id,
            seq_no: job.seq_no,
            noted: noted_silence(&job.value),
        });
        let silent = self.idle.silent(seen, Instant::now());
        let (mut waits_again, mut result) = (false, Ok(()));
        for job in &running {
            let mark = job.value.metadata.claimed_by.as_deref();
            let is_dead = mark.is_some_and(|mark| self.presence.is_gone(mark));
            let repaired = match silent.get(&job.id) {
                _ if is_dead => self.repair(job).await,
                Some(Silence::TooLong) => self.repair(job).await,
                Some(Silence::Note(in_all)) => self.note(job, *in_all).await.map(|()| false),
                None => Ok(false),
            };
            // What cannot be repaired must not keep the rest from being repaired.
            waits_again |= *repaired.as_ref().unwrap_or(&false);
            result = result.and(repaired.map(drop));
        }
        result.map(|()| waits_again)
    }

    /// Looks once at the locks of these connectors, and at all jobs of this service type for orphans.
    pub async fn pass(&mut self, connector_ids: &[String]) -> Result<(), ElasticError> {
        let orphans = self.end_orphans().await;
        let locks = self.free_locks(connector_ids).await;
        orphans.and(locks)
    }

    /// Lets the next process go on counting where this one may end.
    async fn note(&mut self, job: &Versioned<SyncJobRecord>, silence: Duration) -> Result<(), ElasticError> {
        let note =
            json!({ "metadata": { "silent_seconds": silence.as_secs(), "silent_since": last_seen(&job.value) } });
        if let Some(version) = self.write(job, &note).await? {
            self.idle.noted(&job.id, version.seq_no, Instant::now());
        }
        Ok(())
    }

    /// Whether the job waits again.
    async fn repair(&self, job: &Versioned<SyncJobRecord>) -> Result<bool, ElasticError> {
        let record = &job.value;
        let recoveries = record.metadata.recoveries.unwrap_or(0) + 1;
        let worker = record.worker_hostname.as_deref().unwrap_or("unknown");
        let Some(before) = &record.status else { return Ok(false) };
        let status = after_idle(before, recoveries);
        let error = (status == JobStatus::Error).then(|| {
            format!(
                "the job lost its worker {recoveries} times, the last one was {worker}; look at that worker's log and \
                 memory limit, then start the sync again"
            )
        });
        let doc = ending(&status, error.as_deref(), json!({ "recoveries": recoveries }));
        let ended_at = Utc::now();
        if self.write(job, &doc).await?.is_none() {
            info!(sync_job.id = job.id, "an idle job came back to life");
            return Ok(false);
        }
        warn!(
            sync_job.id = job.id,
            worker,
            status = status.as_str(),
            "repaired a job whose worker is gone"
        );
        let waits_again = status == JobStatus::Suspended;
        if let Some(connector_id) = record.connector.id.as_deref() {
            let ended = LastSync {
                job_id: &job.id,
                kind: LockKind::of(record.job_type.as_ref()),
                status,
                error: error.as_deref(),
                counts: Some(last_sync::counts_of(record)),
                cursor: None,
                ended_at,
            };
            last_sync::record(&self.records, connector_id, &ended).await?;
        }
        Ok(waits_again)
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
            if self.write(&job, &doc).await?.is_some() {
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

    /// The version of what was written; none when the job was not as it was read any more.
    async fn write(&self, job: &Versioned<SyncJobRecord>, doc: &Value) -> Result<Option<Updated>, ElasticError> {
        let jobs = self.records.job_records();
        let written = modify(&jobs, &job.id, Refresh::WaitFor, |now| {
            if now.version() == job.version() {
                Decision::Write(doc.clone(), true)
            } else {
                Decision::Leave(false)
            }
        });
        Ok(match written.await? {
            Modified::Done(true, version) => Some(version),
            Modified::Done(false, _) | Modified::Missing | Modified::Contended => None,
        })
    }
}

/// The last sign of life of its worker, as it stands in the record.
fn last_seen(job: &SyncJobRecord) -> &str {
    job.raw.get("last_seen").and_then(Value::as_str).unwrap_or_default()
}

/// The silence that was noted since then.
fn noted_silence(job: &SyncJobRecord) -> Duration {
    let is_noted = job.metadata.silent_since.as_deref() == Some(last_seen(job));
    Duration::from_secs(job.metadata.silent_seconds.filter(|_| is_noted).unwrap_or(0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::records::memory::MemorySyncRecords;

    const IDLE_AFTER: Duration = Duration::from_secs(300);

    fn running(mark: &str) -> MemorySyncRecords {
        let records = MemorySyncRecords::new();
        let metadata = json!({ "claimed_by": mark });
        let connector = json!({ "id": "c" });
        records.jobs.put(
            "j",
            json!({ "status": "in_progress", "last_seen": "then", "connector": connector, "metadata": metadata }),
        );
        records.connectors.put(
            "c",
            json!({ "last_sync_status": "in_progress", "running_sync_job_id": "j" }),
        );
        records
    }

    fn status(records: &MemorySyncRecords) -> Value {
        records.jobs.document("j").unwrap()["status"].clone()
    }

    /// Looks for as long as a process lives. Whether it repaired the job.
    async fn live(records: &MemorySyncRecords, seconds: u64) -> bool {
        let mut cleanup = JobCleanup::new(records.clone(), IDLE_AFTER);
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            if cleanup.repair_dead(&["c".to_owned()]).await.unwrap() {
                return true;
            }
            tokio::time::sleep(cleanup.interval()).await;
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_job_is_repaired_when_its_worker_is_killed_and_started_again_every_30_seconds() {
        let records = running("elsewhere/-/s/c");
        let mut lives = 0;
        while !live(&records, 30).await {
            lives += 1;
            assert!(lives < 25, "nobody notices");
        }
        assert_eq!(status(&records), "suspended");
        assert_eq!(
            records.connectors.document("c").unwrap()["last_sync_status"],
            "suspended"
        );
        assert!(lives >= 9, "300 s cannot have passed after {lives} lives");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_is_renewed_is_not_repaired_however_often_others_look() {
        let records = running("elsewhere/-/s/c");
        for turn in 0..100 {
            assert!(!live(&records, 20).await);
            records.jobs.merge("j", &json!({ "last_seen": format!("turn {turn}") }));
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_started_again_takes_the_job_of_its_dead_process_back_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Presence::in_folder(folder.path().to_owned());
        let died = start();
        let records = running(&died.mark("host"));
        let mut cleanup = JobCleanup::new(records.clone(), IDLE_AFTER);
        cleanup.presence = Box::leak(Box::new(start()));
        assert!(
            !cleanup.repair_dead(&["c".to_owned()]).await.unwrap(),
            "it lives, under the same name"
        );
        drop(died);
        assert!(cleanup.repair_dead(&["c".to_owned()]).await.unwrap());
        assert_eq!(status(&records), "suspended");
    }
}
