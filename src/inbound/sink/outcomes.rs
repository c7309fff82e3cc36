//! Counts what became of each operation, and remembers what the engine has to know about refusals.
//!
//! `delivery` judges the answers of Elasticsearch.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use elastic_client::ItemError;
use parking_lot::Mutex;
use sync_engine::sync::{Flushed, IssueId, Operation, Progress, SinkError};
use tracing::{debug, warn};

use super::error_monitor::ErrorMonitor;
use crate::config::ErrorMonitorConfig;
use crate::telemetry::{DocumentOutcome, DocumentSettled};

/// So many refused documents without a single one that was taken are no accident of theirs.
const ALL_REFUSED: u64 = 3;

/// The outcomes of one sink.
#[derive(Debug)]
pub(super) struct Outcomes {
    progress: Arc<Progress>,
    log_operations: bool,
    applied: AtomicU64,
    /// Whether a document was rejected, or dropped by the pipeline.
    incomplete: AtomicBool,
    monitor: Mutex<ErrorMonitor>,
    rejected: Mutex<Rejected>,
    /// The cases on record: the first of each kind says enough.
    noted: Mutex<HashSet<String>>,
}

#[derive(Debug, Default)]
struct Rejected {
    issues: HashSet<IssueId>,
    documents: u64,
    last: String,
}

impl Outcomes {
    pub(super) fn new(progress: Arc<Progress>, monitor: ErrorMonitorConfig, log_operations: bool) -> Self {
        Self {
            progress,
            log_operations,
            applied: AtomicU64::new(0),
            incomplete: AtomicBool::new(false),
            monitor: Mutex::new(ErrorMonitor::new(monitor)),
            rejected: Mutex::default(),
            noted: Mutex::default(),
        }
    }

    pub(super) fn applied(&self, operation: &Operation) {
        if self.log_operations {
            let (action, id) = named(operation);
            debug!(document.id = id, action, "elasticsearch carried out an operation");
        }
        match operation {
            Operation::Delete { .. } => self.progress.deleted(),
            Operation::Index { source: body, .. } | Operation::Update { partial: body, .. } => {
                self.progress.indexed(body.len() as u64);
            }
        }
        self.applied.fetch_add(1, Relaxed);
        settled(operation, DocumentOutcome::Applied);
        operation.settle();
        self.monitor.lock().applied();
    }

    /// The ingest pipeline dropped a document, so it is not in the index. That is what the pipeline is for, and no error.
    pub(super) fn dropped(&self, operation: &Operation) {
        let (_, id) = named(operation);
        self.incomplete.store(true, Relaxed);
        settled(operation, DocumentOutcome::Dropped);
        self.note_first("dropped", || {
            format!("the ingest pipeline drops documents, first {id}; they are not indexed")
        });
        operation.settle();
        self.monitor.lock().applied();
    }

    /// A document goes out without a field.
    pub(super) fn field_left_out(&self, id: &str, field: &str, reason: &str) {
        self.progress.field_left_out();
        self.note_first(&format!("field {field}"), || {
            format!("field {field} is left out where the mapping refuses it, first in {id}: {reason}")
        });
    }

    /// A document goes out in part.
    pub(super) fn reduced(&self, id: &str, what: &str, reason: &str) {
        self.progress.field_left_out();
        self.note_first(what, || format!("{what}, first {id}: {reason}"));
    }

    pub(super) fn rejected(&self, operation: &Operation, error: &ItemError) -> Result<(), SinkError> {
        let (_, id) = named(operation);
        let reason = format!("{}: {}", error.kind, error.reason);
        warn!(document.id = id, reason, "elasticsearch refused a document");
        self.incomplete.store(true, Relaxed);
        settled(operation, DocumentOutcome::Rejected);
        self.progress.rejected(id, &reason);
        operation.settle();
        let line = format!("{id}: {reason}");
        let monitored = self.monitor.lock().rejected(&line);
        let mut rejected = self.rejected.lock();
        if let Operation::Index {
            issue_id: Some(issue), ..
        } = operation
        {
            rejected.issues.insert(*issue);
        }
        rejected.documents += 1;
        rejected.last = line;
        monitored.map_err(SinkError::TooManyErrors)
    }

    /// The outcome of everything written so far. An error when nothing at all could be written: a sync that says it
    /// completed while its index stays empty would lie.
    pub(super) fn so_far(&self) -> Result<Flushed, SinkError> {
        let rejected = self.rejected.lock();
        if rejected.documents >= ALL_REFUSED && self.applied.load(Relaxed) == 0 {
            let (all, last) = (rejected.documents, &rejected.last);
            return Err(SinkError::TooManyErrors(format!("all {all}. Last error: {last}")));
        }
        Ok(Flushed {
            rejected_issues: rejected.issues.clone(),
            all_stored: !self.incomplete.load(Relaxed),
        })
    }

    fn note_first(&self, kind: &str, line: impl FnOnce() -> String) {
        if self.noted.lock().insert(kind.to_owned()) {
            let line = line();
            warn!("{line}");
            self.progress.note(line);
        }
    }
}

fn named(operation: &Operation) -> (&'static str, &str) {
    match operation {
        Operation::Index { id, .. } => ("index", id.as_str()),
        Operation::Update { id, .. } => ("update", id.as_str()),
        Operation::Delete { id } => ("delete", id.as_str()),
    }
}

/// Counts an operation that has its outcome.
fn settled(operation: &Operation, outcome: DocumentOutcome) {
    let bytes = match operation {
        Operation::Index { source: body, .. } | Operation::Update { partial: body, .. } => body.len() as u64,
        Operation::Delete { .. } => 0,
    };
    let (operation, _) = named(operation);
    DocumentSettled {
        operation,
        outcome,
        bytes,
    }
    .emit();
}
