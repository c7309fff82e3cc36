//! Finds running jobs that have been silent for too long. Pure: sightings and times come in as parameters, so clocks of
//! machines need not agree. Repairing is left to `job_cleanup`.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Remembers since when the record of each running job has not changed.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    idle_after: Duration,
    last_change: HashMap<String, (u64, Instant)>,
}

impl IdleWatch {
    pub(crate) fn new(idle_after: Duration) -> Self {
        Self {
            idle_after,
            last_change: HashMap::new(),
        }
    }

    /// The ids of the jobs that have been idle for too long, given the id and the sequence number of every running job.
    /// A job that is named is forgotten, so that it gets the whole time again should it go on.
    pub(crate) fn idle<'a>(&mut self, running: impl IntoIterator<Item = (&'a str, u64)>, now: Instant) -> Vec<String> {
        let mut known = std::mem::take(&mut self.last_change);
        let mut idle = Vec::new();
        for (id, seq_no) in running {
            let since = match known.remove(id) {
                Some((seen, since)) if seen == seq_no => since,
                _ => now,
            };
            if now.duration_since(since) >= self.idle_after {
                idle.push(id.to_owned());
            } else {
                self.last_change.insert(id.to_owned(), (seq_no, since));
            }
        }
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_idle_when_nobody_wrote_it_for_the_whole_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watch = IdleWatch::new(Duration::from_secs(300));
        assert!(watch.idle([("a", 1), ("b", 1)], at(0)).is_empty());
        assert!(watch.idle([("a", 1), ("b", 2)], at(299)).is_empty());
        assert_eq!(watch.idle([("a", 1), ("b", 2)], at(300)), ["a"]);
        // It was named once; the next time is a whole timeout later.
        assert!(watch.idle([("a", 1), ("b", 2)], at(301)).is_empty());
        assert_eq!(watch.idle([("b", 2)], at(599)), ["b"]);
    }

    #[test]
    fn a_job_that_was_not_running_in_between_begins_anew() {
        let start = Instant::now();
        let mut watch = IdleWatch::new(Duration::from_secs(10));
        assert!(watch.idle([("a", 1)], start).is_empty());
        assert!(watch.idle([], start + Duration::from_secs(9)).is_empty());
        assert!(watch.idle([("a", 1)], start + Duration::from_secs(18)).is_empty());
    }
}
