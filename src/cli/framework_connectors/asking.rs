//! Questions as the framework asks them: on the terminal, or answered from a pipe.

use std::io::{self, BufRead as _};

use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::cli::prompt::{Ask as _, Terminal};

/// A text; one that is typed at a terminal is not shown when it is secret.
pub(super) fn text(question: &str, is_secret: bool, output: &Output) -> Result<String, CommandError> {
    match Terminal::find() {
        Some(terminal) if is_secret => terminal.secret(question),
        Some(terminal) => terminal.text(question, "", false),
        None => {
            output.note(&format!("{question}:"));
            line()
        }
    }
}

/// Whether somebody agrees. Nobody to ask is no agreement.
pub(super) fn confirm(question: &str, output: &Output) -> Result<(), CommandError> {
    let agrees = match Terminal::find() {
        Some(terminal) => terminal.confirm(question, false)?,
        None => {
            output.note(&format!("{question} [y/N]:"));
            matches!(line()?.to_lowercase().as_str(), "y" | "yes")
        }
    };
    if agrees {
        Ok(())
    } else {
        Err(CommandError::Usage("nothing was done: it was not confirmed".to_owned()))
    }
}

fn line() -> Result<String, CommandError> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| anyhow::anyhow!("cannot read an answer: {error}"))?;
    Ok(line.trim().to_owned())
}
