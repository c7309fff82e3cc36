//! Workers, connectors and a Jira for random moves, and the time between the moves and after them. Carrying one out is
//! left to `hands`.

use std::time::{Duration, Instant};

use jira_fixture::Options;
use serde_json::Value;

use super::moves::{CONNECTORS, Change, Move, WORKERS};
use super::observer::{History, Observer, Seen};
use crate::harness::{Line, Service, Setup, Stack, Wire, within};

/// A job whose record stays unchanged for so long is taken from its worker.
const IDLE: Duration = Duration::from_secs(4);
/// Long enough to be met at every stage of a sync, which takes a second or two.
pub(super) const LATENCY_MS: u64 = 100;
/// All that is under way when peace comes is over in a third of this.
const PEACE: Duration = Duration::from_secs(120);

/// A place for one process after the other.
pub(super) struct Worker {
    pub(super) service: Service,
    pub(super) wire: Wire,
    /// When it is to go on.
    pub(super) stopped_until: Option<Instant>,
    pub(super) disturbed_until: Option<Instant>,
}

pub(crate) struct Rig {
    pub(super) workers: Vec<Worker>,
    /// Processes that ended as they were told to; their logs are of interest too.
    past: Vec<Service>,
    /// After the processes, whose files it removes.
    pub(crate) stack: Stack,
    /// Those that moves are about, and one more that nobody touches: what a healthy sync comes to.
    pub(crate) connectors: Vec<String>,
    pub(crate) observer: Observer,
    /// When Jira is to be repaired.
    pub(super) broken_until: Option<Instant>,
    /// As it was in the beginning.
    pub(super) configuration: Value,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let setup = Setup {
            jira: Options {
                latency_ms: LATENCY_MS,
                ..Options::default()
            },
            ..Setup::default()
        };
        let setup = setup
            .field("projects", "FIX")
            .field("use_document_level_security", "true");
        let stack = Stack::with(setup).await;
        let mut connectors = vec![stack.connector.clone()];
        for number in 1..=CONNECTORS {
            connectors.push(stack.another_connector(number).await);
        }
        let observer = Observer::start(stack.elastic.clone(), &connectors);
        let mut rig = Self {
            configuration: stack.connector_record().await["configuration"].clone(),
            stack,
            connectors,
            observer,
            workers: Vec::new(),
            past: Vec::new(),
            broken_until: None,
        };
        for place in 0..WORKERS {
            let worker = rig.worker(place).await;
            rig.workers.push(worker);
        }
        rig
    }

    /// A new process in this place.
    async fn worker(&self, place: usize) -> Worker {
        let wire = Wire::to(&self.stack.elastic.url).await;
        let ids: Vec<&str> = self.connectors.iter().map(String::as_str).collect();
        let idle = IDLE.as_secs();
        // Faults of some seconds must neither be sat out for minutes nor end the service.
        let config = self
            .stack
            .admin_config(&ids)
            .replace(&self.stack.elastic.url, &wire.url)
            + &format!(
                "service.idle_job_timeout: {idle}\nservice.max_concurrent_content_syncs: 2\n\
                 service.max_errors: 1000\nservice.log_level: DEBUG\nservice.preflight_idle: 1\n\
                 elasticsearch.retry_interval: 0.5\nelasticsearch.request_timeout: 5\njira.read_timeout: 5\n"
            );
        let file = self.stack.file(&format!("worker-{place}.yml"));
        std::fs::write(&file, config).unwrap();
        Worker {
            service: self.stack.start_service_with(&file),
            wire,
            stopped_until: None,
            disturbed_until: None,
        }
    }

    /// Carries the moves out, then brings everything to rest: Jira and configuration are as in the beginning, every worker
    /// runs and is connected, and all jobs are over.
    pub(crate) async fn live_through(&mut self, moves: &[Move]) {
        for Move { act, then_ms } in moves {
            self.carry_out(act).await;
            self.pause(Duration::from_millis(*then_ms)).await;
        }
        for connector in 0..CONNECTORS {
            self.configure(connector, Change::Restored).await;
            self.schedule(connector, false).await;
        }
        let mut due: Vec<Instant> = self.broken_until.into_iter().collect();
        for worker in &self.workers {
            due.extend(worker.stopped_until);
            due.extend(worker.disturbed_until);
        }
        let last = due
            .into_iter()
            .max()
            .map(|due| due.saturating_duration_since(Instant::now()));
        self.pause(last.unwrap_or_default()).await;
    }

    /// Waits for the end of all jobs, also of those that a schedule may just have asked for.
    pub(crate) async fn settled(&self) -> Result<(), Vec<String>> {
        let began = Instant::now();
        let mut calm_since = Instant::now();
        while calm_since.elapsed() < 2 * IDLE / 3 {
            let unfinished: Vec<String> = {
                let seen = self.observer.seen();
                let locked = self
                    .connectors
                    .iter()
                    .filter(|id| is_locked(&seen.connectors[*id]))
                    .cloned();
                unfinished(&seen).into_iter().chain(locked).collect()
            };
            if !unfinished.is_empty() {
                calm_since = Instant::now();
                if began.elapsed() > PEACE {
                    return Err(unfinished);
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Full syncs of all connectors that are there; they must complete. Their indices, the healthy one last.
    pub(crate) async fn sync_all(&self) -> Vec<String> {
        let mut jobs = Vec::new();
        for id in &self.connectors {
            if self.observer.seen().connectors[id].gone.is_none() {
                jobs.push((id, self.stack.elastic.create_job(id).await));
            }
        }
        let mut indices = Vec::new();
        for (id, job) in jobs {
            let job = within(PEACE, "a last full sync is over", async || {
                let job = self.stack.job(&job).await;
                job.is_over().then_some(job)
            })
            .await;
            assert_eq!(job.status(), "completed", "the last full sync of {id}: {}", job.0);
            indices.push(job.0["connector"]["index_name"].as_str().unwrap().to_owned());
        }
        indices
    }

    /// Ends all workers; what they logged in their lives.
    pub(crate) async fn end(&mut self) -> String {
        for worker in &mut self.workers {
            assert_eq!(
                worker.service.ended(),
                None,
                "a worker ended by itself:\n{}",
                worker.service.log()
            );
            let (status, _) = worker.service.terminate().await;
            assert!(status.success(), "{status}: {}", worker.service.log());
        }
        let all = self
            .past
            .iter()
            .chain(self.workers.iter().map(|worker| &worker.service));
        all.map(Service::log).collect()
    }

    /// Lets time pass, and ends what was to last until then.
    async fn pause(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let now = Instant::now();
            if self.broken_until.is_some_and(|until| until <= now) {
                self.repair_jira();
                self.broken_until = None;
            }
            for worker in &mut self.workers {
                if worker.stopped_until.is_some_and(|until| until <= now) {
                    worker.service.signal("CONT").await;
                    worker.stopped_until = None;
                }
                if worker.disturbed_until.is_some_and(|until| until <= now) {
                    worker.wire.set(Line::Open);
                    worker.disturbed_until = None;
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_millis(20))).await;
        }
    }

    /// Another process takes the place of one that has ended.
    pub(super) async fn replace(&mut self, place: usize) {
        let next = self.worker(place).await;
        let last = std::mem::replace(&mut self.workers[place], next);
        self.past.push(last.service);
    }
}

pub(super) fn unfinished(seen: &Seen) -> Vec<String> {
    let unfinished = seen.jobs.iter().filter(|(_, history)| !history.is_over());
    unfinished.map(|(id, _)| id.clone()).collect()
}

fn is_locked(connector: &History) -> bool {
    let locks = ["last_sync_status", "last_access_control_sync_status"];
    let last = connector.last().filter(|_| connector.gone.is_none());
    last.is_some_and(|last| locks.iter().any(|lock| last.text(lock) == Some("in_progress")))
}
