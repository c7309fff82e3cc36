//! The sync engine: what is listed, fetched, written and removed, and in which order.
//!
//! It knows a [`Source`] and a [`Sink`] by their traits only, so neither Jira, Elasticsearch nor HTTP appears here.
//! Wiring real ones together is left to `service`.

pub mod deletion;
pub mod diff;
pub mod document;
pub mod encode;
pub mod error;
pub mod full;
pub mod listing;
pub mod progress;
pub mod sink;
pub mod source;

mod attachments;
mod issues;

pub use deletion::{DeletionGuard, GuardVerdict};
pub use document::{Document, DocumentId, DocumentKind};
pub use error::SyncError;
pub use full::{FullSync, SyncOptions, SyncSummary};
pub use listing::{CompleteListing, EndOfListing, IssueId, ListingBuilder};
pub use progress::{Phase, Progress, Snapshot};
pub use sink::{IndexScan, IndexedDocument, IndexedPage, Operation, Sink, SinkError};
pub use source::{Confirmation, FetchedIssues, ItemFailure, MissingIssue, PendingAttachment, Source, SourceError};
