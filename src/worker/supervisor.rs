//! The service as a whole: start-up checks, its loops side by side, and a clean end. Each loop is a module of its own.

use std::collections::BTreeSet;

use elastic_client::ElasticClient;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::failure_budget::FailureBudget;
use super::heartbeat;
use super::job_queue::JobQueue;
use super::preflight::preflight;
use super::scheduler;
use super::served_connectors::ServedConnectors;
use super::shared::Worker;
use super::supervisor_error::SupervisorError;
use crate::clients::elastic_client;
use crate::config::Config;
use crate::inbound::jobs::connector_lock::LockKind;
use crate::inbound::jobs::job_cleanup::JobCleanup;
use crate::inbound::text_extraction::ServiceExtractor;
use crate::telemetry::Health;

/// The duties of a service; one process may do a part of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Keep connector records in order and create the jobs of their schedules.
    Schedule,
    /// Run full and incremental syncs.
    SyncContent,
    /// Run access control syncs.
    SyncAccessControl,
    /// Repair jobs whose worker or connector is gone.
    Cleanup,
}

impl Action {
    /// Everything.
    pub const ALL: [Self; 4] = [
        Self::Schedule,
        Self::SyncContent,
        Self::SyncAccessControl,
        Self::Cleanup,
    ];
}

/// The running service.
#[derive(Debug)]
pub struct Supervisor {
    config: Config,
    client: ElasticClient,
    worker: String,
    actions: BTreeSet<Action>,
    health: Health,
}

impl Supervisor {
    /// Checks what can be checked without Elasticsearch. `worker` names this process in job records.
    pub fn new(config: Config, worker: String) -> Result<Self, SupervisorError> {
        let client = elastic_client(&config.elasticsearch)?;
        if ServedConnectors::new(client.clone(), &config).is_empty() && config.http.address.is_none() {
            return Err(SupervisorError::NoConnectors {
                path: config.path.display().to_string(),
            });
        }
        Ok(Self {
            config,
            client,
            worker,
            actions: BTreeSet::from(Action::ALL),
            health: Health::default(),
        })
    }

    /// Does these things only.
    #[must_use]
    pub fn with_actions(mut self, actions: impl IntoIterator<Item = Action>) -> Self {
        self.actions = actions.into_iter().collect();
        self
    }

    /// Reports there when the start-up checks are done and when its loops turn.
    #[must_use]
    pub fn with_health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Runs until `shutdown` is cancelled. Running jobs are suspended then.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), SupervisorError> {
        let ready = preflight(&self.client, &self.config.elasticsearch, &self.config.service);
        match shutdown.run_until_cancelled(ready).await {
            Some(result) => drop(result?),
            None => return Ok(()),
        }
        if let Some(service) = &self.config.extraction_service {
            let extractor = ServiceExtractor::new(service.clone(), 0);
            let there = async { extractor?.ping().await };
            // It is needed by connectors that ask for it, and may come later.
            match shutdown.run_until_cancelled(there).await {
                Some(Ok(())) => info!(host = %service.host, "the extraction service is there"),
                Some(Err(error)) => warn!(error = %error, "files will be tried again by later syncs"),
                None => return Ok(()),
            }
        }
        self.health.started();
        info!(
            connectors = self.config.connectors.len(),
            worker = self.worker,
            "the service is running"
        );
        let stop = shutdown.child_token();
        let service = &self.config.service;
        let worker = Worker {
            served: ServedConnectors::new(self.client.clone(), &self.config),
            failures: FailureBudget::new(service.max_errors, service.max_errors_span, stop.clone()),
            client: self.client,
            config: self.config,
            name: self.worker,
            health: self.health,
            stop,
            new_content_job: Notify::new(),
            new_access_control_job: Notify::new(),
        };
        let does = |action| self.actions.contains(&action);
        tokio::join!(
            heartbeat::run(&worker),
            only_if(does(Action::Schedule), scheduler::run(&worker)),
            only_if(
                does(Action::SyncContent),
                JobQueue::new(&worker, LockKind::Content).run()
            ),
            only_if(
                does(Action::SyncAccessControl),
                JobQueue::new(&worker, LockKind::AccessControl).run()
            ),
            only_if(does(Action::Cleanup), clean_up(&worker)),
        );
        info!("the service has stopped");
        worker.failures.into_result()
    }
}

async fn only_if(wanted: bool, doing: impl Future<Output = ()>) {
    if wanted {
        doing.await;
    }
}

async fn clean_up(worker: &Worker) {
    let service = &worker.config.service;
    let mut cleanup = JobCleanup::new(worker.client.clone(), service.idle_job_timeout);
    let interval = cleanup.interval().min(service.job_cleanup_interval);
    // What else there is to repair hurries less.
    let rest_interval = service.job_cleanup_interval.min(service.idle_job_timeout / 4);
    let mut next_rest = Instant::now();
    loop {
        worker.health.turned("cleanup", interval);
        let pass = async {
            let served = worker.served.current().await?;
            let ids: Vec<String> = served.iter().map(|connector| connector.record.id.clone()).collect();
            if cleanup.repair_dead(&ids).await? {
                worker.new_content_job.notify_one();
                worker.new_access_control_job.notify_one();
            }
            if Instant::now() >= next_rest {
                next_rest = Instant::now() + rest_interval;
                cleanup.pass(&ids).await?;
            }
            Ok(())
        };
        if let Some(Err(error)) = worker.stop.run_until_cancelled(pass).await {
            worker.failed("looking for jobs without a worker", None, error);
        }
        if !worker.pause(interval).await {
            return;
        }
    }
}
