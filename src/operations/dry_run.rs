//! Runs a sync without writing anything: no job, no document, no record.

use std::sync::Arc;

use chrono::Utc;
use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, JobConnector, SyncJobRecord};
use sync_engine::sync::{
    ContentSync, DeletionGuard, DryRunSink, Forecast, Progress, Sink, SinkError, Source, SyncCursor, SyncError,
    Unfenced,
};
use sync_engine::sync_rules::RuleSet;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clients::{USER_AGENT, client_for_connector};
use crate::config::{Config, ConnectorEntry};
use crate::inbound::jobs::job_setup::{JobSetup, SetupError};
use crate::inbound::sink::{IndexSink, SinkOptions, Target};
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
    /// The sync that was only pretended.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// Nothing to compare with.
    #[error("index {0} does not exist yet: a sync would make it and add everything")]
    NoIndex(String),
}

impl From<SetupError> for InspectionError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error.to_string())
    }
}

/// The changes that a sync would make, and the requests that counting them took.
#[derive(Debug, Clone, Copy)]
pub struct DryRun {
    /// Documents.
    pub forecast: Forecast,
    /// Documents in the index now.
    pub indexed: u64,
    /// Requests sent to Jira; downloads of attachments would come on top.
    pub requests: u64,
}

impl Inspection {
    /// Logs in to Jira and looks at the index.
    pub async fn open(
        client: &ElasticClient,
        entry: &ConnectorEntry,
        record: &ConnectorRecord,
        config: &Config,
    ) -> Result<Self, InspectionError> {
        let setup = JobSetup::from_job(&snapshot(record))?;
        let data = client_for_connector(client, entry)?;
        if !data.indices().exists(&setup.index).await? {
            return Err(InspectionError::NoIndex(setup.index));
        }
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
    pub async fn dry_run(self, incremental: bool, stop: &CancellationToken) -> Result<DryRun, InspectionError> {
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
        Ok(DryRun {
            forecast: counting.forecast(),
            indexed,
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
