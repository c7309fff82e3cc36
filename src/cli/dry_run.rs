//! `jira-connector sync now --dry-run`: what a sync would do, without doing it.

use super::context;
use super::error::CommandError;
use super::output::Output;
use super::sync_arguments::SyncNow;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::dry_run::dry_run;

pub(super) async fn run(config: &Config, options: SyncNow, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let stop = context::cancelled_by_signals();
    let found = dry_run(&installation, &id, &options.sync_type.job_type(), &stop).await?;
    let text = format!(
        "Nothing was written. A sync of {} ({} documents) would add {}, change {}, leave {} as they are and delete {} \
         documents.\nFinding out took {} requests to Jira; new attachments would be downloaded on top.",
        found.index_name, found.indexed, found.added, found.changed, found.unchanged, found.deleted, found.requests
    );
    output.result(&found, &text);
    Ok(())
}
