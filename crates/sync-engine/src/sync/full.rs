//! The full sync: every project, issue and attachment in scope is written, and what Jira no longer shows is removed.
//!
//! Read `run_full` as the table of contents. Issues are fetched in `issues`, files in `attachments`, removals are
//! proved in `deletion`. Claiming a job and reporting on it is left to `service`.

use std::sync::Arc;

use chrono::TimeDelta;
use tracing::info;

use super::attachments::IndexedAttachments;
use super::boards;
use super::checkpoint::Checkpoint;
use super::content_sync::{ContentSync, SyncResult, SyncSummary};
use super::cursor::SyncCursor;
use super::diff::{Evidence, Synced};
use super::document::Document;
use super::error::SyncError;
use super::id_set::IdSet;
use super::issues::{self, Wanted};
use super::kept_access;
use super::progress::Phase;
use super::projects;
use super::reconcile::reconcile;
use super::sink::{IndexSelection, Sink};
use super::source::{IssueSelection, Source};

/// Times in queries may be compared by the minute only, and search is behind by some seconds: what was created or
/// changed this long before a checkpoint is fetched again.
const RESUME_OVERLAP: TimeDelta = TimeDelta::minutes(5);

impl<S: Source, K: Sink> ContentSync<S, K> {
    pub(super) async fn run_full(self: &Arc<Self>, resume: Option<Checkpoint>) -> SyncResult {
        self.progress.enter(Phase::Syncing);
        let started = resume
            .as_ref()
            .map_or_else(|| self.source.opened_at(), |checkpoint| checkpoint.started);
        let projects = self.source.projects().await?;
        let boards = boards::read(self).await?;
        // They are written last, when new fields would cost most.
        self.sink.announce(&projects.iter().collect::<Vec<_>>());
        let attachments = if self.sink.seems_empty().await? {
            Arc::default()
        } else {
            Arc::new(IndexedAttachments::read(self.sink.as_ref()).await?)
        };
        let (wanted, mut synced) = match &resume {
            Some(checkpoint) => (self.unfinished(checkpoint, &projects).await?, Synced::default()),
            None => (Wanted::All, Synced::of_all_listed()),
        };
        let listing = issues::sync_all(self, &attachments, wanted, &mut synced).await?;
        if listing.is_empty()
            && !projects.is_empty()
            && let Some(issue) = self.source.any_issue().await?
        {
            return Err(SyncError::NothingListed(issue));
        }

        self.progress.enter(Phase::Flushing);
        let mut last = projects::admit(self, projects, &mut synced);
        last.extend(boards::admit(self, boards, &mut synced));
        let flushed = self.sink.flush().await?;
        self.count_files_without_text(resume.is_some()).await?;

        self.progress.enter(Phase::Reconciling);
        let sealed = synced.seal(&flushed.rejected_issues);
        kept_access::deny_older(self, &flushed.rejected_issues, |id| sealed.wrote(id)).await?;
        let absent = sealed.absent().count();
        if absent > 0 && absent >= listing.len() {
            return Err(SyncError::NothingDelivered(listing.len()));
        }
        let nothing_left_over = flushed.all_stored
            && absent == 0
            && self.sink.count().await? + projects::not_indexed(self, &last).await? == sealed.documents();
        let kept = if nothing_left_over {
            self.source.confirm_account().await?;
            0
        } else {
            let evidence = Evidence::Listing(&listing);
            reconcile(self, &attachments, &sealed, evidence, IndexSelection::Everything).await?
        };

        let retry = self.retry_list(&[]).await?;
        projects::write(self, last).await?;
        self.progress.requests(self.source.requests());
        self.progress.enter(Phase::Finished);
        let cursor = SyncCursor::after_full(started, retry, self.options.rules_fingerprint.clone())
            .with_access(self.source.access_form())
            .with_content(self.source.content_form())
            .with_scope(self.source.scope_form());
        Ok(SyncSummary {
            counts: self.progress.snapshot(),
            kept_without_proof: kept,
            cursor,
        })
    }

    /// The work that an interrupted run left: issues created after its checkpoint, changed since it began, failed, not in
    /// the index, or not among those that it has seen.
    async fn unfinished(&self, checkpoint: &Checkpoint, projects: &[Document]) -> Result<Wanted, SyncError> {
        let Some(created_before) = checkpoint.created_before else {
            return Ok(Wanted::All);
        };
        if checkpoint.form != self.document_form() {
            // Permissions or this program have changed since: what is indexed has readers or content of another form.
            info!("documents have another form than the interrupted run wrote: reading everything again");
            return Ok(Wanted::All);
        }
        if !self.options.rules.keeps_everything() {
            // What the rules leave out is not written down in the checkpoint, and its older version may be indexed.
            info!("the sync rules leave documents out: reading everything again");
            return Ok(Wanted::All);
        }
        let listed = issues::list_ids(self, IssueSelection::All).await?;
        let Some(doubtful) = checkpoint.covered.doubtful(&listed) else {
            info!("the issue that the interrupted run came to is gone: reading everything again");
            return Ok(Wanted::All);
        };
        let selection = IssueSelection::Since {
            created: created_before - RESUME_OVERLAP,
            updated: checkpoint.started - RESUME_OVERLAP,
        };
        let mut ids: IdSet = issues::list_ids(self, selection).await?.into_iter().collect();
        ids.extend(checkpoint.failed.iter().copied());
        ids.extend(doubtful);
        let indexed = projects::indexed_issues(self, projects).await?;
        info!(issues = ids.len(), created_before = %created_before, "going on where the job was interrupted");
        Ok(Wanted::TheseAndWhatIsNotIndexed { ids, indexed })
    }
}
