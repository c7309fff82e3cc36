//! Limits the bulk requests in flight: fewer when Elasticsearch is busy, more again when it is not.
//!
//! It only counts; sending is left to `batcher`, and what an answer means to `delivery`.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// So many batches in a row must pass before one more request is sent at a time.
const RECOVER_AFTER: usize = 10;

/// Halves on overload and grows by one after a run of successes, as congestion control does.
#[derive(Debug)]
pub(super) struct InFlightLimit {
    most: usize,
    current: AtomicUsize,
    successes: AtomicUsize,
}

impl InFlightLimit {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            current: AtomicUsize::new(most.max(1)),
            successes: AtomicUsize::new(0),
        }
    }

    pub(super) fn current(&self) -> usize {
        self.current.load(Relaxed)
    }

    pub(super) fn overloaded(&self) {
        self.successes.store(0, Relaxed);
        self.current.store((self.current() / 2).max(1), Relaxed);
    }

    pub(super) fn recovered(&self) {
        if self.successes.fetch_add(1, Relaxed) + 1 >= RECOVER_AFTER {
            self.successes.store(0, Relaxed);
            self.current.store((self.current() + 1).min(self.most), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_on_overload_and_recovers_step_by_step() {
        let limit = InFlightLimit::new(5);
        assert_eq!(limit.current(), 5);
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
