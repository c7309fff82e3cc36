//! Runs one job from claim to end and leaves its records true, whatever happens in between: the table of contents.
//!
//! Claim and lock are in `job_start`. The sync is put together in `content_job` and `access_control_runner`, kept alive in `job_heartbeat`, and its end is
//! written in `job_ending`. Finding jobs is left to `worker`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use elastic_client::ElasticClient;
use sync_engine::sync::Progress;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, info_span};

use super::job_end::{JobEnd, RunJobError};
use super::job_events::{ended, started};
use super::job_fence::JobFence;
use super::job_lease::JobLease;
use super::job_report::JobReport;
use super::job_start::{self, Start};
use crate::config::{BulkConfig, ConnectorEntry, ExtractionServiceConfig, JiraLimits};
use crate::coordination::renewal::RenewalLimits;
use crate::coordination::stop::JobStop;
use crate::inbound::source::field_definitions::SERVICE_TYPE;

/// Everything that running a job needs besides the job.
#[derive(Debug, Clone)]
pub struct JobRunner {
    /// The client for connector records and jobs.
    pub client: ElasticClient,
    /// The connector that the job belongs to, as `config.yml` names it.
    pub connector: ConnectorEntry,
    /// Limits of the writing side.
    pub bulk: BulkConfig,
    /// Limits of the reading side.
    pub jira: JiraLimits,
    /// Largest file whose content is fetched, in bytes.
    pub max_file_size: u64,
    /// The extraction service, when there is one.
    pub extraction_service: Option<ExtractionServiceConfig>,
    /// Other workers take a job over after this time without a sign of life.
    pub idle_job_timeout: Duration,
    /// Name of this worker.
    pub worker: String,
}

impl JobRunner {
    /// Claims and runs a job. `progress` is shared with whoever shows it.
    pub async fn run(
        &self,
        job_id: &str,
        progress: &Arc<Progress>,
        shutdown: &CancellationToken,
    ) -> Result<JobEnd, RunJobError> {
        let connector_id = self.connector.connector_id.as_str();
        let span = info_span!(
            "job",
            sync_job.id = job_id,
            connector.id = connector_id,
            connector.service_type = SERVICE_TYPE,
            index.name = tracing::field::Empty
        );
        self.claim_and_run(job_id, progress, shutdown).instrument(span).await
    }

    async fn claim_and_run(
        &self,
        job_id: &str,
        progress: &Arc<Progress>,
        shutdown: &CancellationToken,
    ) -> Result<JobEnd, RunJobError> {
        let connector_id = self.connector.connector_id.as_str();
        let Some(job) = self.client.sync_jobs().get(job_id).await? else {
            return Ok(JobEnd::NotStarted("it does not exist any more".into()));
        };
        if let Some(index) = &job.value.connector.index_name {
            Span::current().record("index.name", index);
        }
        let began = Instant::now();
        let (lease, job, unlocked) = match job_start::start(&self.client, connector_id, &job, &self.worker).await? {
            Start::Locked(lease, job) => (lease, job, None),
            Start::Unlocked(lease, job, why) => (lease, job, Some(why)),
            Start::NotStarted(reason) => return Ok(JobEnd::NotStarted(reason)),
        };
        let lease: Arc<JobLease> = Arc::from(lease);
        let stop = JobStop::new(shutdown);
        let limits = RenewalLimits::for_idle_after(self.idle_job_timeout);
        let fence = Arc::new(JobFence::new(Arc::clone(&lease), stop.clone(), limits));
        let report = JobReport::new(&job, Arc::clone(progress), limits.report);
        started(&job);
        let (end, cursor) = match unlocked {
            None => self.run_claimed(&lease, &job, &report, &stop, fence).await,
            Some(why) => (JobEnd::Failed(why), None),
        };
        let (end, failure) = match self.record_end(&lease, &job, end.clone(), cursor, &report).await {
            Ok(end) => (end, None),
            Err(error) => (end, Some(error)),
        };
        ended(&job, &end, began.elapsed(), &report);
        failure.map_or(Ok(end), Err)
    }
}
