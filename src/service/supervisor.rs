//! The loop of the service: looks after its connectors, finds their jobs, runs them, and stops cleanly.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use elastic_client::{ElasticClient, ElasticError, JobFilter, JobStatus};
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::clients::elastic_client;
use super::job_cleanup::JobCleanup;
use super::job_runner::{JobEnd, JobRunner, RunJobError};
use super::preflight::{PreflightError, preflight};
use super::registration::{self, Readiness};
use crate::config::{Config, ConnectorEntry};
use crate::source::field_definitions::SERVICE_TYPE;
use crate::sync::Progress;

/// How long running jobs have to suspend themselves when the service goes down.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(7);

/// The running service.
#[derive(Debug)]
pub struct Supervisor {
    config: Config,
    client: ElasticClient,
    worker: String,
}

/// Why the service could not start or go on.
#[derive(Debug, Error)]
pub enum SupervisorError {
    /// Nothing to do.
    #[error(
        "{path} names no connectors: add an entry under connectors, as `jira-connector connector create` prints it"
    )]
    NoConnectors {
        /// The configuration file.
        path: String,
    },
    /// None of the connectors exists: a mistake in the file or another cluster, rather than something to wait for.
    #[error(
        "Elasticsearch has none of the connectors that {path} names ({ids}): correct connector_id, or create one with \
         `jira-connector connector create`"
    )]
    NoSuchConnectors {
        /// The configuration file.
        path: String,
        /// The ids it names.
        ids: String,
    },
    /// Elasticsearch is not usable.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The client could not be made.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Too many passes failed.
    #[error(
        "{count} passes failed within {} s (service.max_errors, service.max_errors_span); the last error: {last}",
        span.as_secs()
    )]
    TooManyErrors {
        /// How many.
        count: usize,
        /// Within which time.
        span: Duration,
        /// The last one.
        last: ElasticError,
    },
}

type RunningJob = (String, String, Result<JobEnd, RunJobError>);

impl Supervisor {
    /// Checks what can be checked without Elasticsearch. `worker` names this process in job records.
    pub fn new(config: Config, worker: String) -> Result<Self, SupervisorError> {
        let mut config = config;
        // Loading warned about these; they belong to other services.
        let ours = |entry: &ConnectorEntry| entry.service_type.as_deref().is_none_or(|given| given == SERVICE_TYPE);
        config.connectors.retain(ours);
        if config.connectors.is_empty() {
            return Err(SupervisorError::NoConnectors {
                path: config.path.display().to_string(),
            });
        }
        let client = elastic_client(&config.elasticsearch)?;
        Ok(Self { config, client, worker })
    }

    /// Runs until `shutdown` is cancelled. Running jobs are suspended then.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), SupervisorError> {
        let ready = preflight(&self.client, &self.config.elasticsearch, &self.config.service);
        match shutdown.run_until_cancelled(ready).await {
            Some(result) => drop(result?),
            None => return Ok(()),
        }
        self.require_a_connector().await?;
        info!(
            connectors = self.config.connectors.len(),
            worker = self.worker,
            "the service is running"
        );
        let mut jobs = JoinSet::new();
        let result = self.run_passes(&shutdown, &mut jobs).await;
        self.wind_down(&shutdown, jobs).await;
        result
    }

    /// One missing connector of several is only warned about: it must not stop the others.
    async fn require_a_connector(&self) -> Result<(), SupervisorError> {
        for entry in &self.config.connectors {
            if self.client.connectors().get(&entry.connector_id).await?.is_some() {
                return Ok(());
            }
        }
        let ids: Vec<&str> = self
            .config
            .connectors
            .iter()
            .map(|entry| entry.connector_id.as_str())
            .collect();
        Err(SupervisorError::NoSuchConnectors {
            path: self.config.path.display().to_string(),
            ids: ids.join(", "),
        })
    }

    async fn run_passes(
        &self,
        shutdown: &CancellationToken,
        jobs: &mut JoinSet<RunningJob>,
    ) -> Result<(), SupervisorError> {
        let service = &self.config.service;
        let mut busy = HashSet::new();
        let mut failures: Vec<Instant> = Vec::new();
        let ids = self
            .config
            .connectors
            .iter()
            .map(|entry| entry.connector_id.clone())
            .collect();
        let mut cleanup = JobCleanup::new(self.client.clone(), ids, service.idle_job_timeout);
        let mut next_cleanup = Instant::now();
        // Idleness is judged by what was seen before, so looking often costs little and notices soon.
        let cleanup_interval = service.job_cleanup_interval.min(service.idle_job_timeout / 4);
        while !shutdown.is_cancelled() {
            if Instant::now() >= next_cleanup {
                next_cleanup = Instant::now() + cleanup_interval;
                if let Err(error) = cleanup.pass().await {
                    warn!(error = %error, "could not look for idle jobs; trying again later");
                }
            }
            for entry in &self.config.connectors {
                if let Err(error) = self.look_after(entry, shutdown, jobs, &mut busy).await {
                    warn!(connector.id = entry.connector_id, error = %error, "a pass over the connector failed");
                    failures.retain(|at| at.elapsed() < service.max_errors_span);
                    failures.push(Instant::now());
                    if failures.len() > service.max_errors as usize {
                        let (count, span) = (failures.len(), service.max_errors_span);
                        return Err(SupervisorError::TooManyErrors {
                            count,
                            span,
                            last: error,
                        });
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                // A job that ended makes room for the next one, which should not have to wait.
                Some(ended) = jobs.join_next() => note_end(ended, &mut busy),
                () = tokio::time::sleep(service.idling) => {}
            }
        }
        Ok(())
    }

    async fn look_after(
        &self,
        entry: &ConnectorEntry,
        shutdown: &CancellationToken,
        jobs: &mut JoinSet<RunningJob>,
        busy: &mut HashSet<String>,
    ) -> Result<(), ElasticError> {
        let readiness = registration::pass(&self.client, entry, self.config.service.heartbeat).await?;
        let room = jobs.len() < self.config.service.max_concurrent_content_syncs.max(1);
        if readiness == Readiness::NotOurs || !room || busy.contains(&entry.connector_id) {
            return Ok(());
        }
        let waiting = JobFilter {
            connector_ids: Some(vec![entry.connector_id.clone()]),
            statuses: Some(vec![JobStatus::Pending, JobStatus::Suspended]),
            // Jobs of a type that this version lacks are taken too: an error that says so beats waiting for ever.
            size: 1,
            ..JobFilter::default()
        };
        if let Some(job) = self.client.sync_jobs().list(&waiting).await?.into_iter().next() {
            busy.insert(entry.connector_id.clone());
            jobs.spawn(run_job(self.runner(entry), job.id, shutdown.clone()));
        }
        Ok(())
    }

    fn runner(&self, entry: &ConnectorEntry) -> JobRunner {
        JobRunner {
            client: self.client.clone(),
            connector: entry.clone(),
            bulk: self.config.elasticsearch.bulk.clone(),
            jira: self.config.jira.clone(),
            max_file_size: self.config.service.max_file_download_size,
            idle_job_timeout: self.config.service.idle_job_timeout,
            worker: self.worker.clone(),
        }
    }

    async fn wind_down(&self, shutdown: &CancellationToken, mut jobs: JoinSet<RunningJob>) {
        shutdown.cancel();
        let mut busy = HashSet::new();
        let all_ended = async {
            while let Some(ended) = jobs.join_next().await {
                note_end(ended, &mut busy);
            }
        };
        if tokio::time::timeout(SHUTDOWN_GRACE, all_ended).await.is_err() {
            error!("some jobs could not be suspended in time; another worker takes them over when they are idle");
        }
        info!("the service has stopped");
    }
}

async fn run_job(runner: JobRunner, job_id: String, shutdown: CancellationToken) -> RunningJob {
    let progress = Arc::new(Progress::default());
    let result = runner.run(&job_id, &progress, &shutdown).await;
    (runner.connector.connector_id, job_id, result)
}

fn note_end(ended: Result<RunningJob, tokio::task::JoinError>, busy: &mut HashSet<String>) {
    match ended {
        Ok((connector_id, job_id, result)) => {
            busy.remove(&connector_id);
            match result {
                Ok(JobEnd::NotStarted(reason)) => info!(sync_job.id = job_id, reason, "did not start the job"),
                Ok(_) => {}
                Err(error) => error!(sync_job.id = job_id, error = %error, "could not run or record the job"),
            }
        }
        Err(error) => {
            // Which job it was cannot be told; its record is repaired once it is idle.
            busy.clear();
            error!(error = %error, "a job's task ended unexpectedly");
        }
    }
}
