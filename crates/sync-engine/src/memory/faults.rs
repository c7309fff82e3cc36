//! Faults by chance, the same ones for the same seed, and the moment at which a sync is killed.
//!
//! What a fault does is decided where it happens, in `source` and `sink`.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use tokio_util::sync::CancellationToken;

/// How often each fault happens, in thousandths of the occasions.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rates {
    /// A call of the source fails as a whole.
    pub(super) source_call: u32,
    /// One issue of a batch cannot be read.
    pub(super) issue: u32,
    /// One issue of a batch is read in part.
    pub(super) in_part: u32,
    /// An issue does not say what is attached to it.
    pub(super) attachments_unknown: u32,
    /// A fetch leaves out an issue that can be read.
    pub(super) omitted: u32,
    /// A file cannot be fetched for now.
    pub(super) download: u32,
    /// Search does not show an issue or its last change although it can be read by its id.
    pub(super) search_hides: u32,
    /// The list of projects lacks one without a sign.
    pub(super) project_omitted: u32,
    /// Jira does not answer clearly whether something is gone.
    pub(super) unclear: u32,
    /// Jira takes us for somebody else who sees nothing.
    pub(super) account: u32,
    /// A call of the sink fails as a whole.
    pub(super) sink_call: u32,
    /// Elasticsearch refuses a document.
    pub(super) refused: u32,
    /// The ingest pipeline drops a document.
    pub(super) dropped: u32,
    /// Elasticsearch is too busy for a document until nobody tries any more.
    pub(super) lost: u32,
}

impl Rates {
    /// Whether the other sides answer and tell the truth.
    pub(super) fn are_calm(&self) -> bool {
        *self == Self::default()
    }

    /// Its faults by name.
    fn named(&self) -> [(&'static str, u32); 14] {
        [
            ("source_call", self.source_call),
            ("issue", self.issue),
            ("in_part", self.in_part),
            ("attachments_unknown", self.attachments_unknown),
            ("omitted", self.omitted),
            ("download", self.download),
            ("search_hides", self.search_hides),
            ("project_omitted", self.project_omitted),
            ("unclear", self.unclear),
            ("account", self.account),
            ("sink_call", self.sink_call),
            ("refused", self.refused),
            ("dropped", self.dropped),
            ("lost", self.lost),
        ]
    }

    /// These faults and those.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            source_call: self.source_call + other.source_call,
            issue: self.issue + other.issue,
            in_part: self.in_part + other.in_part,
            attachments_unknown: self.attachments_unknown + other.attachments_unknown,
            omitted: self.omitted + other.omitted,
            download: self.download + other.download,
            search_hides: self.search_hides + other.search_hides,
            project_omitted: self.project_omitted + other.project_omitted,
            unclear: self.unclear + other.unclear,
            account: self.account + other.account,
            sink_call: self.sink_call + other.sink_call,
            refused: self.refused + other.refused,
            dropped: self.dropped + other.dropped,
            lost: self.lost + other.lost,
        }
    }
}

// Only what happens, so that a life that failed can be read.
impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.named().into_iter().filter(|(_, rate)| *rate > 0))
            .finish()
    }
}

/// The faults of one sync.
#[derive(Debug)]
pub(super) struct Faults {
    pub(super) rates: Rates,
    state: Mutex<u64>,
    calls_left: AtomicI64,
    kill: CancellationToken,
}

impl Faults {
    /// `kill_after`: so many calls of both sides, and the sync is gone.
    pub(super) fn new(rates: Rates, seed: u64, kill_after: Option<u32>, kill: CancellationToken) -> Self {
        Self {
            rates,
            state: Mutex::new(seed),
            calls_left: AtomicI64::new(kill_after.map_or(i64::MAX, i64::from)),
            kill,
        }
    }

    /// Whether it happens now.
    pub(super) fn happens(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.next() % 1000 < u64::from(per_mille)
    }

    /// Every call of both sides passes here: others may go first, and the sync may be killed.
    pub(super) async fn step(&self) {
        if self.next().is_multiple_of(3) {
            tokio::task::yield_now().await;
        }
        if self.calls_left.fetch_sub(1, SeqCst) <= 0 {
            self.kill.cancel();
            std::future::pending::<()>().await;
        }
    }

    /// The next number of the generator splitmix64.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
