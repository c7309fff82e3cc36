//! Reads all job and connector records again and again, by id and so in real time, and remembers every version that it
//! saw. What the versions may look like is left to `law`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::harness::Elastic;

const JOBS: &str = ".elastic-connectors-sync-jobs";
const CONNECTORS: &str = ".elastic-connectors";
const PAUSE: Duration = Duration::from_millis(50);

/// One version of a record.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    /// Number of the look that found it first: every change of one look came before every change of the next but one.
    pub(crate) look: usize,
    /// Since the beginning.
    pub(crate) at: Duration,
    pub(crate) seq_no: u64,
    pub(crate) record: Value,
}

impl Sighting {
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.record[member].as_str()
    }

    pub(crate) fn status(&self) -> &str {
        self.text("status").unwrap_or("none")
    }

    /// The mark of the claim under which a worker runs it.
    pub(crate) fn claim(&self) -> Option<&str> {
        self.record["metadata"]["claimed_by"].as_str()
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.status(), "in_progress" | "canceling")
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status(), "completed" | "error" | "canceled")
    }
}

/// What became of one record.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) sightings: Vec<Sighting>,
    /// Since when it is not there any more.
    pub(crate) gone: Option<Duration>,
    /// It was there again after it had been deleted.
    pub(crate) came_back: bool,
    /// When somebody asked to cancel it and was told that it would be: just before and just after.
    pub(crate) canceled: Option<(Duration, Duration)>,
}

impl History {
    pub(crate) fn last(&self) -> Option<&Sighting> {
        self.sightings.last()
    }

    /// Whether nothing more may happen to it.
    pub(crate) fn is_over(&self) -> bool {
        self.gone.is_some() || self.last().is_some_and(Sighting::is_over)
    }
}

/// Everything seen so far, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) jobs: BTreeMap<String, History>,
    pub(crate) connectors: BTreeMap<String, History>,
    pub(crate) looks: usize,
}

/// The watch over the records of some connectors.
#[derive(Debug)]
pub(crate) struct Observer {
    began: Instant,
    seen: Arc<Mutex<Seen>>,
    watch: JoinHandle<()>,
}

impl Observer {
    pub(crate) fn start(elastic: Elastic, connectors: &[String]) -> Self {
        let mut seen = Seen::default();
        for id in connectors {
            seen.connectors.insert(id.clone(), History::default());
        }
        let (began, seen) = (Instant::now(), Arc::new(Mutex::new(seen)));
        let watch = tokio::spawn(watch(elastic, connectors.to_vec(), began, Arc::clone(&seen)));
        Self { began, seen, watch }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits for a look that began after now.
    pub(crate) async fn looked(&self) {
        let before = self.seen().looks;
        while self.seen().looks < before + 2 {
            assert!(!self.watch.is_finished(), "the observer has failed");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

async fn watch(elastic: Elastic, connectors: Vec<String>, began: Instant, seen: Arc<Mutex<Seen>>) {
    let seen = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        // Jobs of schedules have ids that nobody told us. A search may be late; it is not what is judged.
        let looks = seen().looks;
        if looks % 10 == 0 {
            let query = json!({ "size": 1000, "_source": false, "query": { "terms": { "connector.id": connectors } } });
            let found = elastic.post(&format!("/{JOBS}/_search"), &query).await;
            for hit in found["hits"]["hits"].as_array().into_iter().flatten() {
                let id = hit["_id"].as_str().unwrap().to_owned();
                seen().jobs.entry(id).or_default();
            }
        }
        let known: Vec<String> = seen().jobs.keys().cloned().collect();
        let jobs = known.iter().map(|id| json!({ "_index": JOBS, "_id": id }));
        let records = connectors.iter().map(|id| json!({ "_index": CONNECTORS, "_id": id }));
        let docs: Vec<Value> = jobs.chain(records).collect();
        let answer = elastic.post("/_mget", &json!({ "docs": docs })).await;
        note_all(&mut seen(), &known, &answer, began.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
}

fn note_all(seen: &mut Seen, jobs: &[String], answer: &Value, at: Duration) {
    seen.looks += 1;
    let look = seen.looks;
    for found in answer["docs"].as_array().unwrap() {
        let id = found["_id"].as_str().unwrap();
        let history = if jobs.iter().any(|job| job == id) {
            seen.jobs.get_mut(id)
        } else {
            seen.connectors.get_mut(id)
        };
        note(history.unwrap(), found, look, at);
    }
}

fn note(history: &mut History, found: &Value, look: usize, at: Duration) {
    assert!(found["error"].is_null(), "{found}");
    if found["found"] != true || found["_source"]["deleted"] == true {
        // A job that was created a moment ago is there at once: what is not there was deleted.
        history.gone.get_or_insert(at);
        return;
    }
    history.came_back |= history.gone.is_some();
    let seq_no = found["_seq_no"].as_u64().unwrap();
    if history.last().is_none_or(|last| last.seq_no != seq_no) {
        history.sightings.push(Sighting {
            look,
            at,
            seq_no,
            record: found["_source"].clone(),
        });
    }
}
