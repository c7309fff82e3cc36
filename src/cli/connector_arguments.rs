//! The `connector` commands and their options, with the texts that `--help` shows.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const CREATE: &str =
    "On a terminal, what is not given is asked for. In a script nothing is asked: without any value the
connector waits for being configured in Kibana or by `connector configure`.

Examples:
  jira-connector connector create --index-name search-jira --set data_source=jira_cloud \\
      --set jira_url=https://example.atlassian.net --set account_email=me@example.com \\
      --set-file api_token=token.txt --set 'projects=*' --write-config config.yml
  jira-connector connector create --index-name search-jira --from-file values.json --update-config";

const CONFIGURE: &str = "Examples:
  jira-connector connector configure 'projects=DEV, OPS' retry_count=5
  jira-connector connector configure --set-file api_token=token.txt
  jira-connector connector configure --connector-id 8Xk2 --from-file values.json
  jira-connector connector configure --connector-id 8Xk2 --take-over-index";

const SCHEDULE: &str =
    "The expressions are Quartz cron in UTC: seconds, minutes, hours, day of month, month, day of week.
`off` switches a schedule off and keeps its expression. Without options the schedules are shown.

Examples:
  jira-connector connector schedule --incremental '0 0/10 * * * ?' --full '0 0 3 ? * SUN'
  jira-connector connector schedule --full off";

const DELETE: &str = "The index stays, unless --with-index is given. Entries of config.yml are left to you.

Examples:
  jira-connector connector delete 8Xk2
  jira-connector connector delete 8Xk2 --with-index --yes";

const LIST: &str = "Examples:
  jira-connector connector list
  jira-connector connector list --output json";

const SHOW: &str = "Examples:
  jira-connector connector show
  jira-connector connector show 8Xk2 --output json";

/// Commands about connectors.
#[derive(Debug, Subcommand)]
pub enum ConnectorCommand {
    /// Make an index, a connector and its API key in one step, and print what to put into config.yml
    #[command(after_help = CREATE)]
    Create(ConnectorCreate),
    /// List the connectors that Elasticsearch knows
    #[command(after_help = LIST)]
    List,
    /// Show one connector: state, last sync, schedules, settings (secrets hidden)
    #[command(after_help = SHOW)]
    Show {
        /// Its id; may be left out when config.yml names exactly one connector
        connector_id: Option<String>,
    },
    /// Change values of a connector's configuration, or hand its index over to it
    #[command(after_help = CONFIGURE)]
    Configure(ConnectorConfigure),
    /// Show or change when a connector syncs by itself
    #[command(after_help = SCHEDULE)]
    Schedule(ConnectorSchedule),
    /// Delete a connector, its jobs and its API key
    #[command(after_help = DELETE)]
    Delete(ConnectorDelete),
}

/// Sources of values of configuration fields; later ones win.
#[derive(Debug, Default, Args)]
pub struct FieldValues {
    /// Fields from a file: JSON or YAML, {key: value}
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// A field whose value is read from a file, so that a secret stays out of the process list; may be repeated
    #[arg(long = "set-file", value_name = "KEY=FILE")]
    pub set_file: Vec<String>,
}

/// Options of `connector create`.
#[derive(Debug, Args)]
pub struct ConnectorCreate {
    /// The index that documents go to; it is made when it does not exist
    #[arg(long, value_name = "NAME")]
    pub index_name: Option<String>,
    /// Take over an index that exists, with its documents; fail when it does not
    #[arg(long)]
    pub from_index: bool,
    /// Name shown in Kibana
    #[arg(long, default_value = "Jira")]
    pub name: String,
    /// Id of the connector; generated when left out. An existing connector is never replaced
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Language of the documents, a two-letter code such as `en`; no language when left out
    #[arg(long, value_name = "CODE")]
    pub index_language: Option<String>,
    /// What to read; there is only Jira here
    #[arg(long, value_parser = ["jira"], default_value = "jira", hide_possible_values = true)]
    pub service_type: String,
    /// A configuration field; may be repeated. A wrong key is answered with all keys
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub values: FieldValues,
    /// Also write a config.yml for the new connector to this file; it must not exist
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
    /// Also add the new connector to the config.yml in use, or to the one that --connector-service-config names
    #[arg(long, conflicts_with = "write_config")]
    pub update_config: bool,
    /// The config.yml that --update-config adds to
    #[arg(long, value_name = "FILE", requires = "update_config")]
    pub connector_service_config: Option<PathBuf>,
    /// Ask nothing, also on a terminal
    #[arg(long)]
    pub no_input: bool,
}

/// Options of `connector configure`.
#[derive(Debug, Args)]
pub struct ConnectorConfigure {
    /// Fields and their new values
    #[arg(value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The connector; may be left out when config.yml names exactly one
    #[arg(short = 'i', long, value_name = "ID", allow_hyphen_values = true)]
    pub connector_id: Option<String>,
    #[command(flatten)]
    pub values: FieldValues,
    /// Make the connector the owner of its index, with the documents in it, when it belongs to another; that one's syncs
    /// are refused from then on
    #[arg(long, conflicts_with_all = ["set", "from_file", "set_file"])]
    pub take_over_index: bool,
}

/// Options of `connector schedule`.
#[derive(Debug, Args)]
pub struct ConnectorSchedule {
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
    /// When full syncs start
    #[arg(long, value_name = "CRON|on|off")]
    pub full: Option<String>,
    /// When incremental syncs start
    #[arg(long, value_name = "CRON|on|off")]
    pub incremental: Option<String>,
    /// When access control syncs start
    #[arg(long, value_name = "CRON|on|off")]
    pub access_control: Option<String>,
}

/// Options of `connector delete`.
#[derive(Debug, Args)]
pub struct ConnectorDelete {
    /// The connector. Always by its id: what config.yml happens to name is not meant by mistake
    #[arg(allow_hyphen_values = true)]
    pub connector_id: String,
    /// Also delete its index with all documents, and the index of identities
    #[arg(long)]
    pub with_index: bool,
    /// Do not ask; needed where nobody can be asked
    #[arg(short, long)]
    pub yes: bool,
}
