//! The command line of Elastic's connector service, for whoever starts this program under its name, `elastic-ingest`:
//! containers, unit files and scripts go on as they are.
//!
//! It says the same in other words as `run`; `--action list` and `--action config` answer as there.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use serde_json::json;

use super::arguments::{Command, Run, RunAction};
use super::context::is_called_as;
use super::dispatch;
use super::error::CommandError;
use super::output::Output;
use super::service;
use crate::config::{Config, LogFormat, LogLevel};
use crate::operations::connectors::default_configuration;

const NAME: &str = "elastic-ingest";

/// jira-connector, started under the name of Elastic's connector service. `jira-connector --help` has more.
#[derive(Debug, Parser)]
#[command(name = NAME, version, disable_version_flag = true)]
pub(super) struct IngestArguments {
    /// The service's configuration
    #[arg(short = 'c', long = "config-file", value_name = "FILE", default_value = "config.yml")]
    config_file: PathBuf,
    /// Least severe level that is logged, in place of `service.log_level`
    #[arg(long, value_enum, ignore_case = true, conflicts_with = "debug")]
    log_level: Option<LevelName>,
    /// The same as --log-level DEBUG
    #[arg(long)]
    debug: bool,
    /// Log ECS JSON lines, as `service.log_format: ecs_json` does
    #[arg(long)]
    filebeat: bool,
    /// What to do; may be repeated. Without it: everything but list and config
    #[arg(long, value_enum, ignore_case = true)]
    action: Vec<RunAction>,
    /// For the actions list and config; only jira is served here
    #[arg(long, value_parser = ["jira"])]
    service_type: Option<String>,
    /// Accepted, no effect: there is no event loop to choose
    #[arg(long, hide = true)]
    uvloop: bool,
    /// Print the version
    #[arg(short = 'v', long = "version", action = clap::ArgAction::Version)]
    version: (),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum LevelName {
    Debug,
    Info,
    #[value(alias = "WARN")]
    Warning,
    #[value(aliases = ["CRITICAL", "FATAL"])]
    Error,
}

impl From<LevelName> for LogLevel {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Debug => Self::Debug,
            LevelName::Info => Self::Info,
            LevelName::Warning => Self::Warn,
            LevelName::Error => Self::Error,
        }
    }
}

/// Whether the program was started under that name, by a link to it or by a copy.
pub(super) fn is_called() -> bool {
    is_called_as(NAME)
}

pub(super) fn start(arguments: IngestArguments, output: &Output) -> Result<(), CommandError> {
    let options = Run {
        actions: arguments.action,
    };
    service::refuse_mixtures(&options)?;
    let level = arguments.log_level.map(LogLevel::from);
    let level = level.or(arguments.debug.then_some(LogLevel::Debug));
    let path = &arguments.config_file;
    match options.actions.as_slice() {
        [RunAction::Config] => return show_default_configuration(path, arguments.service_type.as_deref(), output),
        [RunAction::List] => {
            let types = json!({ "registered_connectors": ["Jira"] });
            output.result(&types, "Registered connectors:\n- Jira\n");
            // What Elasticsearch holds is more than the framework says here, so its absence is no error.
            return match dispatch::look(path, Command::Run(options), level.unwrap_or(LogLevel::Error), output) {
                Err(CommandError::Operation(error)) => {
                    output.note(&format!("connector records are not shown: {error}"));
                    Ok(())
                }
                other => other,
            };
        }
        _ => {}
    }
    let format = arguments.filebeat.then_some(LogFormat::EcsJson);
    dispatch::serve(&arguments.config_file, &options, level, format)
}

/// The fields of a connector with their initial values, as the framework prints them.
fn show_default_configuration(path: &Path, service_type: Option<&str>, output: &Output) -> Result<(), CommandError> {
    Config::load(path)?;
    let Some(service_type) = service_type else {
        let text = "the action config needs --service-type jira: it prints the default configuration of that type";
        return Err(CommandError::Usage(text.to_owned()));
    };
    let fields = default_configuration();
    let json = serde_json::to_string_pretty(&fields).expect("a map of JSON values");
    output.note(&format!(
        "Getting default configuration for service type {service_type}"
    ));
    output.result(&fields, &json);
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use test_case::test_case;

    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        IngestArguments::command().debug_assert();
    }

    #[test_case(&["-c", "/config/config.yml"]; "as in the documentation")]
    #[test_case(&["--config-file", "a.yml", "--log-level", "debug", "--filebeat"]; "levels in any case")]
    #[test_case(&["--action", "schedule", "--action", "sync_content", "--debug"]; "some actions")]
    #[test_case(&["--action", "list", "--service-type", "jira", "--uvloop"]; "list")]
    #[test_case(&["--action", "LIST"]; "actions in any case")]
    #[test_case(&["--action", "config", "--service-type", "jira"]; "config")]
    fn what_the_framework_takes_is_taken(options: &[&str]) {
        IngestArguments::try_parse_from([&[NAME], options].concat()).unwrap();
    }
}
