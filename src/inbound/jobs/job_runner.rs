//! Runs one job from claim to end and leaves its records true, whatever happens in between: the table of contents.
//!
//! The sync is put together in `content_job` and `access_control_runner`, kept alive in `job_heartbeat`, and its end is
//! written in `job_ending`. Finding jobs is left to `worker`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use elastic_client::ElasticClient;
use sync_engine::sync::Progress;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, info_span};

use super::connector_lock::{self, Lock, LockKind};
use super::job_end::{JobEnd, RunJobError};
use super::job_events::{ended, started};
use super::job_fence::JobFence;
use super::job_lease::{self, Claim, JobLease};
use super::job_report::JobReport;
use crate::config::{BulkConfig, ConnectorEntry, ExtractionServiceConfig, JiraLimits};
use crate::coordination::lease::LeaseError;
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
        let kind = LockKind::of(job.value.job_type.as_ref());
        if let Some(other) = connector_lock::busy_with(&self.client, connector_id, job_id, kind).await? {
            return Ok(JobEnd::NotStarted(format!(
                "job {other} of the same connector is running"
            )));
        }
        let (lease, job) = match job_lease::claim(&self.client, job_id, &self.worker).await? {
            Claim::Claimed(lease, job) => (lease, job),
            Claim::NotClaimable(reason) => return Ok(JobEnd::NotStarted(reason)),
        };
        let lease: Arc<JobLease> = Arc::from(lease);
        let stop = JobStop::new(shutdown);
        let limits = RenewalLimits::for_idle_after(self.idle_job_timeout);
        let fence = Arc::new(JobFence::new(Arc::clone(&lease), stop.clone(), limits));
        let report = JobReport::new(&job, Arc::clone(progress), limits.report);
        let began = Instant::now();
        let (end, cursor) = match connector_lock::take(&self.client, connector_id, job_id, kind).await {
            Ok(Lock::Taken) => {
                started(&job);
                self.run_claimed(&lease, &job, &report, &stop, fence).await
            }
            Ok(Lock::Busy(other)) => {
                return match job_lease::give_back(&lease, &job).await {
                    Ok(()) | Err(LeaseError::Lost(_)) => Ok(JobEnd::NotStarted(format!(
                        "job {other} of the same connector is running"
                    ))),
                    Err(LeaseError::Elasticsearch(error)) => Err(error.into()),
                };
            }
            Ok(Lock::Missing) => {
                started(&job);
                let gone = "the connector of this job does not exist any more";
                (JobEnd::Failed(gone.into()), None)
            }
            Err(error) => {
                started(&job);
                (JobEnd::Failed(error.to_string()), None)
            }
        };
        let (end, failure) = match self.record_end(&lease, &job, end.clone(), cursor, &report).await {
            Ok(end) => (end, None),
            Err(error) => (end, Some(error)),
        };
        ended(&job, &end, began.elapsed(), &report);
        failure.map_or(Ok(end), Err)
    }
}
