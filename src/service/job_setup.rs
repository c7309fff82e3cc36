//! From a job's snapshot of its connector to everything a sync needs.

use std::sync::Arc;

use chrono::TimeDelta;
use elastic_client::{FilteringRules, PipelineSettings, SyncJobRecord};
use serde_json::Value;
use thiserror::Error;

use crate::source::{InvalidSettings, JiraSettings};
use crate::sync::encode::PipelineFlags;
use crate::sync::{DeletionGuard, SyncOptions};
use crate::sync_rules::{self, AdvancedRules, FieldTypes, Problem, RuleSet};

/// Every version that has connectors has this pipeline; later ones prefer another name for the same steps.
const OLDER_PIPELINE: &str = "ent-search-generic-ingestion";
/// What a connector without a `pipeline` uses.
pub(super) const DEFAULT_PIPELINE: &str = "search-default-ingestion";

/// Batches of issues in flight. Enough to hide 100 ms of latency, few enough for flat memory.
const CONCURRENT_FETCHES: usize = 6;
/// Bytes of attachments held at once, before they are encoded.
const DOWNLOAD_BUDGET_BYTES: usize = 16 * 1024 * 1024;

/// What one job is to do.
#[derive(Debug)]
pub(super) struct JobSetup {
    pub(super) settings: JiraSettings,
    pub(super) advanced_rules: Option<AdvancedRules>,
    pub(super) index: String,
    pub(super) pipeline: String,
    pub(super) options: SyncOptions,
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
}

impl JobSetup {
    /// Reads the job's snapshot.
    pub(super) fn from_job(job: &SyncJobRecord) -> Result<Self, SetupError> {
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
            },
            extraction: pipeline
                .extract_binary_content
                .then(|| format!("pipeline:{pipeline_name}")),
            rules: Arc::new(rules),
            rules_fingerprint: sync_rules::fingerprint(
                &job.connector.filtering.rules,
                job.connector.filtering.has_advanced(),
            ),
            guard: DeletionGuard {
                max_percent: settings.max_deletion_percent,
                allowed_once: job.metadata.get("allow_deletions").and_then(Value::as_u64),
            },
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

    /// The name of the same pipeline on versions that lack the newer one.
    pub(super) fn older_pipeline(&self) -> Option<&'static str> {
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
