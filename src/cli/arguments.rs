//! The commands and their options, with the texts that `--help` shows.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "Examples:
  jira-connector connector create --index-name search-jira --set data_source=jira_cloud \\
      --set jira_url=https://example.atlassian.net --set account_email=me@example.com \\
      --set-file api_token=token.txt --set 'projects=*'
  jira-connector check
  jira-connector run
  jira-connector sync start --watch

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.";

/// Keeps everything in Jira searchable in Elasticsearch.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, propagate_version = true)]
pub struct Arguments {
    /// The service's configuration: how to reach Elasticsearch, and which connectors to work for
    #[arg(short, long, global = true, value_name = "FILE", default_value = "config.yml")]
    pub config: PathBuf,

    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Text)]
    pub output: OutputFormat,

    /// Log what happens to stderr (commands other than `run` log only errors); twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    Text,
    /// One JSON value on stdout
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service: find sync jobs of the configured connectors and carry them out
    ///
    /// The first SIGTERM or Ctrl-C suspends running jobs cleanly, the second stops at once.
    Run,
    /// Look at Elasticsearch and at each connector's Jira, and name what is missing
    Check,
    /// Create and look at connectors
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Prove how well the index covers Jira: per project, what is missing, left over or outdated
    Verify(Verify),
    /// Start and watch syncs
    #[command(subcommand)]
    Sync(SyncCommand),
}

/// Commands about connectors.
#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// Make an index, a connector and its API key in one step, and print what to put into config.yml
    Create(ConnectorCreate),
    /// List the connectors that Elasticsearch knows
    List,
    /// Show one connector: state, last sync, settings (secrets hidden)
    Show {
        /// Its id; may be left out when config.yml names exactly one connector
        connector_id: Option<String>,
    },
}

/// Options of `connector create`.
#[derive(Debug, Args)]
pub struct ConnectorCreate {
    /// The index that documents go to; it is made when it does not exist
    #[arg(long, value_name = "NAME")]
    pub index_name: String,
    /// Name shown in Kibana
    #[arg(long, default_value = "Jira")]
    pub name: String,
    /// Id of the connector; generated when left out. An existing connector is never replaced
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// A configuration field, as KEY=VALUE; may be repeated. A wrong key is answered with all keys
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// A configuration field whose value is read from a file, so that a secret stays out of the process list
    #[arg(long = "set-file", value_name = "KEY=FILE")]
    pub set_file: Vec<String>,
    /// Also write a config.yml for the new connector to this file; it must not exist
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
}

/// Commands about syncs.
#[derive(Debug, Subcommand)]
pub enum SyncCommand {
    /// Ask the service for a sync
    Start(SyncStart),
    /// Run a sync here and now; no service is needed
    Now(SyncNow),
}

/// The kinds of syncs that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SyncType {
    /// Everything
    Full,
    /// What changed since the last sync
    Incremental,
}

/// Options of `sync start`.
#[derive(Debug, Args)]
pub struct SyncStart {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
    /// What to sync
    #[arg(long = "type", value_enum, default_value_t = SyncType::Full)]
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
    #[arg(long = "type", value_enum, default_value_t = SyncType::Full)]
    pub sync_type: SyncType,
    /// Write nothing: report what would be added, changed and deleted
    #[arg(long, conflicts_with = "allow_deletions")]
    pub dry_run: bool,
    /// Let this sync delete up to N documents, whatever the deletion guard says
    #[arg(long, value_name = "N")]
    pub allow_deletions: Option<u64>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Arguments::command().debug_assert();
    }
}
