//! From a command to the function that carries it out, with the configuration and the log that it needs.

use std::path::Path;

use tracing::warn;

use super::access;
use super::actions;
use super::arguments::{Command, Run};
use super::check;
use super::connector_arguments::ConnectorCommand;
use super::connector_configure;
use super::connector_create;
use super::connector_delete;
use super::connector_schedule;
use super::connector_show;
use super::error::CommandError;
use super::output::Output;
use super::rules;
use super::service;
use super::sync_arguments::SyncCommand;
use super::sync_list;
use super::sync_now;
use super::sync_show;
use super::sync_start;
use super::verify;
use crate::config::{Config, LogFormat, LogLevel};
use crate::telemetry;

/// Runs the service. Level and form of its log come from the file unless they are given.
pub(super) fn serve(
    path: &Path,
    options: &Run,
    level: Option<LogLevel>,
    format: Option<LogFormat>,
) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    let service = &config.service;
    let (level, format) = (level.unwrap_or(service.log_level), format.unwrap_or(service.log_format));
    telemetry::init(level, format, service.log_filter.as_deref())
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
    runtime()?.block_on(service::run(config, options))
}

/// Carries out a command that ends by itself.
pub(super) fn look(path: &Path, command: Command, level: LogLevel, output: &Output) -> Result<(), CommandError> {
    telemetry::init(level, LogFormat::Text, None).map_err(|error| CommandError::Usage(error.to_string()))?;
    let config = Config::load(path)?;
    for warning in &config.warnings {
        output.note(&format!("warning: {warning}"));
    }
    runtime()?.block_on(carry_out(command, &config, output))
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| anyhow::anyhow!("cannot start: {error}").into())
}

async fn carry_out(command: Command, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        Command::Run(options) => service::once(&options, config, output).await,
        Command::ExtractText | Command::Completions { .. } => {
            unreachable!("handled before a configuration is read")
        }
        Command::Check => check::check(config, output).await,
        Command::Verify(options) => verify::run(config, options, output).await,
        Command::Connector(command) => connector(command, config, output).await,
        Command::Rules(command) => rules::run(config, command, output).await,
        Command::Sync(command) => sync(command, config, output).await,
        Command::Access(command) => access::run(command, config, output).await,
        Command::Actions(command) => actions::run(config, command, output).await,
    }
}

async fn connector(command: ConnectorCommand, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        ConnectorCommand::Create(options) => connector_create::create(config, options, output).await,
        ConnectorCommand::List => connector_show::list(config, output).await,
        ConnectorCommand::Show { connector_id } => connector_show::show(config, connector_id, output).await,
        ConnectorCommand::Configure(options) => connector_configure::configure(config, options, output).await,
        ConnectorCommand::Schedule(options) => connector_schedule::schedule(config, options, output).await,
        ConnectorCommand::Delete(options) => connector_delete::delete(config, options, output).await,
    }
}

async fn sync(command: SyncCommand, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        SyncCommand::Start(options) => sync_start::start(config, options, output).await,
        SyncCommand::Now(options) => sync_now::now(config, options, output).await,
        SyncCommand::List(options) => sync_list::list(config, options, output).await,
        SyncCommand::Show { job_id, watch } => sync_show::show(config, &job_id, watch, output).await,
        SyncCommand::Cancel { job_ids } => sync_show::cancel(config, &job_ids, output).await,
    }
}
