//! `jira-connector sync start`: asks the service for a sync.

use super::context;
use super::error::CommandError;
use super::output::Output;
use super::sync_arguments::SyncStart;
use super::sync_watch;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::syncs::{self, SyncRequest};

pub(super) async fn start(config: &Config, options: SyncStart, output: &Output) -> Result<(), CommandError> {
    let wanted = SyncRequest {
        connector_id: context::pick_connector(config, options.connector_id)?,
        job_type: options.sync_type.job_type(),
        allow_deletions: options.allow_deletions,
    };
    let installation = Installation::connect(config).await?;
    let started = syncs::start(&installation, &wanted).await?;
    if !options.watch {
        let id = &started.job_id;
        let text = format!("Created job {id}; a running `jira-connector run` takes it up at its next poll.");
        output.result(&started, &text);
        return Ok(());
    }
    let interrupted = context::cancelled_by_signals();
    let job = sync_watch::watch(&installation, &started.job_id, output, &interrupted).await?;
    sync_watch::report(job, output)
}
