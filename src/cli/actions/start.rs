//! From a command of `actions` to the function that carries it out.

use super::arguments::ActionsCommand;
use super::{changing, looking, running, setup};
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::config::Config;
use crate::operations::actions::Actions;

/// What stands for the caller in records: whoever may use this config.yml.
pub(super) const CALLER: &str = "command line";

pub(in crate::cli) async fn run(config: &Config, command: ActionsCommand, output: &Output) -> Result<(), CommandError> {
    let actions = Actions::new(config)?;
    match command {
        ActionsCommand::Setup => setup::setup(config, &actions, output).await,
        ActionsCommand::Types { id: None } => looking::types(&actions, output),
        ActionsCommand::Types { id: Some(id) } => looking::describe(&actions, &id, output),
        ActionsCommand::List => looking::list(&actions, output).await,
        ActionsCommand::Show { id } => looking::show(&actions, &id, output).await,
        ActionsCommand::Create(options) => changing::create(&actions, options, output).await,
        ActionsCommand::Update(options) => changing::update(&actions, options, output).await,
        ActionsCommand::Delete { id, yes } => changing::delete(&actions, &id, yes, output).await,
        ActionsCommand::Test { id } => running::test(&actions, &id, output).await,
        ActionsCommand::Execute(options) => running::execute(&actions, options, output).await,
        ActionsCommand::Executions { id, outcome, size } => {
            looking::executions(&actions, &id, outcome.map(Into::into), size, output).await
        }
        ActionsCommand::Openapi => unreachable!("handled before a configuration is read"),
        ActionsCommand::RotateKey { dry_run } => setup::rotate_key(&actions, dry_run, output).await,
    }
}
