//! Runs one job from claim to end and leaves its records true, whatever happens in between.
//!
//! Finding jobs is left to `supervisor`; what a sync does to `sync`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use elastic_client::index_names::{content_of, identities_of};
use elastic_client::{ElasticClient, ElasticError, JobStatus, JobType, Refresh, SyncJobRecord};
use serde_json::Value;
use sync_engine::sync::{ContentSync, Progress, SyncCursor, SyncError, SyncSummary, WriteFence};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, error, info, info_span, warn};

use super::access_control_job::AccessControlError;
use super::connector_lock::{self, Lock, LockKind};
use super::job_fence::JobFence;
use super::job_lease::{self, Claim, JobLease};
use super::job_report::{self, JobReport, WatchedConnector};
use super::job_setup::{JobSetup, SetupError};
use super::job_state::end_of;
use super::last_sync::{self, LastSync};
use super::takeover::{self, TakeoverError};
use crate::clients::{USER_AGENT, client_for_connector};
use crate::config::{BulkConfig, ConnectorEntry, ExtractionServiceConfig, JiraLimits};
use crate::coordination::lease::LeaseError;
use crate::coordination::renewal::RenewalLimits;
use crate::coordination::stop::{JobStop, StopReason};
use crate::inbound::sink::{
    Claimant, ContentIndex, IdentityIndex, IndexSink, PrepareError, Prepared, SinkOptions, Target,
};
use crate::inbound::source::field_definitions::SERVICE_TYPE;
use crate::inbound::source::{FileExtraction, JiraSource, Login, LoginError};
use crate::telemetry::{JobEnded, JobStarted};

/// Counting the documents may hold up the end of a job for this long; nobody renews the job meanwhile.
const COUNT_LIMIT: Duration = Duration::from_secs(20);

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

/// The end of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Everything was done.
    Completed,
    /// It failed; the text says why.
    Failed(String),
    /// It was canceled on request.
    Canceled,
    /// The service went down; it goes on later.
    Suspended,
    /// Another worker has it, or its record is gone: nothing was recorded by us.
    Lost(String),
    /// It was not started: someone else has it, or the connector is busy.
    NotStarted(String),
}

/// Elasticsearch did not let us run the job or record its end.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct RunJobError(#[from] ElasticError);

/// The reason why a job that was started failed.
#[derive(Debug, Error)]
pub(crate) enum JobFailure {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    #[error(transparent)]
    Index(#[from] PrepareError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    AccessControl(#[from] AccessControlError),
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
    #[error("this version runs full, incremental and access control syncs, and this is a job of type {0}")]
    UnsupportedType(String),
    #[error("the ingest pipeline \"{0}\" does not exist: create it, or choose another in the connector's settings")]
    NoPipeline(String),
}

/// A sync that ended waits this long for Elasticsearch's last answers.
pub(crate) fn patience(reason: Option<StopReason>) -> Duration {
    match reason {
        // A service that is told to stop has seven seconds in all.
        Some(StopReason::Shutdown) => Duration::from_secs(5),
        Some(StopReason::Lost(_)) => Duration::ZERO,
        Some(StopReason::Canceled | StopReason::Failed(_)) | None => Duration::from_secs(30),
    }
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

    /// The sync and its heartbeat side by side; the sync ends first, in whatever way.
    async fn run_claimed(
        &self,
        lease: &JobLease,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> (JobEnd, Option<SyncCursor>) {
        let heartbeat = async {
            let connector = WatchedConnector {
                client: &self.client,
                id: &self.connector.connector_id,
            };
            report.keep_alive(lease, &connector, stop).await;
            // It only returns after it stopped the job; the sync has to notice that.
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = self.work(job, report, stop, fence) => result,
            () = heartbeat => unreachable!("the heartbeat never ends by itself"),
        };
        let end = match (result, stop.reason()) {
            (Ok(cursor), _) => return (JobEnd::Completed, cursor),
            (Err(_), Some(StopReason::Canceled)) => JobEnd::Canceled,
            (Err(_), Some(StopReason::Shutdown)) => JobEnd::Suspended,
            (Err(_), Some(StopReason::Lost(reason))) => JobEnd::Lost(reason),
            (Err(_), Some(StopReason::Failed(reason))) => JobEnd::Failed(reason),
            (Err(failure), None) => JobEnd::Failed(failure.to_string()),
        };
        (end, None)
    }

    /// Runs the sync that the job asks for. Returns the new cursor of a content sync.
    async fn work(
        &self,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> Result<Option<SyncCursor>, JobFailure> {
        if job.job_type == Some(JobType::AccessControl) {
            self.access_control(job, report, stop, fence).await?;
            return Ok(None);
        }
        let summary = self.sync(job, report, stop, fence).await?;
        Ok(Some(summary.cursor))
    }

    async fn sync(
        &self,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> Result<SyncSummary, JobFailure> {
        let incremental = match &job.job_type {
            Some(JobType::Full) => false,
            Some(JobType::Incremental) => true,
            other => {
                let job_type = other.as_ref().map_or("unknown", JobType::as_str);
                return Err(JobFailure::UnsupportedType(job_type.to_owned()));
            }
        };
        let mut setup = JobSetup::from_job(job)?;
        let extraction = setup.extraction(self.extraction_service.as_ref())?;
        let prepared = stop
            .token()
            .run_until_cancelled(self.prepare(&setup, extraction, report.progress(), fence))
            .await;
        let Some(prepared) = prepared else {
            return Err(SyncError::Stopped.into());
        };
        let (source, sink) = prepared?;
        let progress = Arc::clone(report.progress());
        let cursor = self.stored_cursor().await?;
        setup.options.earlier_scope = cursor.as_ref().and_then(|cursor| cursor.scope.clone());
        let sync = Arc::new(ContentSync::new(source, Arc::clone(&sink), progress, setup.options));
        if cursor.as_ref().is_some_and(|cursor| sync.outdates(cursor)) {
            last_sync::forget_cursor(&self.client, &self.connector.connector_id).await?;
        }
        let result = if incremental {
            sync.incremental(cursor, stop.token()).await
        } else {
            let resume = job_report::saved_checkpoint(job);
            let (following, resumed_from) = (Arc::clone(&sync), resume.clone());
            report.save_checkpoints(move || following.checkpoint(resumed_from.as_ref()));
            sync.full(resume, stop.token()).await
        };
        // Nothing may reach the index after the job's end is on record, and what did reach it is to be counted.
        sink.close(patience(stop.reason())).await;
        let summary = result?;
        if summary.kept_without_proof > 0 {
            let documents = summary.kept_without_proof;
            warn!(documents, "kept documents that nobody could say are gone");
        }
        Ok(summary)
    }

    /// The cursor as the connector has it now: the snapshot in the job may be older than the last sync.
    async fn stored_cursor(&self) -> Result<Option<SyncCursor>, ElasticError> {
        let connector = self.client.connectors().get(&self.connector.connector_id).await?;
        Ok(connector
            .and_then(|connector| connector.value.sync_cursor)
            .as_ref()
            .and_then(SyncCursor::read))
    }

    async fn prepare(
        &self,
        setup: &JobSetup,
        extraction: FileExtraction,
        progress: &Arc<Progress>,
        fence: Arc<dyn WriteFence>,
    ) -> Result<(Arc<JiraSource>, Arc<IndexSink>), JobFailure> {
        let data = client_for_connector(&self.client, &self.connector)?;
        takeover::refuse_surprises(&data, setup, self.stored_cursor().await?.is_some()).await?;
        let files = setup.files(self.max_file_size);
        let login = Login::new(setup.settings.clone(), &self.jira, USER_AGENT)
            .await?
            .with_advanced_rules(setup.advanced_rules.clone());
        let source = Arc::new(login.open(files, Utc::now()).await?.with_extraction(extraction));
        fence.before_write().await.map_err(SyncError::from)?;
        let claimant = Claimant::new(&self.client, &self.connector.connector_id);
        let Prepared { new_fields, notes } = ContentIndex::new(&data, &setup.index)
            .prepare(&source.date_fields(), claimant)
            .await?;
        notes.into_iter().for_each(|line| progress.note(line));
        if setup.settings.document_level_security {
            // Tokens that no search finds would hide everything at best.
            let access = IdentityIndex::new(data.clone(), &setup.index).access_field().await;
            access.map_err(AccessControlError::from)?;
        }
        let pipeline = self.existing_pipeline(setup).await?;
        let options = SinkOptions::from_config(&self.bulk);
        let target = Target {
            index: setup.index.clone(),
            pipeline: Some(pipeline),
            new_fields,
            exact: false,
        };
        let sink = IndexSink::start(data, target, options, Arc::clone(progress), fence);
        Ok((source, Arc::new(sink)))
    }

    /// A bulk request through a pipeline that does not exist refuses every document; better to say it once.
    async fn existing_pipeline(&self, setup: &JobSetup) -> Result<String, JobFailure> {
        for name in [Some(setup.pipeline.as_str()), setup.older_pipeline()]
            .into_iter()
            .flatten()
        {
            match self.client.pipeline_exists(name).await {
                Ok(true) => return Ok(name.to_owned()),
                Ok(false) => {}
                // A key without the privilege to look can still use it.
                Err(ElasticError::Forbidden { .. }) => return Ok(setup.pipeline.clone()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(JobFailure::NoPipeline(setup.pipeline.clone()))
    }

    /// Writes the end into both records. What the job has ended as by then: somebody may have canceled it or taken it
    /// away while it ended.
    async fn record_end(
        &self,
        lease: &JobLease,
        job: &SyncJobRecord,
        end: JobEnd,
        cursor: Option<SyncCursor>,
        report: &JobReport,
    ) -> Result<JobEnd, RunJobError> {
        let counts = report.progress().snapshot();
        let (wanted, error) = match &end {
            JobEnd::Completed => (JobStatus::Completed, None),
            JobEnd::Failed(text) => (JobStatus::Error, Some(text.as_str())),
            JobEnd::Canceled => (JobStatus::Canceled, None),
            JobEnd::Suspended => (JobStatus::Suspended, None),
            JobEnd::Lost(_) | JobEnd::NotStarted(_) => {
                self.free_lock(job).await?;
                return Ok(end);
            }
        };
        let total = match wanted.is_terminal() {
            true => self.total_documents(job).await,
            // The next run counts, and a service that is told to stop has no time.
            false => None,
        };
        let ended_at = Utc::now();
        let doc = |before: &JobStatus| {
            let status = end_of(before, wanted.clone());
            let mut doc = report.stats();
            doc["status"] = status.as_str().into();
            doc["error"] = error.map_or(Value::Null, Value::from);
            let now = ended_at.to_rfc3339();
            if status.is_terminal() {
                doc["completed_at"] = now.clone().into();
            }
            if status == JobStatus::Canceled {
                doc["canceled_at"] = now.into();
            }
            if let Some(total) = total {
                doc["total_document_count"] = total.into();
            }
            doc
        };
        let status = match lease.write_for(doc, Refresh::Immediate).await {
            Ok(before) => end_of(&before, wanted.clone()),
            Err(LeaseError::Lost(reason)) => {
                self.free_lock(job).await?;
                return Ok(JobEnd::Lost(reason));
            }
            Err(LeaseError::Elasticsearch(error)) => {
                error!(error = %error, "could not record the end of the job");
                return Err(error.into());
            }
        };
        let is_completed = status == JobStatus::Completed;
        let ended = LastSync {
            job_id: lease.id(),
            kind: LockKind::of(job.job_type.as_ref()),
            status: status.clone(),
            error,
            counts: Some((counts.indexed, counts.deleted)),
            cursor: cursor.filter(|_| is_completed).map(|cursor| cursor.to_stored()),
            ended_at,
        };
        last_sync::record(&self.client, &self.connector.connector_id, &ended).await?;
        Ok(if status == JobStatus::Canceled {
            JobEnd::Canceled
        } else {
            end
        })
    }

    /// A job that was deleted or ended by somebody else leaves its connector locked.
    async fn free_lock(&self, job: &SyncJobRecord) -> Result<(), RunJobError> {
        let kind = LockKind::of(job.job_type.as_ref());
        let freed = last_sync::free_abandoned(&self.client, &self.connector.connector_id, kind).await?;
        if freed {
            info!("freed the connector");
        }
        Ok(())
    }

    /// Documents now in the index that the job writes to, identities for access control; none when that cannot be told,
    /// which must not spoil the job.
    async fn total_documents(&self, job: &SyncJobRecord) -> Option<u64> {
        let index = job.connector.index_name.as_deref()?;
        let index = &match job.job_type {
            Some(JobType::AccessControl) => identities_of(index),
            _ => content_of(index).to_owned(),
        };
        let client = client_for_connector(&self.client, &self.connector).ok()?;
        let counted = async {
            client.indices().refresh(index).await?;
            client.indices().count(index, None).await
        };
        match tokio::time::timeout(COUNT_LIMIT, counted).await {
            Ok(Ok(total)) => Some(total),
            Ok(Err(error)) => {
                warn!(error = %error, index.name = index, "could not count the documents of the index");
                None
            }
            Err(_) => {
                let seconds = COUNT_LIMIT.as_secs();
                warn!(
                    index.name = index,
                    seconds, "counting the documents of the index took too long"
                );
                None
            }
        }
    }
}

fn started(job: &SyncJobRecord) {
    JobStarted {
        job_type: job.job_type.as_ref().map_or("unknown", JobType::as_str),
        index: job.connector.index_name.as_deref().unwrap_or_default(),
    }
    .emit();
}

fn ended(job: &SyncJobRecord, end: &JobEnd, took: Duration, report: &JobReport) {
    let counts = report.progress().snapshot();
    let (outcome, reason) = match end {
        JobEnd::Completed => ("completed", None),
        JobEnd::Failed(reason) => ("error", Some(reason.as_str())),
        JobEnd::Canceled => ("canceled", None),
        JobEnd::Suspended => ("suspended", None),
        JobEnd::Lost(reason) | JobEnd::NotStarted(reason) => ("lost", Some(reason.as_str())),
    };
    JobEnded {
        job_type: job.job_type.as_ref().map_or("unknown", JobType::as_str),
        index: job.connector.index_name.as_deref().unwrap_or_default(),
        outcome,
        reason,
        took,
        indexed: counts.indexed,
        deleted: counts.deleted,
        skipped: counts.skipped,
        skipped_now: counts.skipped.saturating_sub(report.skipped_before()),
    }
    .emit();
}
