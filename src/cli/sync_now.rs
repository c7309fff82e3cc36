//! `jira-connector sync now`: creates a job and runs it in this process, with the same records as the service keeps.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use sync_engine::sync::{Progress, Snapshot};

use super::context;
use super::dry_run;
use super::exit::CommandError;
use super::output::Output;
use super::progress_display::{ProgressDisplay, View};
use super::sync_arguments::SyncNow;
use super::sync_start;
use super::sync_watch;
use crate::config::Config;
use crate::inbound::jobs::job_runner::JobEnd;
use crate::inbound::jobs::job_runner::JobRunner;

const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn now(config: &Config, options: SyncNow, output: &Output) -> Result<(), CommandError> {
    if options.dry_run {
        return dry_run::run(config, options, output).await;
    }
    let connector = context::pick_connector(config, options.connector_id)?;
    let client = context::connect(config).await?;
    let job_id = sync_start::create_job(
        &client,
        &connector.connector_id,
        options.sync_type,
        options.allow_deletions,
    )
    .await?;
    let interrupted = context::cancelled_by_signals();
    let runner = JobRunner {
        client: client.clone(),
        connector,
        bulk: config.elasticsearch.bulk.clone(),
        jira: config.jira.clone(),
        max_file_size: config.service.max_file_download_size,
        extraction_service: config.extraction_service.clone(),
        idle_job_timeout: config.service.idle_job_timeout,
        worker: context::worker_name(),
    };
    let progress = Arc::new(Progress::default());
    let mut display = ProgressDisplay::new(*output);
    let mut redraw = tokio::time::interval(REDRAW_INTERVAL);
    let running = runner.run(&job_id, &progress, &interrupted);
    tokio::pin!(running);
    let end = loop {
        tokio::select! {
            end = &mut running => break end,
            _ = redraw.tick() => display.update(&view(progress.snapshot())),
        }
    };
    display.finish();
    match end.context("cannot run the sync")? {
        JobEnd::Suspended => {
            output.note(&format!(
                "suspended job {job_id}; a running service or the next `sync start` goes on with it"
            ));
            Err(CommandError::Interrupted)
        }
        JobEnd::NotStarted(reason) => {
            // A service with the same connector may have been faster: then its work is what is watched.
            output.note(&format!("not running it here: {reason}"));
            let job = sync_watch::watch(&client, &job_id, output, &interrupted).await?;
            sync_watch::report(&job_id, &job, output)
        }
        JobEnd::Lost(reason) => Err(CommandError::Failed(anyhow!("lost the job: {reason}"))),
        JobEnd::Completed | JobEnd::Failed(_) | JobEnd::Canceled => {
            let job = client.sync_jobs().get(&job_id).await.context("cannot read the job")?;
            let job = job.ok_or_else(|| anyhow!("the record of job {job_id} was deleted"))?;
            sync_watch::report(&job_id, &job.value, output)
        }
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
