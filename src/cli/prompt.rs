//! Asking somebody who sits at the terminal. Everywhere else there is nobody to ask, and that is an error of its own.
//!
//! The commands decide what to ask for.

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;
use dialoguer::{Confirm, Input, Password, Select};

use super::error::CommandError;

/// Somebody who can answer. Answers to `secret` are not shown while they are typed.
pub(super) trait Ask {
    fn text(&self, question: &str, suggested: &str, may_be_empty: bool) -> Result<String, CommandError>;
    fn secret(&self, question: &str) -> Result<String, CommandError>;
    fn choose(&self, question: &str, choices: &[&str], suggested: usize) -> Result<usize, CommandError>;
    fn confirm(&self, question: &str, suggested: bool) -> Result<bool, CommandError>;
}

/// The terminal that the program was started from.
pub(super) struct Terminal;

impl Terminal {
    /// Whether somebody can read a question there and type an answer. Questions go to standard error.
    pub(super) fn find() -> Option<Self> {
        (io::stdin().is_terminal() && io::stderr().is_terminal()).then_some(Self)
    }
}

fn answered<T>(answer: dialoguer::Result<T>) -> Result<T, CommandError> {
    match answer {
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Err(CommandError::Interrupted)
        }
        answer => Ok(answer.context("cannot ask on this terminal")?),
    }
}

impl Ask for Terminal {
    fn text(&self, question: &str, suggested: &str, may_be_empty: bool) -> Result<String, CommandError> {
        let mut input = Input::<String>::new().with_prompt(question).allow_empty(may_be_empty);
        if !suggested.is_empty() {
            input = input.default(suggested.to_owned());
        }
        answered(input.interact_text())
    }

    fn secret(&self, question: &str) -> Result<String, CommandError> {
        answered(Password::new().with_prompt(question).interact())
    }

    fn choose(&self, question: &str, choices: &[&str], suggested: usize) -> Result<usize, CommandError> {
        let select = Select::new().with_prompt(question).items(choices).default(suggested);
        answered(select.interact())
    }

    fn confirm(&self, question: &str, suggested: bool) -> Result<bool, CommandError> {
        answered(Confirm::new().with_prompt(question).default(suggested).interact())
    }
}
