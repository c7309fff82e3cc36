//! Carries out moves: signals to workers, calls of Elasticsearch's API, faults of Jira. When, and what comes after, is
//! left to `rig`.

use std::time::{Duration, Instant};

use jira_fixture::{Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::moves::{Act, CONNECTORS, Change, Trouble, WORKERS};
use super::observer::Sighting;
use super::rig::{LATENCY_MS, Rig, unfinished};
use crate::harness::eventually;

/// How long a worker is stopped: others have taken its jobs over when it goes on.
const STOPPED: Duration = Duration::from_millis(6_500);

impl Rig {
    pub(super) async fn carry_out(&mut self, act: &Act) {
        match *act {
            Act::CreateJob { connector, job_type } => self.create_job(connector, job_type).await,
            Act::CancelJob { pick } => self.cancel_job(pick).await,
            Act::DeleteJob { pick } => {
                if let Some(job) = self.pick_job(pick) {
                    let path = format!("/_connector/_sync_job/{job}");
                    self.accepted(Method::DELETE, &path, None, &[200, 404]).await;
                }
            }
            Act::Configure { connector, change } => self.configure(connector, change).await,
            Act::Schedule { connector, enabled } => self.schedule(connector, enabled).await,
            Act::BreakJira { trouble, ms } => {
                self.break_jira(trouble);
                self.broken_until = Some(Instant::now() + Duration::from_millis(ms));
            }
            Act::Terminate { worker } => {
                let worker = self.pick_worker(worker);
                // A stopped process hears of it when it goes on.
                self.workers[worker].service.signal("CONT").await;
                let (status, took) = self.workers[worker].service.terminate().await;
                let log = self.workers[worker].service.log();
                assert!(status.success(), "{status}: {log}");
                assert!(took < Duration::from_secs(9), "stopping took {took:?}: {log}");
                self.replace(worker).await;
            }
            Act::Kill { worker } => {
                let worker = self.pick_worker(worker);
                self.workers[worker].service.signal("KILL").await;
                self.replace(worker).await;
            }
            Act::Stop { worker } => {
                let worker = self.pick_worker(worker);
                self.workers[worker].service.signal("STOP").await;
                self.workers[worker].stopped_until = Some(Instant::now() + STOPPED);
            }
            Act::Disturb { worker, line, ms } => {
                let worker = self.pick_worker(worker);
                self.workers[worker].wire.set(line);
                self.workers[worker].disturbed_until = Some(Instant::now() + Duration::from_millis(ms));
            }
            Act::DeleteConnector => {
                let path = format!("/_connector/{}", self.connectors[CONNECTORS - 1]);
                self.accepted(Method::DELETE, &path, None, &[200, 404]).await;
            }
        }
    }

    /// A call that may also be refused in the ways named. A worker writes the same records, and the API does not repeat
    /// what met such a write.
    async fn accepted(&self, method: Method, path: &str, body: Option<&Value>, statuses: &[u16]) -> (u16, Value) {
        let what = format!("{method} {path} meets no other write");
        let (status, answer) = eventually(&what, async || {
            let answer = self.stack.elastic.call(method.clone(), path, body).await;
            (answer.0 != 409).then_some(answer)
        })
        .await;
        assert!(statuses.contains(&status), "{method} {path}: {status} {answer}");
        (status, answer)
    }

    async fn create_job(&self, connector: usize, job_type: &str) {
        let id = &self.connectors[connector];
        let body = json!({ "id": id, "job_type": job_type, "trigger_method": "on_demand" });
        let (status, created) = self
            .accepted(Method::POST, "/_connector/_sync_job", Some(&body), &[201, 404])
            .await;
        if status == 201 {
            let id = created["id"].as_str().unwrap().to_owned();
            self.observer.seen().jobs.entry(id).or_default();
        }
    }

    /// Nothing is learned from killing a worker that does nothing. Records name the machine only, logs tell the process.
    fn pick_worker(&self, pick: usize) -> usize {
        let running = {
            let seen = self.observer.seen();
            let running = seen
                .jobs
                .iter()
                .filter(|(_, job)| job.last().is_some_and(Sighting::is_running));
            running.map(|(id, _)| id.clone()).collect::<Vec<_>>()
        };
        let works = |place: &usize| {
            let service = &self.workers[*place].service;
            let ended = [
                service.jobs_logged("the job ended: "),
                service.jobs_logged("the job failed"),
            ]
            .concat();
            let claimed = service.jobs_logged("claimed the job");
            claimed.iter().any(|job| running.contains(job) && !ended.contains(job))
        };
        let busy: Vec<usize> = (0..WORKERS).filter(works).collect();
        if busy.is_empty() { pick } else { busy[pick % busy.len()] }
    }

    fn pick_job(&self, pick: usize) -> Option<String> {
        let seen = self.observer.seen();
        let waiting_or_running = unfinished(&seen);
        let all: Vec<String> = seen.jobs.keys().cloned().collect();
        let choice = if waiting_or_running.is_empty() {
            all
        } else {
            waiting_or_running
        };
        (!choice.is_empty()).then(|| choice[pick % choice.len()].clone())
    }

    async fn cancel_job(&self, pick: usize) {
        let Some(job) = self.pick_job(pick) else { return };
        let path = format!("/_connector/_sync_job/{job}/_cancel");
        let asked = self.observer.now();
        // 400: it is over, or is being canceled already.
        let (status, _) = self.accepted(Method::PUT, &path, None, &[200, 400, 404]).await;
        if status == 200 {
            let answered = self.observer.now();
            let mut seen = self.observer.seen();
            seen.jobs
                .entry(job)
                .or_default()
                .canceled
                .get_or_insert((asked, answered));
        }
    }

    pub(super) async fn configure(&self, connector: usize, change: Change) {
        let values = match change {
            Change::Restored => {
                let fields = ["projects", "jira_url"];
                let values = fields.map(|key| (key.to_owned(), self.configuration[key]["value"].clone()));
                Value::Object(values.into_iter().collect())
            }
            Change::OtherProjects => json!({ "projects": "AND, EMPTY" }),
            Change::WrongAddress => json!({ "jira_url": "http://127.0.0.1:9" }),
            Change::NoAddress => json!({ "jira_url": "" }),
        };
        let path = format!("/_connector/{}/_configuration", self.connectors[connector]);
        self.accepted(Method::PUT, &path, Some(&json!({ "values": values })), &[200, 404])
            .await;
    }

    pub(super) async fn schedule(&self, connector: usize, enabled: bool) {
        let path = format!("/_connector/{}/_scheduling", self.connectors[connector]);
        let schedule = json!({ "incremental": { "enabled": enabled, "interval": "0/2 * * * * ?" } });
        self.accepted(
            Method::PUT,
            &path,
            Some(&json!({ "scheduling": schedule })),
            &[200, 404],
        )
        .await;
    }

    fn break_jira(&self, trouble: Trouble) {
        let site = &self.stack.jira.site;
        match trouble {
            Trouble::Errors => site.add_fault(Fault::status("*", 500)),
            Trouble::Resets => site.add_fault(Fault::new("*", FaultKind::Reset)),
            Trouble::Silence => site.add_fault(Fault::new("bulkfetch", FaultKind::Hang)),
            Trouble::Refused => site.add_fault(Fault::status("*", 401)),
            Trouble::Slow => site.set(|settings| settings.latency_ms = 10 * LATENCY_MS),
        }
    }

    pub(super) fn repair_jira(&self) {
        self.stack.jira.site.clear_faults();
        self.stack.jira.site.set(|settings| settings.latency_ms = LATENCY_MS);
    }
}
