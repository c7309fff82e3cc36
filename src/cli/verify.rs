//! `jira-connector verify`: per project Jira's issues against the index's; exit code 1 on a gap.

use super::arguments::Verify;
use super::context;
use super::error::CommandError;
use super::output::{Output, table};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::verify::verify;

pub(super) async fn run(config: &Config, options: Verify, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let coverage = verify(&installation, &id).await?;
    let rows: Vec<Vec<String>> = coverage
        .projects
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
    let header = [
        "PROJECT",
        "IN JIRA",
        "IN INDEX",
        "LEFT OUT",
        "MISSING",
        "LEFT OVER",
        "OUTDATED",
    ];
    let mut text = table(&header, &rows);
    if coverage.complete {
        text += &format!(
            "\nIndex {} has every issue that Jira shows and the sync rules keep, as it is now.",
            coverage.index_name
        );
    } else {
        text += "\nThere are gaps; `sync start --type full` closes them.";
    }
    if coverage.stored_in_part > 0 {
        text += &format!(
            "\n{} documents are stored in part, because of their size or of values that Elasticsearch refuses. They are \
             found by the rest; another sync stores the same.",
            coverage.stored_in_part
        );
        for part in &coverage.parts_missing {
            text += &format!("\n  {}: {}", part.id, part.notes.join("; "));
        }
        let unnamed = coverage
            .stored_in_part
            .saturating_sub(coverage.parts_missing.len() as u64);
        if unnamed > 0 {
            text += &format!("\n  and {unnamed} more");
        }
    }
    output.result(&coverage, &text);
    if coverage.complete {
        Ok(())
    } else {
        Err(CommandError::Reported)
    }
}
