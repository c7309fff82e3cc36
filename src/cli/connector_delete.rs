//! `jira-connector connector delete`: takes away a connector with its jobs and its API key, and its index when asked to.

use anyhow::Context as _;
use elastic_client::{JobFilter, JobStatus};
use serde_json::json;

use super::connector_arguments::ConnectorDelete;
use super::context;
use super::exit::CommandError;
use super::output::Output;
use super::prompt::{Ask as _, Terminal};
use crate::config::Config;

pub(super) async fn delete(config: &Config, options: ConnectorDelete, output: &Output) -> Result<(), CommandError> {
    let id = options.connector_id;
    let client = context::connect(config).await?;
    let found = client
        .connectors()
        .get(&id)
        .await
        .context("cannot read the connector")?;
    let connector = found.ok_or_else(|| context::no_such_connector(&id))?.value;
    let running = JobFilter {
        connector_ids: Some(vec![id.clone()]),
        statuses: Some(vec![JobStatus::InProgress, JobStatus::Canceling]),
        ..JobFilter::default()
    };
    if let Some(job) = client
        .sync_jobs()
        .list(&running)
        .await
        .context("cannot look for jobs")?
        .first()
    {
        let text = format!(
            "job {} of connector {id} is running; cancel it first with `sync cancel`",
            job.id
        );
        return Err(CommandError::Failed(anyhow::anyhow!(text)));
    }
    let index = connector.index_name.filter(|_| options.with_index);
    if !options.yes {
        let Some(terminal) = Terminal::find() else {
            let text = "deleting has to be confirmed, and there is no terminal to ask on: give --yes";
            return Err(CommandError::Usage(text.to_owned()));
        };
        let what = match &index {
            Some(index) => format!("connector {id}, its jobs, its API key, and index {index} with all its documents"),
            None => format!("connector {id}, its jobs and its API key (the index stays)"),
        };
        if !terminal.confirm(&format!("Delete {what}?"), false)? {
            return Err(CommandError::Interrupted);
        }
    }
    client
        .connectors()
        .delete(&id, true)
        .await
        .context("cannot delete the connector")?;
    let mut deleted = vec![format!("connector {id}")];
    let mut left_over = Vec::new();
    if let Some(key) = &connector.api_key_id {
        match client.api_keys().invalidate(key).await {
            Ok(()) => deleted.push(format!("API key {key}")),
            Err(error) => left_over.push(format!("API key {key}: {error}")),
        }
    }
    for index in index
        .iter()
        .flat_map(|index| [index.clone(), format!(".search-acl-filter-{index}")])
    {
        match client.indices().delete(&index).await {
            Ok(true) => deleted.push(format!("index {index}")),
            Ok(false) => {}
            Err(error) => left_over.push(format!("index {index}: {error}")),
        }
    }
    let text = format!("Deleted {}.", deleted.join(", "));
    output.result(&json!({ "deleted": deleted, "left_over": left_over }), &text);
    if left_over.is_empty() {
        return Ok(());
    }
    Err(CommandError::Failed(anyhow::anyhow!(
        "left over: {}",
        left_over.join("; ")
    )))
}
