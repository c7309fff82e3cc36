//! From a command of the framework to ours.

use super::arguments::{ConnectorPart, FrameworkArguments, JobPart, NAME, Part};
use super::{index, job, login};
use crate::cli::arguments::{Command, OutputFormat};
use crate::cli::connector_arguments::ConnectorCommand;
use crate::cli::context::is_called_as;
use crate::cli::dispatch::{self, look};
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::cli::sync_arguments::SyncCommand;
use crate::config::{Config, LogLevel};
use crate::operations::Installation;

/// Whether the program was started under that name.
pub(in crate::cli) fn is_called() -> bool {
    is_called_as(NAME)
}

/// Carries out a command. The output is for the error that it may end in.
pub(in crate::cli) fn start(arguments: FrameworkArguments) -> (Output, Result<(), CommandError>) {
    let format = arguments.part.format();
    let output = Output::new(format);
    (output, carry_out(arguments, &output))
}

fn carry_out(arguments: FrameworkArguments, output: &Output) -> Result<(), CommandError> {
    let path = arguments.config;
    if let Part::Login(options) = arguments.part {
        return dispatch::runtime()?.block_on(login::login(&path, options, output));
    }
    if !path.exists() {
        let text = format!("{} is not there: run `connectors login` first", path.display());
        return Err(CommandError::Usage(text));
    }
    let ours = |command| look(&path, command, LogLevel::Error, output);
    match arguments.part {
        Part::Login(_) => Ok(()),
        Part::Connector(ConnectorPart::List) => ours(Command::Connector(ConnectorCommand::List)),
        Part::Connector(ConnectorPart::Create { native: true, .. }) => Err(CommandError::Usage(
            "connectors that Elastic runs itself (--native) are not made here: leave the option out".to_owned(),
        )),
        Part::Connector(ConnectorPart::Create { options, .. }) => {
            ours(Command::Connector(ConnectorCommand::Create(*options)))
        }
        Part::Job(JobPart::List { connector_id }) => ours(Command::Sync(SyncCommand::List(job::listed(connector_id)))),
        Part::Job(part) => connected(&path, async |installation| {
            job::carry_out(installation, part, output).await
        }),
        Part::Index(part) => connected(&path, async |installation| {
            index::carry_out(installation, part, output).await
        }),
    }
}

fn connected(
    path: &std::path::Path,
    command: impl AsyncFnOnce(&Installation<'_>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let config = Config::load(path)?;
    dispatch::runtime()?.block_on(async {
        let installation = Installation::connect(&config).await?;
        command(&installation).await
    })
}

impl Part {
    fn format(&self) -> OutputFormat {
        match self {
            Self::Job(JobPart::Start { output, .. } | JobPart::View { output, .. }) => *output,
            _ => OutputFormat::Text,
        }
    }
}
