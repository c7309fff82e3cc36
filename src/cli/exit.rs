//! From the command line to an exit code: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use thiserror::Error;
use tracing::warn;

use super::access;
use super::arguments::{Arguments, Command, OutputFormat, Run};
use super::check;
use super::connector_arguments::ConnectorCommand;
use super::connector_configure;
use super::connector_create;
use super::connector_delete;
use super::connector_schedule;
use super::connector_show;
use super::elastic_ingest::{self, IngestArguments};
use super::output::Output;
use super::rules;
use super::run;
use super::sync_arguments::SyncCommand;
use super::sync_list;
use super::sync_now;
use super::sync_show;
use super::sync_start;
use super::verify;
use crate::config::{Config, ConfigError, LogFormat, LogLevel};
use crate::inbound::text_extraction;
use crate::telemetry;

/// The reasons why a command did not do what it was asked.
#[derive(Debug, Error)]
pub(super) enum CommandError {
    /// The configuration file cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// It was tried and failed.
    #[error("{0:#}")]
    Failed(#[from] anyhow::Error),
    /// Everything that can be said was printed already.
    #[error("")]
    Reported,
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) => 2,
            Self::Failed(_) | Self::Reported => 1,
            Self::Interrupted => 130,
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let (output, done) = if elastic_ingest::is_called() {
        let output = Output::new(OutputFormat::Text);
        (output, elastic_ingest::start(IngestArguments::parse(), &output))
    } else {
        let arguments = Arguments::parse();
        if matches!(arguments.command, Command::ExtractText) {
            return text_extraction::run_child(std::io::stdin().lock(), std::io::stdout().lock());
        }
        let output = Output::new(arguments.output);
        (output, start(arguments, &output))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, CommandError::Reported) {
                output.error(&error.to_string());
            }
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(arguments: Arguments, output: &Output) -> Result<(), CommandError> {
    if let Command::Completions { shell } = arguments.command {
        output.completions(shell);
        return Ok(());
    }
    if let Command::Run(options) = &arguments.command
        && run::serves(options)
    {
        let level = match arguments.verbose {
            0 => None,
            1 => Some(LogLevel::Debug),
            _ => Some(LogLevel::Trace),
        };
        return serve(&arguments.config, options, level, None);
    }
    let level = match arguments.verbose {
        0 => LogLevel::Error,
        1 => LogLevel::Info,
        _ => LogLevel::Debug,
    };
    look(&arguments.config, arguments.command, level, output)
}

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
    runtime()?.block_on(run::run(config, options))
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

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| anyhow::anyhow!("cannot start: {error}").into())
}

async fn carry_out(command: Command, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        Command::Run(options) => run::once(&options, config, output).await,
        Command::ExtractText | Command::Completions { .. } => {
            unreachable!("handled before a configuration is read")
        }
        Command::Check => check::check(config, output).await,
        Command::Verify(options) => verify::run(config, options, output).await,
        Command::Connector(command) => connector(command, config, output).await,
        Command::Rules(command) => rules::run(config, command, output).await,
        Command::Sync(command) => sync(command, config, output).await,
        Command::Access(command) => access::run(command, config, output).await,
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
