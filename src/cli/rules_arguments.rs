//! The options of `jira-connector rules`, with the texts that `--help` shows. What they do is in `rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const RULES_FILE: &str = "The file is JSON:
  {
    \"rules\": [
      {\"policy\": \"include\", \"field\": \"Issue.priority.name\", \"rule\": \"equals\", \"value\": \"High\"},
      {\"policy\": \"exclude\", \"field\": \"Type\", \"rule\": \"regex\", \"value\": \".+\"}
    ],
    \"advanced_snippet\": [{\"query\": \"project = AB AND created > -90d\"}]
  }
Rules are tried in the order of the file. Ids are made up when left out. Both members may be left out.";

/// Commands about sync rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Show the rules in force and the draft
    Show(RulesShow),
    /// Write the draft from a file, or from the rules that an earlier job ran under
    #[command(after_help = RULES_FILE)]
    Set(RulesSet),
    /// Check the draft against Jira, and count what it would keep and drop of what is indexed; changes nothing
    #[command(after_help = RULES_FILE)]
    Validate(RulesValidate),
    /// Validate the draft and put it in force
    Activate(RulesConnector),
}

/// The connector.
#[derive(Debug, Args)]
pub struct RulesConnector {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
}

/// Options of `rules show`.
#[derive(Debug, Args)]
pub struct RulesShow {
    #[command(flatten)]
    pub connector: RulesConnector,
    /// Show the rules that this job ran under instead
    #[arg(long, value_name = "JOB_ID")]
    pub job: Option<String>,
}

/// Options of `rules set`.
#[derive(Debug, Args)]
#[group(id = "source", required = true, multiple = false, args = ["file", "from_job", "none"])]
pub struct RulesSet {
    #[command(flatten)]
    pub connector: RulesConnector,
    /// Take the rules from this file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Take the rules that this job ran under: to go back to earlier ones
    #[arg(long, value_name = "JOB_ID")]
    pub from_job: Option<String>,
    /// Have no rules
    #[arg(long)]
    pub none: bool,
}

/// Options of `rules validate`.
#[derive(Debug, Args)]
pub struct RulesValidate {
    #[command(flatten)]
    pub connector: RulesConnector,
    /// Validate this file instead of the draft; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}
