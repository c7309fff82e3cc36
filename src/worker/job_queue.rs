//! Finds jobs that wait, and runs as many at a time as the configuration allows. There is one queue for content syncs
//! and one for access control syncs.
//!
//! It decides which job runs; `job_runner` runs it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use elastic_client::{ElasticError, JobFilter, JobStatus, SyncJobRecord, Versioned};
use sync_engine::sync::Progress;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tracing::{error, info};

use super::shared::Worker;
use crate::config::ConnectorEntry;
use crate::inbound::jobs::connector_lock::LockKind;
use crate::inbound::jobs::job_end::{JobEnd, RunJobError};
use crate::inbound::jobs::job_runner::JobRunner;

/// Running jobs suspend themselves within this time when the service goes down.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(7);
/// Connectors with waiting jobs that one look finds.
const MOST_CONNECTORS: usize = 1_000;

/// The jobs of one kind that wait and run.
pub(crate) struct JobQueue<'w> {
    worker: &'w Worker,
    kind: LockKind,
    slots: usize,
    running: JoinSet<Result<JobEnd, RunJobError>>,
    /// Connector and job of each running task.
    tasks: HashMap<Id, (String, String)>,
    /// Connectors whose jobs could not be started, and until when they are left alone.
    resting: HashMap<String, Instant>,
    /// By connector, the job that did not start and why, as the log says already.
    said: HashMap<String, (String, String)>,
}

impl<'w> JobQueue<'w> {
    pub(crate) fn new(worker: &'w Worker, kind: LockKind) -> Self {
        let service = &worker.config.service;
        let slots = match kind {
            LockKind::Content => service.max_concurrent_content_syncs,
            LockKind::AccessControl => service.max_concurrent_access_control_syncs,
        };
        Self {
            worker,
            kind,
            slots: slots.max(1),
            running: JoinSet::new(),
            tasks: HashMap::new(),
            resting: HashMap::new(),
            said: HashMap::new(),
        }
    }

    /// Runs until the service goes down, and until its jobs have suspended themselves.
    pub(crate) async fn run(mut self) {
        let worker = self.worker;
        let stop = worker.stop.clone();
        let new_job = self.new_job();
        let name = match self.kind {
            LockKind::Content => "content_jobs",
            LockKind::AccessControl => "access_control_jobs",
        };
        while !stop.is_cancelled() {
            worker.health.turned(name, worker.config.service.idling);
            if let Some(Err(error)) = stop.run_until_cancelled(self.start_jobs()).await {
                worker.failed("looking for jobs", None, error);
            }
            tokio::select! {
                () = stop.cancelled() => {}
                // A job that ended makes room for the next one, which should not have to wait.
                Some(ended) = self.running.join_next_with_id() => self.note_end(ended),
                () = new_job.notified() => {}
                () = tokio::time::sleep(worker.config.service.idling) => {}
            }
        }
        self.wind_down().await;
    }

    fn new_job(&self) -> &'w Notify {
        match self.kind {
            LockKind::Content => &self.worker.new_content_job,
            LockKind::AccessControl => &self.worker.new_access_control_job,
        }
    }

    /// Starts the oldest waiting job of each connector that has none running here, while there is room.
    async fn start_jobs(&mut self) -> Result<(), ElasticError> {
        if self.running.len() >= self.slots {
            return Ok(());
        }
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let entries: Vec<ConnectorEntry> = self
            .worker
            .served
            .current()
            .await?
            .iter()
            .map(|connector| connector.entry.clone())
            .filter(|entry| self.is_free(&entry.connector_id))
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        for job in self.waiting(&entries).await? {
            let connector_id = job.value.connector.id.unwrap_or_default();
            let entry = entries.iter().find(|entry| entry.connector_id == connector_id);
            if let Some(entry) = entry
                && self.running.len() < self.slots
            {
                self.start(entry, job.id);
            }
        }
        Ok(())
    }

    fn is_free(&self, connector_id: &str) -> bool {
        let is_busy = self.tasks.values().any(|(busy, _)| busy == connector_id);
        !is_busy && !self.resting.contains_key(connector_id)
    }

    async fn waiting(&self, entries: &[ConnectorEntry]) -> Result<Vec<Versioned<SyncJobRecord>>, ElasticError> {
        let ids = entries.iter().map(|entry| entry.connector_id.clone()).collect();
        let waiting = JobFilter {
            connector_ids: Some(ids),
            statuses: Some(vec![JobStatus::Pending, JobStatus::Suspended]),
            job_types: Some(self.kind.job_types()),
            oldest_of_each_connector: true,
            size: MOST_CONNECTORS,
            ..JobFilter::default()
        };
        self.worker.client.sync_jobs().list(&waiting).await
    }

    fn start(&mut self, entry: &ConnectorEntry, job_id: String) {
        let (config, stop) = (&self.worker.config, self.worker.stop.clone());
        let runner = JobRunner {
            client: self.worker.client.clone(),
            connector: entry.clone(),
            bulk: config.elasticsearch.bulk.clone(),
            jira: config.jira.clone(),
            max_file_size: config.service.max_file_download_size,
            extraction_service: config.extraction_service.clone(),
            idle_job_timeout: config.service.idle_job_timeout,
            worker: self.worker.name.clone(),
        };
        let id = job_id.clone();
        let task = self.running.spawn(async move {
            let progress = Arc::new(Progress::default());
            runner.run(&id, &progress, &stop).await
        });
        self.tasks.insert(task.id(), (entry.connector_id.clone(), job_id));
    }

    fn note_end(&mut self, ended: Result<(Id, Result<JobEnd, RunJobError>), JoinError>) {
        let task = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let (connector_id, job_id) = self.tasks.remove(&task).unwrap_or_default();
        let rest = match ended {
            Ok((_, Ok(JobEnd::NotStarted(reason)))) => {
                let why = (job_id, reason);
                if self.said.get(&connector_id) != Some(&why) {
                    info!(
                        sync_job.id = why.0,
                        reason = why.1,
                        "did not start the job; trying again"
                    );
                    self.said.insert(connector_id.clone(), why);
                }
                true
            }
            Ok((_, Ok(_))) => false,
            Ok((_, Err(error))) => {
                error!(sync_job.id = job_id, error = %error, "could not run or record the job");
                true
            }
            Err(error) => {
                error!(sync_job.id = job_id, error = %error, "a job's task ended unexpectedly");
                true
            }
        };
        if rest {
            // Asking again at once would get the same answer.
            let until = Instant::now() + self.worker.config.service.idling;
            self.resting.insert(connector_id, until);
        }
    }

    async fn wind_down(mut self) {
        let all_ended = async {
            while let Some(ended) = self.running.join_next_with_id().await {
                self.note_end(ended);
            }
        };
        if tokio::time::timeout(SHUTDOWN_GRACE, all_ended).await.is_err() {
            error!("some jobs could not be suspended in time; another worker takes them over when they are idle");
        }
    }
}
