//! Runs a sync without writing anything: no job, no document, no record.

use std::sync::Arc;

use chrono::Utc;
use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, JobConnector, JobType, SyncJobRecord};
use serde::Serialize;
use sync_engine::sync::{
    ContentSync, DeletionGuard, DryRunSink, Forecast, Progress, Sink, SinkError, Source, SyncCursor, SyncError,
    Unfenced,
};
use sync_engine::sync_rules::RuleSet;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::error::{Cause, Doing as _, OperationError};
use super::installation::Installation;
use crate::clients::USER_AGENT;
use crate::config::Config;
use crate::inbound::jobs::job_setup::{JobSetup, SetupError};
use crate::inbound::sink::{Claimant, ContentIndex, IndexSink, OwnerError, SinkOptions, Target};
use crate::inbound::source::{JiraSource, Login, LoginError};

/// A connector's Jira and index, opened for reading.
#[derive(Debug)]
pub struct Inspection {
    /// Jira.
    pub source: Arc<JiraSource>,
    /// The content index; nothing is written through it.
    pub sink: Arc<IndexSink>,
    /// Name of the content index.
    pub index: String,
    setup: JobSetup,
    cursor: Option<SyncCursor>,
    progress: Arc<Progress>,
}

/// The reason why nothing can be said.
#[derive(Debug, Error)]
pub enum InspectionError {
    /// The connector's configuration.
    #[error("{0}")]
    Setup(String),
    /// Jira.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Elasticsearch.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// The index.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Another connector's index: a sync would be refused as well.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The sync that was only pretended.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Nothing to compare with.
    #[error("index {0} does not exist yet: a sync would make it and add everything")]
    NoIndex(String),
}

impl From<InspectionError> for Cause {
    fn from(error: InspectionError) -> Self {
        match error {
            InspectionError::Elasticsearch(error) => Self::Elasticsearch(error),
            InspectionError::Login(error) => error.into(),
            other => Self::here(&other),
        }
    }
}

impl From<SetupError> for InspectionError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error.to_string())
    }
}

/// The changes that a sync would make, and the requests that counting them took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DryRun {
    /// The content index.
    pub index_name: String,
    /// Documents in the index now.
    pub indexed: u64,
    /// Documents that the index lacks.
    pub added: u64,
    /// Documents whose `_timestamp` is another one than the indexed.
    pub changed: u64,
    /// Documents that would be written again as they are.
    pub unchanged: u64,
    /// Documents that would be removed.
    pub deleted: u64,
    /// Requests sent to Jira; downloads of attachments would come on top.
    pub requests: u64,
}

/// Counts the changes that a sync would make. It writes nothing: no job, no document, no record.
pub async fn dry_run(
    installation: &Installation<'_>,
    connector_id: &str,
    job_type: &JobType,
    stop: &CancellationToken,
) -> Result<DryRun, OperationError> {
    if *job_type == JobType::AccessControl {
        let text = "a dry run is for content; `access show USER` says what an access control sync would let a user see";
        return Err(OperationError::Invalid(text.to_owned()));
    }
    let inspection = Inspection::of(installation, connector_id).await?;
    let found = inspection.dry_run(*job_type == JobType::Incremental, stop).await;
    if stop.is_cancelled() {
        return Err(OperationError::Interrupted);
    }
    found.doing("cannot tell what a sync would do")
}

impl Inspection {
    /// Opens a connector's Jira and index for reading.
    pub(super) async fn of(installation: &Installation<'_>, connector_id: &str) -> Result<Self, OperationError> {
        let connector = installation.connector(connector_id).await?.value;
        let data = installation.data_client(connector_id)?;
        let claimant = Claimant::new(&installation.client, connector_id);
        let opened = Self::open(data, &connector, claimant, installation.config).await;
        opened.doing("cannot look at Jira and the index")
    }

    async fn open(
        data: ElasticClient,
        record: &ConnectorRecord,
        claimant: Claimant<'_>,
        config: &Config,
    ) -> Result<Self, InspectionError> {
        let setup = JobSetup::from_job(&snapshot(record))?;
        if !data.indices().exists(&setup.index).await? {
            return Err(InspectionError::NoIndex(setup.index));
        }
        ContentIndex::new(&data, &setup.index).ownership(claimant).await?;
        let login = Login::new(setup.settings.clone(), &config.jira, USER_AGENT)
            .await?
            .with_advanced_rules(setup.advanced_rules.clone());
        let source = login
            .open(setup.files(config.service.max_file_download_size), Utc::now())
            .await?;
        let progress = Arc::new(Progress::default());
        let options = SinkOptions::from_config(&config.elasticsearch.bulk);
        let target = Target {
            index: setup.index.clone(),
            ..Target::default()
        };
        let sink = IndexSink::start(data, target, options, Arc::clone(&progress), Arc::new(Unfenced));
        let (source, sink, index) = (Arc::new(source), Arc::new(sink), setup.index.clone());
        let cursor = record.sync_cursor.as_ref().and_then(SyncCursor::read);
        Ok(Self {
            source,
            sink,
            index,
            setup,
            cursor,
            progress,
        })
    }

    /// The basic sync rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.setup.options.rules
    }

    /// Goes through all of a sync with a sink that only counts. Content of attachments is not downloaded.
    async fn dry_run(self, incremental: bool, stop: &CancellationToken) -> Result<DryRun, InspectionError> {
        let mut options = self.setup.options;
        options.extraction = None;
        // The forecast says what would be deleted; whether the guard allows it is for whoever reads it.
        options.guard = DeletionGuard {
            max_percent: 100,
            allowed_once: None,
        };
        let counting = Arc::new(DryRunSink::new(Arc::clone(&self.sink)).await?);
        let sync = ContentSync::new(Arc::clone(&self.source), Arc::clone(&counting), self.progress, options);
        let sync = Arc::new(sync);
        if incremental {
            sync.incremental(self.cursor, stop).await?;
        } else {
            sync.full(None, stop).await?;
        }
        let indexed = self.sink.count().await?;
        let forecast: Forecast = counting.forecast();
        Ok(DryRun {
            index_name: self.index,
            indexed,
            added: forecast.added,
            changed: forecast.changed,
            unchanged: forecast.unchanged,
            deleted: forecast.deleted,
            requests: self.source.requests(),
        })
    }
}

/// The connector as a job created now would carry it.
fn snapshot(record: &ConnectorRecord) -> SyncJobRecord {
    SyncJobRecord {
        connector: JobConnector {
            configuration: record.configuration.clone(),
            filtering: record
                .filtering
                .first()
                .map(|domain| domain.active.clone())
                .unwrap_or_default(),
            index_name: record.index_name.clone(),
            pipeline: record.pipeline.clone(),
            ..JobConnector::default()
        },
        ..SyncJobRecord::default()
    }
}
