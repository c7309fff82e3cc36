//! The protocol of jobs and locks: workers, cleanups, people and faults take turns in any order, and every state stays
//! legal. The code is the one that runs in the service; only the records are in memory, and syncs do nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use elastic_client::{JobFilter, JobStatus, Refresh, SyncJobRecord};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::connector_lock::LockKind;
use super::job_cleanup::JobCleanup;
use super::job_end::JobEnd;
use super::job_ending::Ending;
use super::job_start::{Start, start};
use super::job_state::is_running;
use crate::coordination::lease::{Lease, LeaseError, Leased as _};
use crate::coordination::memory::{Dice, MemoryRecords};
use crate::inbound::records::JobRecords as _;
use crate::inbound::records::memory::MemorySyncRecords;

const CONNECTOR: &str = "c";
const WORKERS: usize = 3;
const CLEANUPS: usize = 2;
const JOBS: usize = 4;

/// What the test sees of a worker, and tells it.
#[derive(Debug, Default)]
struct Seen {
    /// The job that it syncs, and its mark.
    syncs: Option<(String, String)>,
    /// Whether it has a job in its hands at all.
    is_busy: bool,
    /// How its sync is to end.
    finish: Option<JobStatus>,
    /// Jobs that it reported as completed.
    completed: Vec<String>,
}

type Process = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Debug, Clone)]
enum Move {
    /// The worker goes on until its next wait.
    Step(usize),
    /// The worker's sync is over, in this way.
    Finish(usize, JobStatus),
    /// The worker is killed; another one starts in its place.
    Kill(usize),
    /// A cleanup goes on. It takes every running job for idle, rightly or not.
    Clean(usize),
    KillCleanup(usize),
    /// Somebody cancels the job through the API.
    Cancel(usize),
    DeleteJob(usize),
    DeleteConnector,
}

struct World {
    records: MemorySyncRecords,
    workers: Vec<(Process, Arc<Mutex<Seen>>)>,
    cleanups: Vec<Process>,
}

fn job_id(number: usize) -> String {
    format!("job-{number}")
}

/// The moves of Elasticsearch's own state machine.
fn is_legal(from: &JobStatus, to: &JobStatus) -> bool {
    use JobStatus::{Canceled, Canceling, Completed, Error, InProgress, Pending, Suspended};
    from == to
        || matches!(
            (from, to),
            (Pending | Suspended, InProgress | Canceled)
                | (InProgress, Canceling | Completed | Suspended | Error)
                | (Canceling, Canceled | Error)
                // Giving a job back whose connector is busy: nothing was done for it.
                | (InProgress, Pending)
        )
}

/// Looks for jobs and runs them, as `job_queue` and `job_runner` do.
async fn work(records: MemorySyncRecords, seen: Arc<Mutex<Seen>>) {
    loop {
        let waiting = JobFilter {
            connector_ids: Some(vec![CONNECTOR.to_owned()]),
            statuses: Some(vec![JobStatus::Pending, JobStatus::Suspended]),
            ..JobFilter::default()
        };
        let found = records.jobs.list(&waiting).await.unwrap_or_default();
        let Some(job) = found.into_iter().next() else { continue };
        seen.lock().is_busy = true;
        let end = match start(&records, CONNECTOR, &job, "w").await {
            Ok(Start::Locked(lease, before)) => {
                let end = sync(&lease, &records, &seen).await;
                seen.lock().syncs = None;
                Some((lease, before, end))
            }
            Ok(Start::Unlocked(lease, before, why)) => Some((lease, before, JobEnd::Failed(why))),
            Ok(Start::NotStarted(_)) | Err(_) => None,
        };
        if let Some((lease, before, end)) = end {
            let ending = Ending {
                connector_id: CONNECTOR,
                kind: LockKind::of(before.job_type.as_ref()),
                cursor: Some(json!(lease.id())),
                counts: (1, 0),
            };
            if let Ok(JobEnd::Completed) = ending.write(&records, &lease, end, || json!({})).await {
                seen.lock().completed.push(lease.id().to_owned());
            }
        }
        seen.lock().is_busy = false;
    }
}

/// Renews the job until it is told to end, or learns that it is canceled or lost.
async fn sync(
    lease: &Lease<MemoryRecords<SyncJobRecord>>,
    records: &MemorySyncRecords,
    seen: &Arc<Mutex<Seen>>,
) -> JobEnd {
    seen.lock().syncs = Some((lease.id().to_owned(), lease.mark().to_owned()));
    loop {
        let alive = json!({ "last_seen": uuid::Uuid::new_v4().to_string() });
        match lease.write_for(|_| alive.clone(), Refresh::None).await {
            Ok(JobStatus::Canceling) => return JobEnd::Canceled,
            Err(LeaseError::Lost(reason)) => return JobEnd::Lost(reason),
            Ok(_) | Err(LeaseError::Elasticsearch(_)) => {}
        }
        records.jobs.pass_time().await;
        match seen.lock().finish.take() {
            Some(JobStatus::Completed) => return JobEnd::Completed,
            Some(JobStatus::Suspended) => return JobEnd::Suspended,
            Some(_) => return JobEnd::Failed("it failed".to_owned()),
            None => {}
        }
    }
}

async fn clean(records: MemorySyncRecords) {
    let mut cleanup = JobCleanup::new(records.clone(), Duration::ZERO);
    loop {
        let ids = [CONNECTOR.to_owned()];
        // Faults are outlived: the next look tries again.
        drop(cleanup.repair_dead(&ids).await);
        drop(cleanup.pass(&ids).await);
        records.jobs.pass_time().await;
    }
}

impl World {
    fn new(dice: &Dice) -> Self {
        let records = MemorySyncRecords::new();
        for number in 0..JOBS {
            let connector = json!({ "id": CONNECTOR, "service_type": "jira" });
            records.jobs.put(
                &job_id(number),
                json!({ "status": "pending", "job_type": "full", "connector": connector }),
            );
        }
        records.connectors.put(CONNECTOR, json!({ "status": "connected" }));
        records.jobs.roll(dice);
        records.connectors.roll(dice);
        let mut world = Self {
            records,
            workers: Vec::new(),
            cleanups: Vec::new(),
        };
        world.workers = (0..WORKERS).map(|_| world.worker()).collect();
        world.cleanups = (0..CLEANUPS).map(|_| world.cleanup()).collect();
        world
    }

    fn worker(&self) -> (Process, Arc<Mutex<Seen>>) {
        let seen = Arc::default();
        (Box::pin(work(self.records.clone(), Arc::clone(&seen))), seen)
    }

    fn cleanup(&self) -> Process {
        Box::pin(clean(self.records.clone()))
    }

    /// None when the job was deleted.
    fn status(&self, number: usize) -> Option<JobStatus> {
        let job = self.records.jobs.document(&job_id(number))?;
        job["status"].as_str().map(JobStatus::from)
    }

    fn connector(&self) -> Option<Map<String, Value>> {
        self.records.connectors.document(CONNECTOR)
    }

    /// Jobs that a worker syncs and still holds.
    fn syncs(&self) -> usize {
        let holds = |(_, seen): &&(Process, Arc<Mutex<Seen>>)| {
            seen.lock().syncs.as_ref().is_some_and(|(id, mark)| {
                let job = self.records.jobs.document(id).map(SyncJobRecord::read);
                job.is_some_and(|job| job.mark() == Some(mark.as_str()) && is_running(job.status.as_ref()))
            })
        };
        self.workers.iter().filter(holds).count()
    }

    fn apply(&mut self, next: &Move) {
        let mut now = Context::from_waker(Waker::noop());
        match next {
            Move::Step(worker) => drop(self.workers[*worker].0.as_mut().poll(&mut now)),
            Move::Finish(worker, end) => self.workers[*worker].1.lock().finish = Some(end.clone()),
            Move::Kill(worker) => self.workers[*worker] = self.worker(),
            Move::Clean(cleanup) => drop(self.cleanups[*cleanup].as_mut().poll(&mut now)),
            Move::KillCleanup(cleanup) => self.cleanups[*cleanup] = self.cleanup(),
            Move::Cancel(number) => {
                let next = match self.status(*number) {
                    Some(JobStatus::Pending | JobStatus::Suspended) => JobStatus::Canceled,
                    Some(JobStatus::InProgress) => JobStatus::Canceling,
                    _ => return,
                };
                self.records
                    .jobs
                    .merge(&job_id(*number), &json!({ "status": next.as_str() }));
            }
            Move::DeleteJob(number) => self.records.jobs.delete(&job_id(*number)),
            Move::DeleteConnector => self.records.connectors.delete(CONNECTOR),
        }
    }

    /// Nobody interferes any more, and no answer is lost: workers work, and what is dead is repaired.
    fn come_to_rest(&mut self) {
        self.records.jobs.roll(&Dice::default());
        self.records.connectors.roll(&Dice::default());
        self.cleanups = (0..CLEANUPS).map(|_| self.cleanup()).collect();
        for _ in 0..JOBS * 6 {
            for _ in 0..60 {
                for worker in 0..WORKERS {
                    self.apply(&Move::Finish(worker, JobStatus::Completed));
                    self.apply(&Move::Step(worker));
                }
            }
            // A cleanup takes whatever runs for dead, so it waits until nothing does.
            let mut turns = 0;
            while self.workers.iter().any(|(_, seen)| seen.lock().is_busy) && turns < 200 {
                (0..WORKERS).for_each(|worker| self.apply(&Move::Step(worker)));
                turns += 1;
            }
            (0..80).for_each(|_| self.apply(&Move::Clean(0)));
            if self.is_at_rest() {
                return;
            }
        }
    }

    fn is_locked(&self) -> bool {
        let status = self
            .connector()
            .and_then(|mut connector| connector.remove("last_sync_status"));
        status == Some("in_progress".into())
    }

    fn is_at_rest(&self) -> bool {
        let jobs = self.records.jobs.all();
        !self.is_locked()
            && jobs
                .iter()
                .all(|job| job.value.status.as_ref().is_some_and(JobStatus::is_terminal))
    }
}

fn moves() -> impl Strategy<Value = Move> {
    let end = prop_oneof![
        Just(JobStatus::Completed),
        Just(JobStatus::Error),
        Just(JobStatus::Suspended)
    ];
    prop_oneof![
        60 => (0..WORKERS).prop_map(Move::Step),
        4 => (0..WORKERS, end).prop_map(|(worker, end)| Move::Finish(worker, end)),
        1 => (0..WORKERS).prop_map(Move::Kill),
        12 => (0..CLEANUPS).prop_map(Move::Clean),
        1 => (0..CLEANUPS).prop_map(Move::KillCleanup),
        1 => (0..JOBS).prop_map(Move::Cancel),
    ]
}

/// With what ends everything: deleting is rare, lest every case ends early.
fn lives() -> impl Strategy<Value = Vec<Move>> {
    let end = prop_oneof![
        6 => Just(None),
        1 => (0..JOBS).prop_map(|job| Some(Move::DeleteJob(job))),
        1 => Just(Some(Move::DeleteConnector)),
    ];
    let half = || proptest::collection::vec(moves(), 0..250);
    (half(), end, half()).prop_map(|(before, end, after)| before.into_iter().chain(end).chain(after).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_leaves_legal_states_and_everything_comes_to_an_end(
        events in lives(),
        dice in proptest::collection::vec(any::<u8>(), 0..800),
    ) {
        let mut world = World::new(&Dice::new(dice));
        for next in &events {
            let before: Vec<_> = (0..JOBS).map(|number| world.status(number)).collect();
            world.apply(next);
            let has_connector = world.connector().is_some();
            prop_assert!(!has_connector || world.syncs() <= 1, "two syncs of one connector by {:?}", next);
            for (number, was) in before.into_iter().enumerate() {
                if let (Some(was), Some(is)) = (was, world.status(number)) {
                    prop_assert!(is_legal(&was, &is), "job {}: {} to {} by {:?}", number, was, is, next);
                }
            }
        }
        world.come_to_rest();
        for number in 0..JOBS {
            let status = world.status(number);
            let is_over = status.as_ref().is_none_or(JobStatus::is_terminal);
            prop_assert!(is_over, "job {} is {:?} for ever", number, status);
        }
        let is_completed = |id: &str| {
            let job = world.records.jobs.document(id);
            job.is_none_or(|job| job["status"] == "completed")
        };
        for (_, seen) in &world.workers {
            let lies: Vec<String> = seen.lock().completed.iter().filter(|id| !is_completed(id)).cloned().collect();
            prop_assert!(lies.is_empty(), "said to be completed: {:?}", lies);
        }
        if let Some(connector) = world.connector() {
            prop_assert!(!world.is_locked(), "the connector stays locked");
            let cursor = connector.get("sync_cursor").and_then(Value::as_str);
            prop_assert!(cursor.is_none_or(is_completed), "a cursor of a job that was not completed: {:?}", cursor);
        }
    }
}
