//! The sync engine: what is listed, fetched, written and removed, and in which order.
//!
//! It knows a [`Source`] and a [`Sink`] by their traits only, so neither Jira, Elasticsearch nor HTTP appears here.
//! Wiring real ones together is left to `service`.

pub mod content_sync;
mod full;
mod incremental;

mod attachments;
mod boards;
mod issues;
mod kept_access;
mod pipeline_text;
mod projects;
mod reconcile;
mod rule_gate;

pub mod deletion;
pub mod diff;

pub mod checkpoint;
mod coverage;
pub mod cursor;
pub mod progress;

pub mod document;
pub mod dry_run;
pub mod encode;
mod encoded_file;
pub mod error;
mod failures;
mod file_buffer;
mod handed_over;
mod id_set;
pub mod listing;
mod no_readers;
pub mod sink;
pub mod source;
pub mod write_fence;

pub use checkpoint::{BatchTicket, Checkpoint, CheckpointTracker};
pub use content_sync::{ContentSync, SyncOptions, SyncSummary};
pub use coverage::Coverage;
pub use cursor::SyncCursor;
pub use deletion::{DeletionGuard, GuardVerdict};
pub use document::{Document, DocumentId, DocumentKind};
pub use dry_run::{DryRunSink, Forecast};
pub use encoded_file::{EncodedFile, FileEncoder};
pub use error::SyncError;
pub use file_buffer::FileBuffer;
pub use listing::{CompleteListing, EndOfListing, IssueId, ListingBuilder};
pub use progress::{Carried, Phase, Progress, Snapshot};
pub use rule_gate::left_out_by_rules;
pub use sink::{
    Flushed, IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Rehearsal, Sink, SinkError,
};
pub use source::{
    BoardAnswers, BoardListing, Boards, ChangedIssue, Confirmation, FetchedIssues, FileContent, IncompleteIssue,
    IssueSelection, ItemFailure, MissingIssue, PendingAttachment, Source, SourceError,
};
pub use write_fence::{Unfenced, WriteFence, WriteRefused};
