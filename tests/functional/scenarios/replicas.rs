//! Several workers on the same connectors, one of them killed and one stopped for longer than others wait for it: every
//! job runs to exactly one end, and whoever lost a job writes nothing more for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jira_fixture::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Job, Service, Setup, Stack, eventually, within};

const CONNECTORS: usize = 10;
const JOBS_OF_EACH: usize = 10;
/// All jobs are done in a fraction of this on an idle machine.
const LONG: Duration = Duration::from_secs(400);

/// What a worker may log about the end of a job.
const ENDS: [&str; 2] = ["the job ended: ", "the job failed"];

struct Fleet {
    stack: Stack,
    connectors: Vec<String>,
    jobs: Vec<String>,
}

impl Fleet {
    async fn new() -> Self {
        let setup = Setup {
            jira: Options {
                latency_ms: 50,
                ..Options::default()
            },
            ..Setup::default()
        };
        let stack = Stack::with(setup.field("projects", "FIX")).await;
        let mut connectors = vec![stack.connector.clone()];
        for number in 1..CONNECTORS {
            connectors.push(stack.another_connector(number).await);
        }
        let ids: Vec<&str> = connectors.iter().map(String::as_str).collect();
        let config = stack.admin_config(&ids)
            + "service.idle_job_timeout: 10\nservice.max_concurrent_content_syncs: 3\nservice.log_level: DEBUG\n";
        std::fs::write(stack.file("fleet.yml"), config).unwrap();
        let mut jobs = Vec::new();
        for _ in 0..JOBS_OF_EACH {
            for connector in &connectors {
                let body = json!({ "id": connector, "job_type": "incremental", "trigger_method": "on_demand" });
                let created = stack.elastic.post("/_connector/_sync_job", &body).await;
                jobs.push(created["id"].as_str().unwrap().to_owned());
            }
        }
        Self {
            stack,
            connectors,
            jobs,
        }
    }

    fn worker(&self) -> Service {
        self.stack.start_service_with(&self.stack.file("fleet.yml"))
    }

    async fn all_jobs(&self) -> BTreeMap<String, Job> {
        let body = json!({ "size": 1000, "query": { "terms": { "connector.id": self.connectors } } });
        let found = self
            .stack
            .elastic
            .post("/.elastic-connectors-sync-jobs/_search", &body)
            .await;
        let hits = found["hits"]["hits"].as_array().unwrap();
        hits.iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), Job(hit["_source"].clone())))
            .collect()
    }

    /// Jobs that a worker began and neither ended nor lost, as far as its log and the records say.
    async fn held_by(&self, worker: &Service) -> BTreeSet<String> {
        let mut held: BTreeSet<String> = worker.jobs_logged("claimed the job").into_iter().collect();
        for end in ENDS {
            for ended in worker.jobs_logged(end) {
                held.remove(&ended);
            }
        }
        let mut running = BTreeSet::new();
        for id in held {
            if self.stack.job(&id).await.status() == "in_progress" {
                running.insert(id);
            }
        }
        running
    }

    /// Meets the worker while it holds a job, after at least `after` claims.
    async fn caught(&self, worker: &Service, signal: &str, after: usize) -> BTreeSet<String> {
        within(LONG, "a worker is met at its work", async || {
            if worker.jobs_logged("claimed the job").len() < after {
                return None;
            }
            worker.signal(signal).await;
            let held = self.held_by(worker).await;
            if !held.is_empty() || signal == "KILL" {
                return Some(held);
            }
            worker.signal("CONT").await;
            None
        })
        .await
    }

    /// The last sequence number of every shard of the content indices: any write moves it.
    async fn last_writes(&self) -> BTreeMap<String, Value> {
        let mut last = BTreeMap::new();
        for index in self.indices() {
            let stats = self.stack.elastic.get(&format!("/{index}/_stats?level=shards")).await;
            let shards = &stats["indices"][&index]["shards"];
            let seq_nos = shards.as_object().unwrap().iter().map(|(number, copies)| {
                let seq_no = copies[0]["seq_no"]["max_seq_no"].clone();
                (format!("{index}/{number}"), seq_no)
            });
            last.extend(seq_nos);
        }
        last
    }

    fn indices(&self) -> Vec<String> {
        let further = self.connectors.iter().skip(1).cloned();
        std::iter::once(self.stack.index.clone()).chain(further).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_runs_to_one_end_though_a_worker_is_killed_and_another_is_stopped_too_long() {
    let fleet = Fleet::new().await;
    let killed = fleet.worker();
    let mut stopped = fleet.worker();
    let mut surviving = fleet.worker();

    let lost = fleet.caught(&stopped, "STOP", 4).await;
    fleet.caught(&killed, "KILL", 4).await;

    let jobs = within(LONG, "all jobs are over", async || {
        let jobs = fleet.all_jobs().await;
        jobs.values().all(Job::is_over).then_some(jobs)
    })
    .await;
    assert_eq!(jobs.len(), fleet.jobs.len());
    for (id, job) in &jobs {
        assert_eq!(job.status(), "completed", "job {id}: {}", job.error());
    }
    for id in &lost {
        let recoveries = jobs[id].0["metadata"]["recoveries"].as_u64();
        assert!(
            // Forgotten when it got on.
            recoveries.is_some(),
            "job {id} was taken over: {}",
            jobs[id].0["metadata"]
        );
    }

    // The stopped worker wakes up, notices that it lost its jobs, and goes.
    let before = fleet.last_writes().await;
    stopped.signal("CONT").await;
    eventually(
        "the worker that was stopped notices that its jobs are gone",
        async || {
            let noticed = stopped.jobs_logged("its record is left alone");
            lost.iter().all(|id| noticed.contains(id)).then_some(())
        },
    )
    .await;
    stopped.terminate().await;
    surviving.terminate().await;
    assert_eq!(fleet.last_writes().await, before, "nothing was written after the pause");
    assert_eq!(fleet.all_jobs().await.len(), jobs.len());
    for (id, job) in fleet.all_jobs().await {
        assert_eq!(
            job.0["completed_at"], jobs[&id].0["completed_at"],
            "job {id} ended once"
        );
        assert_eq!(job.status(), "completed");
    }

    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for worker in [&killed, &stopped, &surviving] {
        for id in worker.jobs_logged("the job ended: completed") {
            *ends.entry(id).or_default() += 1;
        }
    }
    for id in &fleet.jobs {
        // A worker that was killed right after recording an end had no time to log it.
        assert!(ends.get(id).copied().unwrap_or(0) <= 1, "job {id} ended more than once");
    }
    let logged: usize = ends.values().sum();
    assert!(logged + 3 >= fleet.jobs.len(), "{logged} ends were logged");

    // Nothing stays locked, and each index is what one sync alone would have made of it.
    let mut documents = BTreeSet::new();
    for (connector, index) in fleet.connectors.iter().zip(fleet.indices()) {
        let record = fleet.stack.elastic.connector(connector).await;
        assert_eq!(record["last_sync_status"], "completed", "{connector}");
        assert_eq!(record["running_sync_job_id"], Value::Null, "{connector}");
        let ids: Vec<String> = fleet.stack.elastic.outlines(&index).await.into_keys().collect();
        documents.insert(ids);
    }
    assert_eq!(documents.len(), 1, "all indices hold the same documents");
    let (status, _) = fleet.stack.elastic.call(Method::GET, "/", None).await;
    assert_eq!(status, 200);
}
