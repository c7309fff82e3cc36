//! From a job's snapshot of its connector to everything a sync needs.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use elastic_client::{FilteringRules, PipelineSettings, SyncJobRecord};
use sync_engine::sync::encode::PipelineFlags;
use sync_engine::sync::{DeletionGuard, SyncOptions};
use sync_engine::sync_rules::{self, AdvancedRules, FieldTypes, Problem, RuleSet};
use thiserror::Error;
use tracing::warn;

use crate::config::ExtractionServiceConfig;
use crate::inbound::source::documents::FileRules;
use crate::inbound::source::settings::ExtractionWay;
use crate::inbound::source::{FileExtraction, InvalidSettings, JiraSettings};
use crate::inbound::text_extraction::{LocalExtractor, LocalLimits, ServiceExtractor};

/// Every version that has connectors has this pipeline; later ones prefer another name for the same steps.
const OLDER_PIPELINE: &str = "ent-search-generic-ingestion";
/// The pipeline of a connector that names none.
pub(crate) const DEFAULT_PIPELINE: &str = "search-default-ingestion";

/// Batches of issues in flight. Enough to hide 100 ms of latency, few enough for flat memory.
const CONCURRENT_FETCHES: usize = 5;
/// Bytes of attachments on their way from Jira at once, in the form in which they are sent on.
const DOWNLOAD_BUDGET_BYTES: usize = 16 * 1024 * 1024;

/// Counts up when texts come out differently, so that files are read again.
const EXTRACTOR: u32 = 1;

/// Limits for one file whose text is taken here.
const EXTRACTION_TIME: Duration = Duration::from_secs(60);
const EXTRACTION_MEMORY: u64 = 1024 * 1024 * 1024;
/// More processes than this would take the processor from the sync itself.
const MOST_EXTRACTIONS: usize = 4;

/// The work of one job.
#[derive(Debug)]
pub(crate) struct JobSetup {
    pub(crate) settings: JiraSettings,
    pub(crate) advanced_rules: Option<AdvancedRules>,
    pub(crate) index: String,
    pub(crate) pipeline: String,
    pub(crate) options: SyncOptions,
}

/// The job's record does not say enough, or asks for what this version cannot do.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The configuration in the job's snapshot.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// No index.
    #[error("the connector has no index: attach one in Kibana, or create the connector anew with --index-name")]
    NoIndex,
    /// Sync rules that cannot be applied.
    #[error("the sync rules in force are not valid: {0}. Nothing was synced; correct the rules and activate them")]
    InvalidRules(String),
    /// Text extraction.
    #[error("text cannot be taken from files: {0}")]
    Extraction(String),
}

impl JobSetup {
    /// Reads the job's snapshot.
    pub(crate) fn from_job(job: &SyncJobRecord) -> Result<Self, SetupError> {
        let settings = JiraSettings::from_configuration(&job.connector.configuration)?;
        let (rules, advanced_rules) = sync_rules(&job.connector.filtering)?;
        let index = job
            .connector
            .index_name
            .clone()
            .filter(|name| !name.is_empty())
            .ok_or(SetupError::NoIndex)?;
        let pipeline = job.connector.pipeline.clone().unwrap_or(PipelineSettings {
            name: None,
            extract_binary_content: true,
            reduce_whitespace: true,
            run_ml_inference: true,
        });
        let pipeline_name = pipeline.name.unwrap_or_else(|| DEFAULT_PIPELINE.to_owned());
        let options = SyncOptions {
            pipeline_flags: PipelineFlags {
                extract_binary_content: pipeline.extract_binary_content,
                reduce_whitespace: pipeline.reduce_whitespace,
                run_ml_inference: pipeline.run_ml_inference,
                max_text_size: settings.max_text_size,
            },
            extraction: match settings.extraction {
                ExtractionWay::Pipeline => pipeline
                    .extract_binary_content
                    .then(|| format!("pipeline:{pipeline_name}:{}", settings.max_text_size)),
                ExtractionWay::Service => Some(format!("service:{}", settings.max_text_size)),
                ExtractionWay::Local => Some(format!("local:{EXTRACTOR}:{}", settings.max_text_size)),
            },
            keeps_content: false,
            rules: Arc::new(rules),
            rules_fingerprint: sync_rules::fingerprint(
                &job.connector.filtering.rules,
                job.connector.filtering.has_advanced(),
            ),
            guard: DeletionGuard {
                max_percent: settings.max_deletion_percent,
                allowed_once: job.metadata.allow_deletions,
            },
            earlier_scope: None,
            sweep_interval: TimeDelta::minutes(settings.sweep_interval_minutes),
            concurrent_fetches: CONCURRENT_FETCHES,
            concurrent_downloads: settings.concurrent_downloads,
            download_budget_bytes: DOWNLOAD_BUDGET_BYTES,
        };
        Ok(Self {
            settings,
            advanced_rules,
            index,
            pipeline: pipeline_name,
            options,
        })
    }

    /// Chooses the files that are wanted.
    pub(crate) fn files(&self, max_size: u64) -> FileRules {
        match self.settings.extraction {
            // The service reads files of any size from the disk.
            ExtractionWay::Service => FileRules {
                max_size: u64::MAX,
                read_here: false,
                extensions: self.settings.file_extensions.clone(),
            },
            way => FileRules {
                max_size,
                read_here: way == ExtractionWay::Local,
                extensions: self.settings.file_extensions.clone(),
            },
        }
    }

    /// Chooses the reader of files. Without an extraction service to ask, files are indexed by name only, as the
    /// framework does it.
    pub(crate) fn extraction(
        &mut self,
        service: Option<&ExtractionServiceConfig>,
    ) -> Result<FileExtraction, SetupError> {
        let unusable = |error: &dyn std::fmt::Display| SetupError::Extraction(error.to_string());
        let max_chars = self.settings.max_text_size;
        match (self.settings.extraction, service) {
            (ExtractionWay::Pipeline, _) => Ok(FileExtraction::Pipeline),
            (ExtractionWay::Local, _) => {
                let limits = LocalLimits {
                    max_chars,
                    time: EXTRACTION_TIME,
                    memory: EXTRACTION_MEMORY,
                    concurrency: std::thread::available_parallelism()
                        .map_or(1, |cores| cores.get().min(MOST_EXTRACTIONS)),
                };
                let extractor = LocalExtractor::new(limits).map_err(|error| unusable(&error))?;
                Ok(FileExtraction::Local(extractor))
            }
            (ExtractionWay::Service, Some(service)) => {
                let extractor = ServiceExtractor::new(service.clone(), max_chars).map_err(|error| unusable(&error))?;
                Ok(FileExtraction::Service(extractor))
            }
            (ExtractionWay::Service, None) => {
                warn!("extraction_service.host is not set: new files are indexed without their text");
                self.options.extraction = None;
                self.options.keeps_content = true;
                Ok(FileExtraction::Pipeline)
            }
        }
    }

    /// The name of the same pipeline on versions that lack the newer one.
    pub(crate) fn older_pipeline(&self) -> Option<&'static str> {
        (self.pipeline == DEFAULT_PIPELINE).then_some(OLDER_PIPELINE)
    }
}

/// The rules of the job's snapshot, validated once more: what is in force may have been written by anybody. Jira judges
/// the queries of advanced rules when the source is opened.
fn sync_rules(filtering: &FilteringRules) -> Result<(RuleSet, Option<AdvancedRules>), SetupError> {
    let invalid = |problems: Vec<Problem>| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        SetupError::InvalidRules(all.join("; "))
    };
    let basic = sync_rules::validate_basic(&filtering.rules, &FieldTypes::default()).map_err(invalid)?;
    let advanced = AdvancedRules::read(filtering.advanced_snippet.as_ref()).map_err(invalid)?;
    Ok((basic, advanced))
}
