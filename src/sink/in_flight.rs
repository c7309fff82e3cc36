//! How many bulk requests are in flight: one at first, fewer when Elasticsearch is busy, more again when it is not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// So many batches in a row must pass before one more request is sent at a time, once there was an overload.
const RECOVER_AFTER: usize = 10;

/// Begins with one and grows by one with each success: a new index learns its fields from the first batch, where many at
/// a time would have it learn the same ones many times. Halves on overload, and then grows by one after a run of
/// successes, as congestion control does.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    most: usize,
    current: AtomicUsize,
    successes: AtomicUsize,
    was_overloaded: AtomicBool,
}

impl InFlightLimit {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            current: AtomicUsize::new(1),
            successes: AtomicUsize::new(0),
            was_overloaded: AtomicBool::new(false),
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current.load(Relaxed)
    }

    pub(super) fn overloaded(&self) {
        self.was_overloaded.store(true, Relaxed);
        self.successes.store(0, Relaxed);
        self.current.store((self.current() / 2).max(1), Relaxed);
    }

    pub(super) fn recovered(&self) {
        let needed = if self.was_overloaded.load(Relaxed) {
            RECOVER_AFTER
        } else {
            1
        };
        if self.successes.fetch_add(1, Relaxed) + 1 >= needed {
            self.successes.store(0, Relaxed);
            self.current.store((self.current() + 1).min(self.most), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_one_and_grows_with_each_success() {
        let limit = InFlightLimit::new(3);
        assert_eq!(limit.current(), 1);
        limit.recovered();
        assert_eq!(limit.current(), 2);
        (0..5).for_each(|_| limit.recovered());
        assert_eq!(limit.current(), 3);
    }

    #[test]
    fn it_halves_on_overload_and_recovers_step_by_step() {
        let limit = InFlightLimit::new(5);
        (0..4).for_each(|_| limit.recovered());
        limit.overloaded();
        assert_eq!(limit.current(), 2);
        limit.overloaded();
        limit.overloaded();
        assert_eq!(limit.current(), 1);
        (0..9).for_each(|_| limit.recovered());
        assert_eq!(limit.current(), 1);
        limit.recovered();
        assert_eq!(limit.current(), 2);
        (0..100).for_each(|_| limit.recovered());
        assert_eq!(limit.current(), 5);
    }
}
