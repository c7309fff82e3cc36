//! The protocol of jobs and locks as a model: workers, cleanups, people and faults take turns in any order, and every
//! state stays legal. It uses the decisions of `job_state` and stands in for Elasticsearch's compare-and-set; real
//! requests are left to the functional tests.

use elastic_client::JobStatus;
use proptest::prelude::*;

use super::job_state::{after_idle, after_orphaned, end_of, is_claimable, is_running};

const WORKERS: usize = 3;
const JOBS: usize = 4;

/// A record, and the sequence number that a conditional write refers to.
#[derive(Debug, Clone)]
struct Job {
    status: JobStatus,
    claimed_by: Option<usize>,
    recoveries: u64,
    seq_no: u64,
    deleted: bool,
}

#[derive(Debug, Clone, Default)]
struct Connector {
    locked: bool,
    holder: Option<usize>,
    seq_no: u64,
    deleted: bool,
}

/// A worker's step with a job, and the record that it has read: its next write is conditional on that.
#[derive(Debug, Clone)]
enum Worker {
    Looking,
    Read {
        job: usize,
        seq_no: u64,
    },
    Claimed {
        job: usize,
        before: JobStatus,
        seq_no: u64,
    },
    Locking {
        job: usize,
        before: JobStatus,
        seq_no: u64,
        connector: u64,
    },
    Running {
        job: usize,
    },
    Ended {
        job: usize,
    },
}

#[derive(Debug, Clone)]
enum Move {
    /// The worker does the next thing that it would do.
    Step(usize),
    /// The worker's sync is over, in this way.
    Finish(usize, JobStatus),
    /// The worker is killed; another one starts in its place.
    Kill(usize),
    /// Somebody cancels the job through the API.
    Cancel(usize),
    DeleteJob(usize),
    DeleteConnector,
    /// A cleanup takes the job for idle, rightly or not.
    Idle(usize),
    Orphans,
    FreeLock,
}

#[derive(Debug)]
struct World {
    jobs: Vec<Job>,
    connector: Connector,
    workers: Vec<(usize, Worker)>,
    next_worker: usize,
}

/// The moves of Elasticsearch's own state machine.
fn is_legal(from: &JobStatus, to: &JobStatus) -> bool {
    use JobStatus::{Canceled, Canceling, Completed, Error, InProgress, Pending, Suspended};
    matches!(
        (from, to),
        (Pending | Suspended, InProgress | Canceled)
            | (InProgress, Canceling | Completed | Suspended | Error | InProgress)
            | (Canceling, Canceled | Error | Canceling)
            // Giving a job back whose connector is busy: nothing was done for it.
            | (InProgress, Pending)
    )
}

impl World {
    fn new() -> Self {
        let job = Job {
            status: JobStatus::Pending,
            claimed_by: None,
            recoveries: 0,
            seq_no: 0,
            deleted: false,
        };
        Self {
            jobs: vec![job; JOBS],
            connector: Connector::default(),
            workers: (0..WORKERS).map(|id| (id, Worker::Looking)).collect(),
            next_worker: WORKERS,
        }
    }

    /// Compare-and-set on a job. Whether it was written.
    fn write(&mut self, job: usize, seq_no: u64, status: JobStatus, claimed_by: Option<usize>) -> bool {
        let record = &mut self.jobs[job];
        if record.deleted || record.seq_no != seq_no {
            return false;
        }
        assert!(
            is_legal(&record.status, &status),
            "job {job}: {} to {status}",
            record.status
        );
        record.status = status;
        record.claimed_by = claimed_by;
        record.seq_no += 1;
        true
    }

    /// The version of a job that this worker still holds.
    fn own(&self, worker: usize, job: usize) -> Option<u64> {
        let record = &self.jobs[job];
        let is_ours = !record.deleted && record.claimed_by == Some(worker) && is_running(Some(&record.status));
        is_ours.then_some(record.seq_no)
    }

    /// The running job behind the lock.
    fn running_holder(&self) -> Option<usize> {
        let holder = self.connector.holder.filter(|_| self.connector.locked)?;
        let record = &self.jobs[holder];
        (!record.deleted && is_running(Some(&record.status))).then_some(holder)
    }

    /// Jobs that a worker syncs and still holds.
    fn syncs(&self) -> usize {
        let syncs = |(id, worker): &&(usize, Worker)| match worker {
            Worker::Running { job } => self.own(*id, *job).is_some(),
            _ => false,
        };
        self.workers.iter().filter(syncs).count()
    }

    fn lock(&mut self, job: usize, seq_no: u64) -> bool {
        if self.connector.deleted || self.connector.seq_no != seq_no {
            return false;
        }
        self.connector = Connector {
            locked: true,
            holder: Some(job),
            seq_no: seq_no + 1,
            deleted: false,
        };
        true
    }

    fn unlock(&mut self, job: usize) {
        if self.connector.locked && self.connector.holder == Some(job) {
            self.connector.locked = false;
            self.connector.holder = None;
            self.connector.seq_no += 1;
        }
    }

    fn step(&mut self, index: usize) {
        let (id, worker) = self.workers[index].clone();
        self.workers[index].1 = match worker {
            Worker::Looking => {
                let waiting = |record: &Job| !record.deleted && is_claimable(Some(&record.status));
                match self.jobs.iter().position(waiting) {
                    Some(job) if self.running_holder().is_none_or(|holder| holder == job) => Worker::Read {
                        job,
                        seq_no: self.jobs[job].seq_no,
                    },
                    _ => Worker::Looking,
                }
            }
            Worker::Read { job, seq_no } => {
                let before = self.jobs[job].status.clone();
                if self.write(job, seq_no, JobStatus::InProgress, Some(id)) {
                    let seq_no = seq_no + 1;
                    Worker::Claimed { job, before, seq_no }
                } else {
                    Worker::Looking
                }
            }
            Worker::Claimed { job, before, seq_no } => {
                let connector = self.connector.seq_no;
                match self.running_holder() {
                    Some(other) if other != job => {
                        if let Some(seq_no) = self.own(id, job) {
                            let back = end_of(&self.jobs[job].status, before);
                            self.write(job, seq_no, back, None);
                        }
                        Worker::Looking
                    }
                    _ if self.connector.deleted => Worker::Running { job },
                    _ => Worker::Locking {
                        job,
                        before,
                        seq_no,
                        connector,
                    },
                }
            }
            Worker::Locking {
                job,
                before,
                seq_no,
                connector,
            } => {
                if self.lock(job, connector) {
                    Worker::Running { job }
                } else {
                    Worker::Claimed { job, before, seq_no }
                }
            }
            // A report: whoever lost the job notices.
            Worker::Running { job } => match self.own(id, job) {
                Some(seq_no) => {
                    let status = self.jobs[job].status.clone();
                    self.write(job, seq_no, status, Some(id));
                    Worker::Running { job }
                }
                None => Worker::Ended { job },
            },
            Worker::Ended { job } => {
                if !is_running(Some(&self.jobs[job].status)) || self.jobs[job].deleted {
                    self.unlock(job);
                }
                Worker::Looking
            }
        };
    }

    fn finish(&mut self, index: usize, end: &JobStatus) {
        let (id, Worker::Running { job }) = self.workers[index].clone() else {
            return;
        };
        if let Some(seq_no) = self.own(id, job) {
            let end = end_of(&self.jobs[job].status, end.clone());
            self.write(job, seq_no, end, Some(id));
        }
        self.workers[index].1 = Worker::Ended { job };
    }

    fn apply(&mut self, next: &Move) {
        match next {
            Move::Step(worker) => self.step(*worker),
            Move::Finish(worker, end) => self.finish(*worker, end),
            Move::Kill(worker) => {
                self.workers[*worker] = (self.next_worker, Worker::Looking);
                self.next_worker += 1;
            }
            Move::Cancel(job) => {
                let record = self.jobs[*job].clone();
                let next = match record.status {
                    JobStatus::Pending | JobStatus::Suspended => JobStatus::Canceled,
                    JobStatus::InProgress => JobStatus::Canceling,
                    _ => return,
                };
                self.write(*job, record.seq_no, next, record.claimed_by);
            }
            Move::DeleteJob(job) => self.jobs[*job].deleted = true,
            Move::DeleteConnector => self.connector.deleted = true,
            Move::Idle(job) => {
                let record = self.jobs[*job].clone();
                if is_running(Some(&record.status)) {
                    let status = after_idle(&record.status, record.recoveries + 1);
                    if self.write(*job, record.seq_no, status, record.claimed_by) {
                        self.jobs[*job].recoveries += 1;
                        self.unlock(*job);
                    }
                }
            }
            Move::Orphans => {
                for job in 0..JOBS {
                    let record = self.jobs[job].clone();
                    if let (true, Some(status)) = (self.connector.deleted, after_orphaned(&record.status)) {
                        self.write(job, record.seq_no, status, record.claimed_by);
                    }
                }
            }
            Move::FreeLock => {
                if self.connector.locked && self.running_holder().is_none() {
                    self.connector.locked = false;
                    self.connector.holder = None;
                    self.connector.seq_no += 1;
                }
            }
        }
    }
}

fn moves() -> impl Strategy<Value = Move> {
    let end = prop_oneof![
        Just(JobStatus::Completed),
        Just(JobStatus::Error),
        Just(JobStatus::Suspended)
    ];
    prop_oneof![
        12 => (0..WORKERS).prop_map(Move::Step),
        3 => (0..WORKERS, end).prop_map(|(worker, end)| Move::Finish(worker, end)),
        1 => (0..WORKERS).prop_map(Move::Kill),
        1 => (0..JOBS).prop_map(Move::Cancel),
        1 => (0..JOBS).prop_map(Move::DeleteJob),
        1 => Just(Move::DeleteConnector),
        2 => (0..JOBS).prop_map(Move::Idle),
        1 => Just(Move::Orphans),
        1 => Just(Move::FreeLock),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_leaves_legal_states_and_everything_comes_to_an_end(
        events in proptest::collection::vec(moves(), 0..120),
    ) {
        let mut world = World::new();
        for next in &events {
            let before = world.jobs.clone();
            world.apply(next);
            prop_assert!(world.connector.deleted || world.syncs() <= 1, "two syncs of one connector by {:?}", next);
            for (was, is) in before.iter().zip(&world.jobs) {
                prop_assert!(!was.status.is_terminal() || was.status == is.status, "a job was revived by {:?}", next);
            }
        }
        // From here on nobody interferes: workers work, and cleanups run.
        for _ in 0..JOBS * 20 {
            for worker in 0..WORKERS {
                world.apply(&Move::Step(worker));
            }
            for worker in 0..WORKERS {
                world.apply(&Move::Finish(worker, JobStatus::Completed));
            }
            for job in 0..JOBS {
                let claimed_by = world.jobs[job].claimed_by;
                let is_worked_on = world.workers.iter().any(|(id, worker)| {
                    Some(*id) == claimed_by && !matches!(worker, Worker::Looking | Worker::Read { .. })
                });
                if !is_worked_on {
                    world.apply(&Move::Idle(job));
                }
            }
            world.apply(&Move::Orphans);
            world.apply(&Move::FreeLock);
        }
        for (number, job) in world.jobs.iter().enumerate() {
            prop_assert!(job.deleted || job.status.is_terminal(), "job {} is {} for ever", number, job.status);
        }
        prop_assert!(!world.connector.locked || world.connector.deleted, "the connector stays locked");
    }
}
