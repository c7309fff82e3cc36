//! `jira-connector sync now`: creates a job and runs it in this process, with the same records as the service keeps.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use sync_engine::sync::{Progress, Snapshot};

use super::context;
use super::dry_run;
use super::error::CommandError;
use super::output::Output;
use super::progress_display::{ProgressDisplay, View};
use super::sync_arguments::SyncNow;
use super::sync_watch;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::syncs::{self, HereEnd, SyncRequest};

const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn now(config: &Config, options: SyncNow, output: &Output) -> Result<(), CommandError> {
    if options.dry_run {
        return dry_run::run(config, options, output).await;
    }
    let wanted = SyncRequest {
        connector_id: context::pick_connector(config, options.connector_id)?,
        job_type: options.sync_type.job_type(),
        allow_deletions: options.allow_deletions,
    };
    let installation = Installation::connect(config).await?;
    let job_id = syncs::start(&installation, &wanted).await?.job_id;
    let interrupted = context::cancelled_by_signals();
    let progress = Arc::new(Progress::default());
    let mut display = ProgressDisplay::new(*output);
    let mut redraw = tokio::time::interval(REDRAW_INTERVAL);
    let worker = context::worker_name();
    let running = syncs::run_here(
        &installation,
        &wanted.connector_id,
        &job_id,
        worker,
        &progress,
        &interrupted,
    );
    tokio::pin!(running);
    let end = loop {
        tokio::select! {
            end = &mut running => break end,
            _ = redraw.tick() => display.update(&view(progress.snapshot())),
        }
    };
    display.finish();
    match end? {
        HereEnd::Over(job) => sync_watch::report(*job, output),
        HereEnd::Suspended => {
            output.note(&format!(
                "suspended job {job_id}; a running service or the next `sync start` goes on with it"
            ));
            Err(CommandError::Interrupted)
        }
        HereEnd::NotStarted(reason) => {
            // A service with the same connector may have been faster: then its work is what is watched.
            output.note(&format!("not running it here: {reason}"));
            let job = sync_watch::watch(&installation, &job_id, output, &interrupted).await?;
            sync_watch::report(job, output)
        }
        HereEnd::Lost(reason) => Err(CommandError::Failed(anyhow!("lost the job: {reason}"))),
    }
}

fn view(counts: Snapshot) -> View {
    View {
        phase: counts.phase.as_str().to_owned(),
        indexed: counts.indexed,
        deleted: counts.deleted,
        issues_processed: counts.processed_issues,
        issues_listed: counts.listed_issues,
        listing_ended: counts.listing_ended,
    }
}
