//! The commands and the options of all of them, with the texts that `--help` shows.
//!
//! Those of `connector` and `sync` have files of their own.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::access_arguments::AccessCommand;
use super::actions::ActionsCommand;
use super::connector_arguments::ConnectorCommand;
use super::rules_arguments::RulesCommand;
use super::sync_arguments::SyncCommand;

const EXAMPLES: &str = "Examples:
  jira-connector connector create --index-name search-jira --set data_source=jira_cloud \\
      --set jira_url=https://example.atlassian.net --set account_email=me@example.com \\
      --set-file api_token=token.txt --set 'projects=*'
  jira-connector check
  jira-connector run
  jira-connector sync start --watch

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.";

const COMPLETIONS: &str = "Examples:
  jira-connector completions bash > ~/.local/share/bash-completion/completions/jira-connector
  jira-connector completions zsh > ~/.zfunc/_jira-connector
  jira-connector completions fish > ~/.config/fish/completions/jira-connector.fish";

const RUN: &str = "Examples:
  jira-connector run
  jira-connector -c /config/config.yml run
  jira-connector run --action sync_content --action cleanup";

const CHECK: &str = "Examples:
  jira-connector check
  jira-connector -c /config/config.yml check --output json";

const VERIFY: &str = "Examples:
  jira-connector verify
  jira-connector verify 8Xk2 --output json";

/// Keeps everything in Jira searchable in Elasticsearch.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES, propagate_version = true)]
pub struct Arguments {
    /// The service's configuration: how to reach Elasticsearch, and which connectors to work for
    #[arg(short, long, global = true, value_name = "FILE", default_value = "config.yml")]
    pub config: PathBuf,

    /// How results are printed
    #[arg(short, long, global = true, value_enum, default_value_t = OutputFormat::Text)]
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
    #[command(after_help = RUN)]
    Run(Run),
    /// Look at Elasticsearch and at each connector's Jira, and name what is missing
    #[command(after_help = CHECK)]
    Check,
    /// Create, look at, change and delete connectors
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Prove how well the index covers Jira: per project, what is missing, left over or outdated
    #[command(after_help = VERIFY)]
    Verify(Verify),
    /// Look at sync rules, validate them, put them in force
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Start, watch, list and cancel syncs
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Document level security: what a user may see, and API keys limited to that
    #[command(subcommand)]
    Access(AccessCommand),
    /// The way out: connectors that make alerts and issues
    #[command(subcommand)]
    Actions(ActionsCommand),
    /// Take the text of one file; started by syncs, in a process of its own
    #[command(hide = true)]
    ExtractText,
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Do only this; may be repeated. Without it the first four are done
    #[arg(long = "action", value_enum, value_name = "ACTION")]
    pub actions: Vec<RunAction>,
}

/// The duties of a service; the names are those of Elastic's connector service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum RunAction {
    /// Keep connector records in order and create the jobs of their schedules
    Schedule,
    /// Run full and incremental syncs
    SyncContent,
    /// Run access control syncs
    SyncAccessControl,
    /// Repair jobs whose worker or connector is gone
    Cleanup,
    /// List the connectors and end, as `connector list` does
    List,
    /// Print the configuration as it was understood, secrets hidden, and end
    Config,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
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
