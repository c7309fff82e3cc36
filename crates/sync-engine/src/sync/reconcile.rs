//! Removing what is left over after everything was written, with the proof that deletion asks for.

use std::sync::Arc;

use tracing::{info, warn};

use super::attachments::IndexedAttachments;
use super::content_sync::ContentSync;
use super::deletion;
use super::diff::{Evidence, SealedSynced, Synced};
use super::error::SyncError;
use super::id_set::IdSet;
use super::issues;
use super::listing::IssueId;
use super::sink::{IndexSelection, Sink};
use super::source::{ItemFailure, Source};

/// A share of the listing in percent: above it, issues that search left out mean that its index cannot be trusted.
const MAX_LAGGING_PERCENT: f64 = 1.0;
/// Why an issue is on the retry list that Jira says is there.
const NOT_DELIVERED: &str = "Jira says that it can be read, and does not deliver it";

/// Looks for leftovers among the selected documents, proves them and removes them. Returns how many stay because nobody
/// could say whether they are gone.
pub(super) async fn reconcile<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    attachments: &Arc<IndexedAttachments>,
    sealed: &SealedSynced,
    evidence: Evidence<'_>,
    selection: IndexSelection,
) -> Result<u64, SyncError> {
    sync.source.confirm_account().await?;
    let leftovers = deletion::find_leftovers(sync.sink.as_ref(), sealed, evidence, selection).await?;
    let proof = deletion::prove(sync.source.as_ref(), leftovers, sealed, evidence).await?;
    for unknown in &proof.unknown {
        warn!(
            item = unknown,
            "kept a document because Jira gave no clear answer about it"
        );
        sync.progress.skipped("deletion", unknown);
    }
    for unread in &proof.unread {
        sync.progress.skipped(&unread.item, &unread.reason);
        sync.failed_issue(unread);
    }
    index_lagging(sync, attachments, &proof.lagging, evidence).await?;
    let kept = proof.unknown.len() as u64;
    if proof.deletions() > 0 || !proof.issues.is_empty() {
        // To somebody who is not logged in any more everything is gone, also an issue that has no document yet.
        sync.source.confirm_account().await?;
    }
    if proof.deletions() > 0 {
        info!(
            deletions = proof.deletions(),
            "removing what Jira does not show any more"
        );
        if sealed.remembers_neighbours() {
            // Before they are removed: nothing tells a later sync which documents repeat words of them.
            let neighbours: IdSet = sync.sink.neighbours(&proof.documents()).await?.into_iter().collect();
            let mut outdated = neighbours.into_sorted();
            outdated.retain(|id| !sealed.asked(*id) && !proof.issues.contains(id));
            issues::sync_indexed(sync, outdated, &mut Synced::default()).await?;
            sync.sink.flush().await?;
        }
        let scope = &sync.options.earlier_scope;
        let was_decided = scope.as_ref().is_some_and(|scope| *scope != sync.source.scope_form());
        proof
            .carry_out(sync.sink.as_ref(), sync.options.guard, was_decided)
            .await?;
    }
    Ok(kept)
}

/// Issues that search left out although they can be read: index them, and fail when there are many.
async fn index_lagging<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    attachments: &Arc<IndexedAttachments>,
    lagging: &[IssueId],
    evidence: Evidence<'_>,
) -> Result<(), SyncError> {
    if lagging.is_empty() {
        return Ok(());
    }
    warn!(
        issues = lagging.len(),
        "Jira's search left out issues that can be read; they are indexed now"
    );
    let mut synced = Synced::default();
    issues::sync_ids(sync, attachments, lagging.to_vec(), &mut synced).await?;
    let flushed = sync.sink.flush().await?;
    for issue_id in synced.seal(&flushed.rejected_issues).absent() {
        let (item, reason) = (format!("issue {issue_id}"), NOT_DELIVERED.to_owned());
        sync.progress.skipped(&item, &reason);
        sync.failed_issue(&ItemFailure { issue_id, item, reason });
    }
    if let Evidence::Listing(listing) = evidence {
        let percent = lagging.len() as f64 * 100.0 / (listing.len() + lagging.len()) as f64;
        if percent > MAX_LAGGING_PERCENT {
            return Err(SyncError::SearchLags {
                lagging: lagging.len() as u64,
                percent,
            });
        }
    }
    Ok(())
}
