//! `jira-connector verify`: per project Jira's issues against the index's; exit code 1 on a gap.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::arguments::Verify;
use super::context;
use super::exit::CommandError;
use super::output::{Output, table};
use crate::config::Config;
use crate::operations::dry_run::Inspection;
use crate::operations::verify::verify;

pub(super) async fn run(config: &Config, options: Verify, output: &Output) -> Result<(), CommandError> {
    let inspection = inspect(config, options.connector_id).await?;
    let coverage = verify(&inspection)
        .await
        .context("cannot compare Jira with the index")?;
    let json: Vec<Value> = coverage
        .iter()
        .map(|project| {
            json!({
                "project": project.key, "in_jira": project.in_jira, "in_index": project.in_index,
                "left_out_by_rules": project.left_out, "missing": project.missing, "left_over": project.left_over, "outdated": project.outdated,
            })
        })
        .collect();
    let rows: Vec<Vec<String>> = coverage
        .iter()
        .map(|project| {
            let counts = [project.missing.len(), project.left_over.len(), project.outdated.len()];
            let mut row = vec![
                project.key.clone(),
                project.in_jira.to_string(),
                project.in_index.to_string(),
                project.left_out.to_string(),
            ];
            row.extend(counts.map(|count| count.to_string()));
            row
        })
        .collect();
    let mut text = table(
        &[
            "PROJECT",
            "IN JIRA",
            "IN INDEX",
            "LEFT OUT",
            "MISSING",
            "LEFT OVER",
            "OUTDATED",
        ],
        &rows,
    );
    let complete = coverage.iter().all(|project| project.is_complete());
    if complete {
        text += &format!(
            "\nIndex {} has every issue that Jira shows and the sync rules keep, as it is now.",
            inspection.index
        );
    } else {
        text += "\nThere are gaps; `sync start --type full` closes them.";
    }
    output.result(&json!({ "complete": complete, "projects": json }), &text);
    if complete { Ok(()) } else { Err(CommandError::Reported) }
}

/// A connector's Jira and index, opened for reading.
pub(super) async fn inspect(config: &Config, named: Option<String>) -> Result<Inspection, CommandError> {
    let entry = context::pick_connector(config, named)?;
    let client = context::connect(config).await?;
    let id = &entry.connector_id;
    let record = client.connectors().get(id).await.context("cannot read the connector")?;
    let record = record.ok_or_else(|| context::no_such_connector(id))?;
    let opened = Inspection::open(&client, &entry, &record.value, config).await;
    Ok(opened.context("cannot look at Jira and the index")?)
}
