//! Removing what is left over after everything was written, with the proof that deletion asks for.

use std::sync::Arc;

use tracing::{info, warn};

use super::attachments::IndexedAttachments;
use super::content_sync::ContentSync;
use super::deletion;
use super::diff::{Evidence, SealedSynced};
use super::error::SyncError;
use super::issues;
use super::listing::IssueId;
use super::sink::{IndexSelection, Sink};
use super::source::Source;

/// A share of the listing in percent: above it, issues that search left out mean that its index cannot be trusted.
const MAX_LAGGING_PERCENT: f64 = 1.0;

/// The outcome for the leftovers.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    /// Documents that stay because nobody could say whether they are gone.
    pub(super) kept: u64,
    /// Issues whose documents repeat a part of what was removed, where that is remembered.
    pub(super) neighbours: Vec<IssueId>,
}

/// Looks for leftovers among the selected documents, proves them and removes them.
pub(super) async fn reconcile<S: Source, K: Sink>(
    sync: &Arc<ContentSync<S, K>>,
    attachments: &Arc<IndexedAttachments>,
    sealed: &SealedSynced,
    evidence: Evidence<'_>,
    selection: IndexSelection,
) -> Result<Reconciled, SyncError> {
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
    index_lagging(sync, attachments, &proof.lagging, evidence).await?;
    let mut reconciled = Reconciled {
        kept: proof.unknown.len() as u64,
        ..Reconciled::default()
    };
    if proof.deletions() > 0 {
        sync.source.confirm_account().await?;
        info!(
            deletions = proof.deletions(),
            "removing what Jira does not show any more"
        );
        if sealed.remembers_neighbours() {
            reconciled.neighbours = sync.sink.neighbours(&proof.documents()).await?;
        }
        proof.carry_out(sync.sink.as_ref(), sync.options.guard).await?;
    }
    Ok(reconciled)
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
    issues::sync_ids(sync, attachments, lagging.to_vec(), &mut super::diff::Synced::default()).await?;
    sync.sink.flush().await?;
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
