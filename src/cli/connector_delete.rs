//! `jira-connector connector delete`: has a deletion confirmed and says what is gone.

use super::connector_arguments::ConnectorDelete;
use super::error::CommandError;
use super::output::Output;
use super::prompt::{Ask as _, Terminal};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::connectors::{self, DeletionPlan};

pub(super) async fn delete(config: &Config, options: ConnectorDelete, output: &Output) -> Result<(), CommandError> {
    let installation = Installation::connect(config).await?;
    let plan = connectors::plan_deletion(&installation, &options.connector_id, options.with_index).await?;
    if !options.yes {
        confirm(&plan)?;
    }
    let done = connectors::delete(&installation, &plan).await?;
    output.result(&done, &format!("Deleted {}.", done.deleted.join(", ")));
    if done.left_over.is_empty() {
        return Ok(());
    }
    let text = format!("left over: {}", done.left_over.join("; "));
    Err(CommandError::Failed(anyhow::anyhow!(text)))
}

fn confirm(plan: &DeletionPlan) -> Result<(), CommandError> {
    let Some(terminal) = Terminal::find() else {
        let text = "deleting has to be confirmed, and there is no terminal to ask on: give --yes";
        return Err(CommandError::Usage(text.to_owned()));
    };
    let id = &plan.connector_id;
    let what = match &plan.index_name {
        Some(index) => format!("connector {id}, its jobs, its API key, and index {index} with all its documents"),
        None => format!("connector {id}, its jobs and its API key (the index stays)"),
    };
    match terminal.confirm(&format!("Delete {what}?"), false)? {
        true => Ok(()),
        false => Err(CommandError::Interrupted),
    }
}
