//! Remembers which attachments a sync handed to the pipeline with their content.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use parking_lot::Mutex;

use super::id_set::IdSet;

/// The attachments that a sync handed to the pipeline.
#[derive(Debug, Default)]
pub(super) struct HandedOver {
    ids: Mutex<IdSet>,
    said_not_tried: AtomicBool,
}

impl HandedOver {
    pub(super) fn add(&self, attachment: u64) {
        self.ids.lock().insert(attachment);
    }

    /// All so far; none are left.
    pub(super) fn take(&self) -> IdSet {
        std::mem::take(&mut *self.ids.lock())
    }

    /// Whether nobody has said yet that the pipeline cannot be tried.
    pub(super) fn is_first_not_tried(&self) -> bool {
        !self.said_not_tried.swap(true, Relaxed)
    }
}
