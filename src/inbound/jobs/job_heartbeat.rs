//! Runs the sync of a claimed job and its heartbeat side by side, and says how it ended.

use std::sync::Arc;

use elastic_client::{JobType, SyncJobRecord};
use sync_engine::sync::{SyncCursor, WriteFence};

use super::job_end::JobEnd;
use super::job_failure::JobFailure;
use super::job_lease::JobLease;
use super::job_report::{JobReport, WatchedConnector};
use super::job_runner::JobRunner;
use crate::coordination::stop::{JobStop, StopReason};

impl JobRunner {
    /// The sync and its heartbeat side by side; the sync ends first, in whatever way.
    pub(super) async fn run_claimed(
        &self,
        lease: &JobLease,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> (JobEnd, Option<SyncCursor>) {
        let heartbeat = async {
            let connector = WatchedConnector {
                client: &self.client,
                id: &self.connector.connector_id,
            };
            report.keep_alive(lease, &connector, stop).await;
            // It only returns after it stopped the job; the sync has to notice that.
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = self.work(job, report, stop, fence) => result,
            () = heartbeat => unreachable!("the heartbeat never ends by itself"),
        };
        let end = match (result, stop.reason()) {
            (Ok(cursor), _) => return (JobEnd::Completed, cursor),
            (Err(_), Some(StopReason::Canceled)) => JobEnd::Canceled,
            (Err(_), Some(StopReason::Shutdown)) => JobEnd::Suspended,
            (Err(_), Some(StopReason::Lost(reason))) => JobEnd::Lost(reason),
            (Err(_), Some(StopReason::Failed(reason))) => JobEnd::Failed(reason),
            (Err(failure), None) if failure.passes() => JobEnd::FailedForNow(failure.to_string()),
            (Err(failure), None) => JobEnd::Failed(failure.to_string()),
        };
        (end, None)
    }

    /// Runs the sync that the job asks for. Returns the new cursor of a content sync.
    async fn work(
        &self,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> Result<Option<SyncCursor>, JobFailure> {
        if job.job_type == Some(JobType::AccessControl) {
            self.access_control(job, report, stop, fence).await?;
            return Ok(None);
        }
        let summary = self.sync(job, report, stop, fence).await?;
        Ok(Some(summary.cursor))
    }
}
