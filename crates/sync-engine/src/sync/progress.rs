//! Counters of a running sync, shared with whoever reports them: the job record, a progress bar, metrics.
//!
//! Counts of documents come from outcomes of bulk items only. How they are shown is left to `service` and `cli`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

/// Skipped items are listed by name up to this number; the rest is only counted.
const MAX_LISTED_ITEMS: usize = 100;
/// And up to so many bytes, of which one line takes so many at most: they stand in the job's record.
const MAX_LISTED_BYTES: usize = 12 * 1024;
const MAX_LINE_BYTES: usize = 600;

/// The phases of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Logging in, preparing the index.
    Preparing,
    /// Listing, fetching and writing.
    Syncing,
    /// Waiting for the last acknowledgements.
    Flushing,
    /// Looking for documents that Jira does not show any more.
    Reconciling,
    /// Everything is done.
    Finished,
}

impl Phase {
    /// The word that the job's metadata and the progress bar show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Syncing => "syncing",
            Self::Flushing => "flushing",
            Self::Reconciling => "reconciling",
            Self::Finished => "finished",
        }
    }
}

/// The counters.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    listed_issues: AtomicU64,
    listing_ended: AtomicBool,
    processed_issues: AtomicU64,
    indexed: AtomicU64,
    deleted: AtomicU64,
    rejected: AtomicU64,
    bytes: AtomicU64,
    attachments_downloaded: AtomicU64,
    attachments_unchanged: AtomicU64,
    attachments_without_content: AtomicU64,
    fields_left_out: AtomicU64,
    left_out: AtomicU64,
    skipped: AtomicU64,
    denied: AtomicU64,
    requests: AtomicU64,
    requests_before: AtomicU64,
    skipped_items: Mutex<Vec<String>>,
}

/// The counters at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The phase of the sync.
    pub phase: Phase,
    /// Issues listed so far.
    pub listed_issues: u64,
    /// Whether `listed_issues` is final.
    pub listing_ended: bool,
    /// Issues whose documents were handed to the sink, or that failed.
    pub processed_issues: u64,
    /// Documents created or updated, as acknowledged by Elasticsearch.
    pub indexed: u64,
    /// Documents removed, as acknowledged by Elasticsearch.
    pub deleted: u64,
    /// Documents that Elasticsearch refused.
    pub rejected: u64,
    /// Bytes of the documents in `indexed`, as sent.
    pub bytes: u64,
    /// Attachments whose content was fetched.
    pub attachments_downloaded: u64,
    /// Attachments that were not fetched again because nothing about them changed.
    pub attachments_unchanged: u64,
    /// Attachments indexed by name only, as the file rules say.
    pub attachments_without_content: u64,
    /// Fields that documents were indexed without, because the mapping refuses them.
    pub fields_left_out: u64,
    /// Documents that the sync rules left out.
    pub left_out: u64,
    /// Items of the source that could not be read.
    pub skipped: u64,
    /// Documents that nobody may see because it is not known who may.
    pub denied: u64,
    /// Requests sent to the source.
    pub requests: u64,
    /// The first of them by name, with the reason.
    pub skipped_items: Vec<String>,
}

/// Counts of earlier runs of a job; the members are those of [`Snapshot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named and explained in Snapshot")]
pub struct Carried {
    pub indexed: u64,
    pub deleted: u64,
    pub bytes: u64,
    pub rejected: u64,
    pub skipped: u64,
    pub denied: u64,
    pub requests: u64,
    pub skipped_items: Vec<String>,
}

impl Progress {
    /// Enters a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// Issues were listed.
    pub fn listed(&self, issues: u64) {
        self.listed_issues.fetch_add(issues, Relaxed);
    }

    /// The number of listed issues is final.
    pub fn listing_ended(&self) {
        self.listing_ended.store(true, Relaxed);
    }

    /// Issues were handed on.
    pub fn processed(&self, issues: u64) {
        self.processed_issues.fetch_add(issues, Relaxed);
    }

    /// Elasticsearch acknowledged an index or update operation of this many bytes.
    pub fn indexed(&self, bytes: u64) {
        self.indexed.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// Documents acknowledged so far.
    pub fn indexed_so_far(&self) -> u64 {
        self.indexed.load(Relaxed)
    }

    /// Begins with what earlier runs of the same job did.
    pub fn carry_over(&self, before: Carried) {
        for (counter, before) in [
            (&self.indexed, before.indexed),
            (&self.deleted, before.deleted),
            (&self.bytes, before.bytes),
            (&self.rejected, before.rejected),
            (&self.skipped, before.skipped),
            (&self.denied, before.denied),
            (&self.requests_before, before.requests),
        ] {
            counter.fetch_add(before, Relaxed);
        }
        before.skipped_items.into_iter().for_each(|line| self.list(line));
    }

    /// Elasticsearch acknowledged a deletion.
    pub fn deleted(&self) {
        self.deleted.fetch_add(1, Relaxed);
    }

    /// Elasticsearch refused a document.
    pub fn rejected(&self, item: &str, reason: &str) {
        self.rejected.fetch_add(1, Relaxed);
        self.list(format!("{item}: {reason}"));
    }

    /// A document was indexed without a field that the mapping refused.
    pub fn field_left_out(&self) {
        self.fields_left_out.fetch_add(1, Relaxed);
    }

    /// Something worth knowing that is neither skipped nor rejected.
    pub fn note(&self, line: String) {
        self.list(line);
    }

    /// The sync rules left a document out.
    pub fn left_out(&self) {
        self.left_out.fetch_add(1, Relaxed);
    }

    /// The content of an attachment was fetched.
    pub fn attachment_downloaded(&self) {
        self.attachments_downloaded.fetch_add(1, Relaxed);
    }

    /// The content of an attachment is indexed already.
    pub fn attachment_unchanged(&self) {
        self.attachments_unchanged.fetch_add(1, Relaxed);
    }

    /// The file rules say that the content of an attachment is not indexed.
    pub fn content_not_wanted(&self) {
        self.attachments_without_content.fetch_add(1, Relaxed);
    }

    /// An item of the source could not be read.
    pub fn skipped(&self, item: &str, reason: &str) {
        self.skipped.fetch_add(1, Relaxed);
        self.list(format!("{item}: {reason}"));
    }

    /// Documents were written that nobody may see, because it is not known who may.
    pub fn denied(&self, documents: u64) {
        self.denied.fetch_add(documents, Relaxed);
    }

    /// So many requests were sent to the source by now.
    pub fn requests(&self, sent: u64) {
        self.requests.store(sent, Relaxed);
    }

    fn list(&self, line: String) {
        let mut items = self
            .skipped_items
            .lock()
            .expect("no code panics while it holds this lock");
        let room = MAX_LISTED_BYTES.saturating_sub(items.iter().map(String::len).sum());
        if items.len() < MAX_LISTED_ITEMS && room > 0 {
            let end = line.floor_char_boundary(room.min(MAX_LINE_BYTES));
            items.push(line[..end].to_owned());
        }
    }

    /// All counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            phase: match self.phase.load(Relaxed) {
                0 => Phase::Preparing,
                1 => Phase::Syncing,
                2 => Phase::Flushing,
                3 => Phase::Reconciling,
                _ => Phase::Finished,
            },
            listed_issues: self.listed_issues.load(Relaxed),
            listing_ended: self.listing_ended.load(Relaxed),
            processed_issues: self.processed_issues.load(Relaxed),
            indexed: self.indexed.load(Relaxed),
            deleted: self.deleted.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            attachments_downloaded: self.attachments_downloaded.load(Relaxed),
            attachments_unchanged: self.attachments_unchanged.load(Relaxed),
            attachments_without_content: self.attachments_without_content.load(Relaxed),
            fields_left_out: self.fields_left_out.load(Relaxed),
            left_out: self.left_out.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            denied: self.denied.load(Relaxed),
            requests: self.requests_before.load(Relaxed) + self.requests.load(Relaxed),
            skipped_items: self
                .skipped_items
                .lock()
                .expect("no code panics while it holds this lock")
                .clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_job_fit_into_its_record_whatever_they_say() {
        let progress = Progress::default();
        (0..1_000).for_each(|item| progress.skipped(&format!("issue {item}"), &"ä".repeat(10_000)));
        let counts = progress.snapshot();
        assert_eq!(counts.skipped, 1_000);
        assert!(counts.skipped_items.iter().map(String::len).sum::<usize>() <= MAX_LISTED_BYTES);
        assert!(counts.skipped_items[0].starts_with("issue 0: ä"));
    }
}
