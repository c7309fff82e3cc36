//! The commands and options of the framework, as its documents name them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cli::arguments::OutputFormat;
use crate::cli::connector_arguments::ConnectorCreate;
use crate::cli::sync_arguments::SyncType;

pub(super) const NAME: &str = "connectors";

/// jira-connector, started under the name of the framework's command line. `jira-connector --help` has more.
#[derive(Debug, Parser)]
#[command(name = NAME, version, disable_version_flag = true, disable_help_subcommand = true)]
pub(in crate::cli) struct FrameworkArguments {
    /// Where `login` keeps the address and the credential
    #[arg(
        short = 'c',
        long,
        value_name = "FILE",
        default_value = ".cli/config.yml",
        global = true
    )]
    pub(super) config: PathBuf,
    #[command(subcommand)]
    pub(super) part: Part,
    /// Print the version
    #[arg(short = 'v', long = "version", action = clap::ArgAction::Version)]
    version: (),
}

#[derive(Debug, Subcommand)]
pub(super) enum Part {
    /// Check an address and a credential of Elasticsearch, and keep them for the other commands
    Login(Login),
    /// Connectors: list, create
    #[command(subcommand)]
    Connector(ConnectorPart),
    /// Indices: list, clean, delete
    #[command(subcommand)]
    Index(IndexPart),
    /// Sync jobs: start, list, view, cancel
    #[command(subcommand)]
    Job(JobPart),
}

#[derive(Debug, Args)]
pub(super) struct Login {
    /// Address of Elasticsearch; asked for without
    #[arg(long, value_name = "URL")]
    pub(super) host: Option<String>,
    /// How to sign in
    #[arg(long, value_enum, ignore_case = true, default_value_t = Method::Basic)]
    pub(super) method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// User name and password
    Basic,
    /// An API key in its encoded form
    Apikey,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConnectorPart {
    /// List the connectors
    List,
    /// Make an index, a connector and its API key
    Create {
        /// Not served here
        #[arg(long)]
        native: bool,
        #[command(flatten)]
        options: Box<ConnectorCreate>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum IndexPart {
    /// List the indices with the number of their documents
    List,
    /// Delete every document of an index; asks first
    Clean {
        /// The index
        index: String,
    },
    /// Delete an index; asks first
    Delete {
        /// The index
        index: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum JobPart {
    /// Start a sync
    Start {
        /// The connector
        #[arg(
            short = 'i',
            value_name = "CONNECTOR_ID",
            required = true,
            allow_hyphen_values = true
        )]
        connector_id: String,
        /// What to sync
        #[arg(short = 't', value_enum, required = true)]
        job_type: SyncType,
        /// How to print it
        #[arg(short = 'o', long = "format", value_enum, default_value_t = OutputFormat::Text)]
        output: OutputFormat,
    },
    /// List the jobs of a connector
    List {
        /// The connector
        #[arg(allow_hyphen_values = true)]
        connector_id: String,
    },
    /// Cancel a job; asks first
    Cancel {
        /// The job
        #[arg(allow_hyphen_values = true)]
        job_id: String,
    },
    /// Show a job
    View {
        /// The job
        #[arg(allow_hyphen_values = true)]
        job_id: String,
        /// How to print it
        #[arg(short = 'o', long = "format", value_enum, default_value_t = OutputFormat::Text)]
        output: OutputFormat,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use test_case::test_case;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        FrameworkArguments::command().debug_assert();
    }

    #[test_case(&["login", "--host", "http://localhost:9200", "--method", "apikey"]; "login")]
    #[test_case(&["-c", "other.yml", "connector", "list"]; "another file")]
    #[test_case(&["connector", "create", "--index-name", "jira", "--service-type", "jira", "--from-file", "v.json", "--update-config", "--connector-service-config", "config.yml"]; "create")]
    #[test_case(&["index", "clean", "jira"]; "clean")]
    #[test_case(&["job", "start", "-i", "abc", "-t", "access_control", "-o", "json"]; "start")]
    #[test_case(&["job", "list", "abc"]; "jobs")]
    #[test_case(&["job", "view", "-o", "json", "abc"]; "view")]
    #[test_case(&["job", "cancel", "-abc"]; "an id that begins with a dash")]
    fn what_the_framework_takes_is_taken(options: &[&str]) {
        FrameworkArguments::try_parse_from([&[NAME], options].concat()).unwrap();
    }
}
