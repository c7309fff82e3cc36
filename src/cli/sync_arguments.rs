//! The `sync` commands and their options, with the texts that `--help` shows.

use clap::{Args, Subcommand, ValueEnum};
use elastic_client::{JobStatus, JobType};

const START: &str = "Examples:
  jira-connector sync start --watch
  jira-connector sync start --type incremental
  jira-connector sync start --allow-deletions 155";

const LIST: &str = "Examples:
  jira-connector sync list
  jira-connector sync list --status error --limit 5
  jira-connector sync list --all --output json";

const NOW: &str = "Examples:
  jira-connector sync now
  jira-connector sync now --dry-run
  jira-connector sync now --type incremental";

const SHOW: &str = "Examples:
  jira-connector sync show kP3xZJoB
  jira-connector sync show kP3xZJoB --watch
  jira-connector sync show kP3xZJoB --output json";

const CANCEL: &str = "Examples:
  jira-connector sync cancel kP3xZJoB
  jira-connector sync cancel kP3xZJoB mX9yAJoB";

/// Commands about syncs.
#[derive(Debug, Subcommand)]
pub enum SyncCommand {
    /// Ask the service for a sync
    #[command(after_help = START)]
    Start(SyncStart),
    /// Run a sync here and now; no service is needed
    #[command(after_help = NOW)]
    Now(SyncNow),
    /// List sync jobs, the newest first
    #[command(after_help = LIST)]
    List(SyncList),
    /// Show one sync job: counts, times, what was skipped, why it failed
    #[command(after_help = SHOW)]
    Show {
        /// Its id, as `sync start` and `sync list` print it
        #[arg(allow_hyphen_values = true)]
        job_id: String,
        /// Follow it until it ends; the exit code then tells how
        #[arg(long)]
        watch: bool,
    },
    /// Cancel sync jobs: waiting ones at once, running ones within some seconds. What is indexed stays
    #[command(after_help = CANCEL)]
    Cancel {
        /// Their ids, as `sync start` and `sync list` print them
        #[arg(required = true, allow_hyphen_values = true, value_name = "JOB_ID")]
        job_ids: Vec<String>,
    },
}

/// The kinds of syncs that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SyncType {
    /// Everything
    Full,
    /// What changed since the last sync
    Incremental,
    /// Who may see what: the identities of document level security
    #[value(name = "access_control", alias = "access-control")]
    AccessControl,
}

impl SyncType {
    pub(super) fn job_type(self) -> JobType {
        match self {
            Self::Full => JobType::Full,
            Self::Incremental => JobType::Incremental,
            Self::AccessControl => JobType::AccessControl,
        }
    }
}

/// Options of `sync start`.
#[derive(Debug, Args)]
pub struct SyncStart {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
    /// What to sync
    #[arg(short = 't', long = "type", value_enum, default_value_t = SyncType::Full)]
    pub sync_type: SyncType,
    /// Show progress until the job ends; the exit code then tells how
    #[arg(long)]
    pub watch: bool,
    /// Let this one job delete up to N documents, whatever the deletion guard says
    #[arg(long, value_name = "N")]
    pub allow_deletions: Option<u64>,
}

/// Options of `sync now`.
#[derive(Debug, Args)]
pub struct SyncNow {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
    /// What to sync
    #[arg(short = 't', long = "type", value_enum, default_value_t = SyncType::Full)]
    pub sync_type: SyncType,
    /// Write nothing: report what would be added, changed and deleted
    #[arg(long, conflicts_with = "allow_deletions")]
    pub dry_run: bool,
    /// Let this sync delete up to N documents, whatever the deletion guard says
    #[arg(long, value_name = "N")]
    pub allow_deletions: Option<u64>,
}

/// Options of `sync list`.
#[derive(Debug, Args)]
pub struct SyncList {
    /// The connector; may be left out when config.yml names exactly one
    #[arg(conflicts_with = "all")]
    pub connector_id: Option<String>,
    /// Jobs of all connectors that Elasticsearch knows, those of other services too
    #[arg(long)]
    pub all: bool,
    /// Only jobs in this state; may be repeated
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Vec<StatusFilter>,
    /// Only jobs of this type; may be repeated
    #[arg(short = 't', long = "type", value_enum, value_name = "TYPE")]
    pub sync_type: Vec<TypeFilter>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
}

/// States of jobs, as `sync list` takes and prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum StatusFilter {
    Pending,
    InProgress,
    Canceling,
    Canceled,
    Suspended,
    Completed,
    Error,
}

impl StatusFilter {
    pub(super) fn status(self) -> JobStatus {
        match self {
            Self::Pending => JobStatus::Pending,
            Self::InProgress => JobStatus::InProgress,
            Self::Canceling => JobStatus::Canceling,
            Self::Canceled => JobStatus::Canceled,
            Self::Suspended => JobStatus::Suspended,
            Self::Completed => JobStatus::Completed,
            Self::Error => JobStatus::Error,
        }
    }
}

/// Types of jobs to list. Kibana makes access control jobs too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum TypeFilter {
    Full,
    Incremental,
    AccessControl,
}

impl TypeFilter {
    pub(super) fn job_type(self) -> JobType {
        match self {
            Self::Full => JobType::Full,
            Self::Incremental => JobType::Incremental,
            Self::AccessControl => JobType::AccessControl,
        }
    }
}
