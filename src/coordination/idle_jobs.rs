//! Finds running jobs that have been silent for too long. Pure: sightings and times come in as parameters. Repairing is
//! left to `job_cleanup`.
//!
//! Silence is added up across processes, so that it is noticed when none of them lives for the whole time: each notes in
//! the record how long it has seen the job silent. Only time that passed between two looks of one process counts, by
//! its own clock, so clocks of machines need not agree. Each note changes the sequence number, so no time counts twice.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Longer than a worker takes from one report to the next.
const LONGEST_UNNOTED: Duration = Duration::from_secs(15);

/// Remembers since when the record of each running job has not changed.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    idle_after: Duration,
    last_change: HashMap<String, (u64, Instant)>,
}

/// A running job as it is seen now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting<'a> {
    pub(crate) id: &'a str,
    pub(crate) seq_no: u64,
    /// The silence that was noted since the last sign of life.
    pub(crate) noted: Duration,
}

/// What is to be done about a silent job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It has been silent for too long.
    TooLong,
    /// It has been silent for so long in all: to be noted in its record.
    Note(Duration),
}

impl IdleWatch {
    pub(crate) fn new(idle_after: Duration) -> Self {
        Self {
            idle_after,
            last_change: HashMap::new(),
        }
    }

    /// Silence is noted after this time.
    fn note_after(&self) -> Duration {
        LONGEST_UNNOTED.min(self.idle_after / 5)
    }

    /// The time between two looks that finds silence soon enough.
    pub(crate) fn interval(&self) -> Duration {
        self.note_after() / 2
    }

    /// A note of our own has been written by `now`, which gave the record this sequence number.
    pub(crate) fn noted(&mut self, id: &str, seq_no: u64, now: Instant) {
        self.last_change.insert(id.to_owned(), (seq_no, now));
    }

    /// The silent ones of all running jobs. A job that is named begins anew, so that it gets the whole time again should
    /// it go on.
    pub(crate) fn silent<'a>(
        &mut self,
        running: impl IntoIterator<Item = Sighting<'a>>,
        now: Instant,
    ) -> HashMap<String, Silence> {
        let mut known = std::mem::take(&mut self.last_change);
        let mut silent = HashMap::new();
        for job in running {
            let since = match known.remove(job.id) {
                Some((seen, since)) if seen == job.seq_no => since,
                _ => now,
            };
            let here = now.duration_since(since);
            let in_all = job.noted + here;
            if in_all >= self.idle_after {
                silent.insert(job.id.to_owned(), Silence::TooLong);
                continue;
            }
            if here >= self.note_after() {
                silent.insert(job.id.to_owned(), Silence::Note(in_all));
            }
            self.last_change.insert(job.id.to_owned(), (job.seq_no, since));
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn job(id: &str, seq_no: u64, noted: u64) -> Sighting<'_> {
        Sighting {
            id,
            seq_no,
            noted: seconds(noted),
        }
    }

    fn too_long(silent: &HashMap<String, Silence>) -> Vec<&str> {
        let named = silent.iter().filter(|(_, silence)| **silence == Silence::TooLong);
        named.map(|(id, _)| id.as_str()).collect()
    }

    #[test]
    fn a_job_is_idle_when_nobody_wrote_it_for_the_whole_time() {
        let start = Instant::now();
        let at = |after| start + seconds(after);
        let mut watch = IdleWatch::new(seconds(300));
        assert!(watch.silent([job("a", 1, 0), job("b", 1, 0)], at(0)).is_empty());
        let silent = watch.silent([job("a", 1, 0), job("b", 2, 0)], at(299));
        assert_eq!(silent, HashMap::from([("a".to_owned(), Silence::Note(seconds(299)))]));
        assert_eq!(
            too_long(&watch.silent([job("a", 1, 0), job("b", 2, 0)], at(300))),
            ["a"]
        );
        // It was named once; the next time is a whole timeout later.
        assert!(too_long(&watch.silent([job("a", 1, 0), job("b", 2, 0)], at(301))).is_empty());
        assert_eq!(too_long(&watch.silent([job("b", 2, 0)], at(599))), ["b"]);
    }

    #[test]
    fn a_job_that_was_not_running_in_between_begins_anew() {
        let start = Instant::now();
        let mut watch = IdleWatch::new(seconds(10));
        assert!(watch.silent([job("a", 1, 0)], start).is_empty());
        assert!(watch.silent([], start + seconds(9)).is_empty());
        assert!(watch.silent([job("a", 1, 0)], start + seconds(18)).is_empty());
    }

    #[test]
    fn a_dead_job_is_found_when_no_worker_lives_as_long_as_the_timeout() {
        for (idle_after, lives_for) in [(300, 30), (40, 30), (3600, 30)] {
            let (mut seq_no, mut noted, mut now) = (1, 0, Instant::now());
            let mut lives = 0;
            let found = loop {
                let (mut watch, born) = (IdleWatch::new(seconds(idle_after)), now);
                lives += 1;
                let found = loop {
                    if now.duration_since(born) >= seconds(lives_for) || lives > 1000 {
                        break false;
                    }
                    match watch.silent([job("a", seq_no, noted)], now).remove("a") {
                        Some(Silence::TooLong) => break true,
                        Some(Silence::Note(in_all)) => {
                            noted = in_all.as_secs();
                            seq_no += 1;
                            watch.noted("a", seq_no, now);
                        }
                        None => {}
                    }
                    now += watch.interval();
                };
                if found || lives > 1000 {
                    break found;
                }
            };
            assert!(found, "{idle_after} s");
            let ideal = idle_after.div_ceil(lives_for);
            assert!(lives <= 3 * ideal, "{idle_after} s: {lives} lives");
        }
    }

    #[test]
    fn several_watchers_together_do_not_take_a_job_for_idle_too_soon() {
        let start = Instant::now();
        let mut watches = [(); 5].map(|()| IdleWatch::new(seconds(300)));
        let (mut seq_no, mut noted) = (1, 0);
        for elapsed in 0..300 {
            let watch = &mut watches[usize::try_from(elapsed).unwrap() % 5];
            match watch
                .silent([job("a", seq_no, noted)], start + seconds(elapsed))
                .remove("a")
            {
                Some(Silence::TooLong) => panic!("after {elapsed} s"),
                Some(Silence::Note(in_all)) => {
                    noted = in_all.as_secs();
                    assert!(noted <= elapsed, "{noted} s of {elapsed}");
                    seq_no += 1;
                    watch.noted("a", seq_no, start + seconds(elapsed));
                }
                None => {}
            }
        }
    }
}
