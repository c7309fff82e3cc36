//! From the command line to an exit code: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted.

use std::process::ExitCode;

use clap::Parser;

use super::actions::ActionsCommand;
use super::arguments::{Arguments, Command, OutputFormat};
use super::dispatch::{look, serve};
use super::elastic_ingest::{self, IngestArguments};
use super::error::CommandError;
use super::framework_connectors::{self, FrameworkArguments};
use super::output::Output;
use super::service;
use crate::config::LogLevel;
use crate::http::openapi;
use crate::operations::extract_text;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let (output, done) = if elastic_ingest::is_called() {
        let output = Output::new(OutputFormat::Text);
        (output, elastic_ingest::start(IngestArguments::parse(), &output))
    } else if framework_connectors::is_called() {
        framework_connectors::start(FrameworkArguments::parse())
    } else {
        let arguments = Arguments::parse();
        if matches!(arguments.command, Command::ExtractText) {
            return extract_text(std::io::stdin().lock(), std::io::stdout().lock());
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
    if let Command::Actions(ActionsCommand::Openapi) = arguments.command {
        output.document(&openapi());
        return Ok(());
    }
    if let Command::Run(options) = &arguments.command {
        service::refuse_mixtures(options)?;
    }
    if let Command::Run(options) = &arguments.command
        && service::serves(options)
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
