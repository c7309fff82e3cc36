//! The command line of Elastic's connector framework for people, for whoever starts this program under its name,
//! `connectors`. It says the same in other words as our own commands.

mod arguments;
mod asking;
mod index;
mod job;
mod login;

use super::arguments::{Command, OutputFormat};
use super::connector_arguments::ConnectorCommand;
use super::context::is_called_as;
use super::dispatch::{self, look};
use super::error::CommandError;
use super::output::Output;
use super::sync_arguments::SyncCommand;
use crate::config::{Config, LogLevel};
use crate::operations::Installation;

pub(super) use arguments::FrameworkArguments;
use arguments::{ConnectorPart, JobPart, Part};

/// Whether the program was started under that name.
pub(super) fn is_called() -> bool {
    is_called_as(arguments::NAME)
}

/// Carries out a command. The output is for the error that it may end in.
pub(super) fn start(arguments: FrameworkArguments) -> (Output, Result<(), CommandError>) {
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
