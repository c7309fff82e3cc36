//! The commands and options of `actions`, with the texts that `--help` shows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::operations::actions::Outcome;

const SETUP: &str = "Examples:
  jira-connector actions setup
  jira-connector -c admin.yml actions setup      # as a user who may register privileges";

const TYPES: &str = "Examples:
  jira-connector actions types                   # what there is
  jira-connector actions types .jira             # its settings, secrets and sub-actions";

const CREATE: &str = "Examples:
  jira-connector actions create --type .jira --name Tickets --id tickets \\
      --set apiUrl=https://example.atlassian.net --set projectKey=OPS \\
      --set-secret-file email=email.txt --set-secret-file apiToken=token.txt
  jira-connector actions create --type .jira-service-management --name Operations \\
      --set apiUrl=https://api.atlassian.com --set-secret-env apiKey=JSM_KEY

Secrets come from files, from the environment, or are asked for on a terminal without being shown;
never from the command line, which everybody on the machine can read.";

const UPDATE: &str = "Examples:
  jira-connector actions update tickets --set projectKey=SEC --set-secret-file apiToken=token.txt \\
      --set-secret-file email=email.txt

Name and settings that are not given stay. All secrets have to be given again: they are sealed together
with the settings.";

const EXECUTE: &str = "Examples:
  jira-connector actions execute tickets issueTypes
  jira-connector actions execute tickets pushToService --params \\
      '{\"incident\": {\"summary\": \"disk full\", \"correlation_id\": \"host-1:disk\"}}'
  jira-connector actions execute ops createAlert --params @alert.json --key run-7

Exit code 0 only when the action was done.";

const EXECUTIONS: &str = "Examples:
  jira-connector actions executions tickets
  jira-connector actions executions tickets --outcome unknown --size 100";

const ROTATE: &str = "Steps:
  1. Move the old actions.encryption_key to actions.decryption_only_keys, set a new one, restart all services.
  2. jira-connector actions rotate-key --dry-run
  3. jira-connector actions rotate-key      # can be interrupted and run again";

/// Commands about the connectors of the way out.
#[derive(Debug, Subcommand)]
pub enum ActionsCommand {
    /// Register the privileges of callers in Elasticsearch, and say what is left to do
    #[command(after_help = SETUP)]
    Setup,
    /// List the types of connectors, or describe one
    #[command(after_help = TYPES)]
    Types {
        /// The type to describe: `.jira`
        #[arg(value_name = "TYPE")]
        id: Option<String>,
    },
    /// List the connectors
    List,
    /// Show a connector; secrets are never shown
    Show {
        /// Its id
        id: String,
    },
    /// Make a connector
    #[command(after_help = CREATE)]
    Create(ActionsCreate),
    /// Change a connector
    #[command(after_help = UPDATE)]
    Update(ActionsUpdate),
    /// Delete a connector; what it made in other systems stays
    Delete {
        /// Its id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Look whether a connector can do its work, without writing anything
    Test {
        /// Its id
        id: String,
    },
    /// Run a sub-action of a connector
    #[command(after_help = EXECUTE)]
    Execute(ActionsExecute),
    /// Show what became of the latest executions of a connector
    #[command(after_help = EXECUTIONS)]
    Executions {
        /// Its id
        id: String,
        /// Only those that came to this
        #[arg(long, value_enum)]
        outcome: Option<OutcomeName>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 20)]
        size: usize,
    },
    /// Print the OpenAPI document of the HTTP API
    Openapi,
    /// Seal the secrets of all connectors with the current key
    #[command(after_help = ROTATE)]
    RotateKey {
        /// Only count
        #[arg(long)]
        dry_run: bool,
    },
}

/// Options of `actions create`.
#[derive(Debug, Args)]
pub struct ActionsCreate {
    /// Its type
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: String,
    /// Its name
    #[arg(long)]
    pub name: String,
    /// Its id; one is made up without
    #[arg(long)]
    pub id: Option<String>,
    #[command(flatten)]
    pub settings: ActionSettings,
}

/// Options of `actions update`.
#[derive(Debug, Args)]
pub struct ActionsUpdate {
    /// Its id
    pub id: String,
    /// Its new name
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    pub settings: ActionSettings,
}

/// Settings and secrets.
#[derive(Debug, Args)]
pub struct ActionSettings {
    /// Settings as a JSON or YAML file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub settings_file: Option<PathBuf>,
    /// One setting; JSON where it is no text
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// One secret from a file
    #[arg(long, value_name = "NAME=FILE")]
    pub set_secret_file: Vec<String>,
    /// One secret from an environment variable
    #[arg(long, value_name = "NAME=VARIABLE")]
    pub set_secret_env: Vec<String>,
}

/// Options of `actions execute`.
#[derive(Debug, Args)]
pub struct ActionsExecute {
    /// The connector's id
    pub id: String,
    /// The sub-action: `createAlert`
    pub sub_action: String,
    /// Its parameters as JSON; `@FILE` reads a file, `-` standard input
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    pub params: String,
    /// Calls with the same key make one thing
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
}

/// What an execution came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutcomeName {
    /// Begun and not ended, or cut off
    Running,
    /// Done
    Done,
    /// Refused
    Refused,
    /// The other side limited the rate
    Throttled,
    /// The other side was not reached
    NotSent,
    /// Nobody knows
    Unknown,
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Running => Self::Running,
            OutcomeName::Done => Self::Done,
            OutcomeName::Refused => Self::Refused,
            OutcomeName::Throttled => Self::Throttled,
            OutcomeName::NotSent => Self::NotSent,
            OutcomeName::Unknown => Self::Unknown,
        }
    }
}
