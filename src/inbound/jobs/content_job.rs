//! Puts a content sync together, source, sink and rules, and runs it. What the sync does is left to the engine.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use elastic_client::{ElasticError, JobType, SyncJobRecord};
use sync_engine::sync::{ContentSync, Progress, SyncCursor, SyncError, SyncSummary, WriteFence};
use tracing::warn;

use super::access_control_job::AccessControlError;
use super::job_failure::JobFailure;
use super::job_report::JobReport;
use super::job_runner::JobRunner;
use super::job_setup::JobSetup;
use super::{last_sync, resume, takeover};
use crate::clients::{USER_AGENT, client_for_connector};
use crate::coordination::stop::{JobStop, StopReason};
use crate::inbound::sink::{Claimant, ContentIndex, IdentityIndex, IndexSink, Prepared, SinkOptions, Target};
use crate::inbound::source::{FileExtraction, JiraSource, Login};

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
    pub(super) async fn sync(
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
            let resume = resume::checkpoint(&self.client, &self.connector.connector_id, job).await?;
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
}
