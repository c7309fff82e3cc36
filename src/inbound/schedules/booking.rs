//! Chooses the step that makes a scheduled run happen exactly once, whoever is killed in between. Pure.
//!
//! A run is booked and its job noted as owed in one conditional write to the connector. Whoever sees the note creates
//! that job, under the id in the note, and then crosses it out. Reading and writing records is left to `scheduler`.

use chrono::{DateTime, Utc};
use elastic_client::{ConnectorRecord, JobType};
use serde_json::{Value, json};

/// Our own field in the connector's record: ids of booked jobs that may not exist yet, by type. It is not mapped, so
/// it is stored and not indexed; the framework and Kibana leave it alone.
const OWED: &str = "scheduled_jobs_owed";

/// The next step for one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing is due.
    Nothing,
    /// Note that the run was booked and, unless a waiting job covers it, which job is owed.
    Book,
    /// Create the job with this id if it does not exist, then cross out the note.
    Create(String),
    /// Cross out the note: the schedule was switched off before its job came to be.
    CrossOut,
}

/// Decides by what the connector's record says. A job that is owed comes before the next run.
pub(crate) fn next_step(owed: Option<&str>, is_wanted: bool, is_due: impl FnOnce() -> bool) -> Step {
    match owed {
        Some(job_id) if is_wanted => Step::Create(job_id.to_owned()),
        Some(_) => Step::CrossOut,
        None if is_wanted && is_due() => Step::Book,
        None => Step::Nothing,
    }
}

/// The job that this record says is owed.
pub(crate) fn owed_job<'r>(record: &'r ConnectorRecord, job_type: &JobType) -> Option<&'r str> {
    record.raw.get(OWED)?.get(job_type.as_str())?.as_str()
}

/// The part of an update that notes a job as owed, or crosses it out. Updates merge objects, so the notes of other
/// types stay.
pub(crate) fn note(job_type: &JobType, job_id: Option<&str>) -> (String, Value) {
    (OWED.to_owned(), json!({ job_type.as_str(): job_id }))
}

/// The id of the job for the run that is booked at this time.
pub(crate) fn job_id(connector_id: &str, job_type: &JobType, at: DateTime<Utc>) -> String {
    format!("{connector_id}-{}-{}", job_type.as_str(), at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The state of Elasticsearch. Time is counted in runs that were due.
    #[derive(Debug, Default)]
    struct Store {
        version: u32,
        now: u32,
        booked: u32,
        owed: Option<String>,
        /// Every note ever made.
        noted: BTreeSet<String>,
        /// Every job ever created, in order.
        created: Vec<String>,
        waiting: u32,
    }

    /// A worker's place between two requests.
    #[derive(Debug, Clone)]
    enum Worker {
        Idle,
        Saw(u32, Step),
        LookedForWaiting(u32, bool),
        Created(u32),
    }

    #[derive(Debug, Clone)]
    enum Event {
        /// The worker sends its next request.
        Request(usize),
        Kill(usize),
        /// The next run becomes due.
        Due,
        /// The waiting jobs are run to their end.
        JobsRun,
    }

    impl Store {
        fn request(&mut self, worker: Worker) -> Worker {
            match worker {
                Worker::Idle => {
                    let due = self.booked < self.now;
                    Worker::Saw(self.version, next_step(self.owed.as_deref(), true, || due))
                }
                Worker::Saw(version, Step::Book) => Worker::LookedForWaiting(version, self.waiting > 0),
                Worker::Saw(version, Step::Create(job)) => {
                    if !self.created.contains(&job) {
                        self.created.push(job);
                        self.waiting += 1;
                    }
                    Worker::Created(version)
                }
                Worker::Saw(_, Step::Nothing | Step::CrossOut) => Worker::Idle,
                Worker::LookedForWaiting(version, covered) => {
                    if version == self.version {
                        self.booked = self.now;
                        self.version += 1;
                        if !covered {
                            let job = format!("run {}", self.now);
                            assert!(self.noted.insert(job.clone()), "one run is booked twice");
                            self.owed = Some(job);
                        }
                    }
                    Worker::Idle
                }
                Worker::Created(version) => {
                    if version == self.version {
                        self.owed = None;
                        self.version += 1;
                    }
                    Worker::Idle
                }
            }
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            8 => (0..3_usize).prop_map(Event::Request),
            1 => (0..3_usize).prop_map(Event::Kill),
            1 => Just(Event::Due),
            1 => Just(Event::JobsRun),
        ]
    }

    proptest! {
        #[test]
        fn every_run_gets_one_job_whoever_is_killed_when(events in proptest::collection::vec(event(), 0..120)) {
            let mut store = Store::default();
            let mut workers = [Worker::Idle, Worker::Idle, Worker::Idle];
            for event in events {
                match event {
                    Event::Request(who) => workers[who] = store.request(workers[who].clone()),
                    Event::Kill(who) => workers[who] = Worker::Idle,
                    Event::Due => store.now += 1,
                    Event::JobsRun => store.waiting = 0,
                }
            }
            // All but one are gone for good.
            let mut last = Worker::Idle;
            for _ in 0..12 {
                last = store.request(last);
            }
            let created: BTreeSet<String> = store.created.iter().cloned().collect();
            prop_assert_eq!(created.len(), store.created.len());
            prop_assert_eq!(&created, &store.noted);
            prop_assert_eq!(store.booked, store.now);
            prop_assert_eq!(store.owed, None);
        }
    }

    #[test]
    fn a_job_that_is_owed_to_a_schedule_switched_off_is_let_go() {
        assert_eq!(next_step(Some("job"), false, || true), Step::CrossOut);
        assert_eq!(next_step(Some("job"), true, || false), Step::Create("job".into()));
        assert_eq!(next_step(None, false, || true), Step::Nothing);
    }
}
