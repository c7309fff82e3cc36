//! `jira-connector sync now --dry-run`: what a sync would do, without doing it.

use anyhow::Context as _;
use serde_json::json;

use super::context;
use super::exit::CommandError;
use super::output::Output;
use super::sync_arguments::{SyncNow, SyncType};
use super::verify;
use crate::config::Config;

pub(super) async fn run(config: &Config, options: SyncNow, output: &Output) -> Result<(), CommandError> {
    if options.sync_type == SyncType::AccessControl {
        let text = "a dry run is for content; `access show USER` says what an access control sync would let a user see";
        return Err(CommandError::Usage(text.to_owned()));
    }
    let inspection = verify::inspect(config, options.connector_id).await?;
    let index = inspection.index.clone();
    let stop = context::cancelled_by_signals();
    let incremental = options.sync_type == SyncType::Incremental;
    let found = inspection.dry_run(incremental, &stop).await;
    if stop.is_cancelled() {
        return Err(CommandError::Interrupted);
    }
    let found = found.context("cannot tell what a sync would do")?;
    let forecast = found.forecast;
    let result = json!({
        "index_name": index,
        "indexed": found.indexed,
        "added": forecast.added,
        "changed": forecast.changed,
        "unchanged": forecast.unchanged,
        "deleted": forecast.deleted,
        "requests": found.requests,
    });
    let text = format!(
        "Nothing was written. A sync of {index} ({} documents) would add {}, change {}, leave {} as they are and delete \
         {} documents.\nFinding out took {} requests to Jira; new attachments would be downloaded on top.",
        found.indexed, forecast.added, forecast.changed, forecast.unchanged, forecast.deleted, found.requests
    );
    output.result(&result, &text);
    Ok(())
}
