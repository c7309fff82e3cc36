//! Records in memory, as unreliable as a test wants them: answers are lost before and after the write, others write in
//! between, requests fail, and every request takes its time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use elastic_client::{ElasticError, Refresh, Updated, Versioned};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::task::yield_now;

use super::records::{Created, NewRecords, Records, Written, is_merged};

/// What goes wrong with one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is written, and the answer is lost.
    AppliedAnswerLost,
    /// It is lost on its way, and nobody can tell.
    NotAppliedAnswerLost,
    /// Somebody else writes just before, without changing what the writer cares for.
    Touched,
    /// Somebody deletes the record just before.
    Deleted,
    /// The request is refused.
    Down,
}

/// A list of decisions, so that a failed case can shrink.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dice(Arc<Mutex<VecDeque<u8>>>);

impl Dice {
    pub(crate) fn new(faces: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(faces.into())))
    }

    /// The next decision; 0 when the list is used up, so that every test comes to rest.
    pub(crate) fn roll(&self) -> u8 {
        self.0.lock().pop_front().unwrap_or(0)
    }
}

/// Shared by all processes of a test.
#[derive(Debug, Clone)]
pub(crate) struct MemoryRecords<T> {
    stored: Arc<Mutex<Stored>>,
    read: fn(Map<String, Value>) -> T,
}

#[derive(Debug, Default)]
struct Stored {
    documents: BTreeMap<String, (u64, Map<String, Value>)>,
    last_seq_no: u64,
    planned: VecDeque<Fault>,
    dice: Dice,
}

impl<T> MemoryRecords<T> {
    pub(crate) fn new(read: fn(Map<String, Value>) -> T) -> Self {
        Self {
            stored: Arc::default(),
            read,
        }
    }

    /// Writes this from outside, whatever is there: what is given replaces what was.
    pub(crate) fn put(&self, id: &str, document: Value) {
        let Value::Object(document) = document else {
            panic!("a record is an object")
        };
        self.stored.lock().put(id, document);
    }

    /// Merges this from outside. Whether there was such a record.
    pub(crate) fn merge(&self, id: &str, doc: &Value) -> bool {
        self.stored.lock().merge(id, doc).is_some()
    }

    pub(crate) fn delete(&self, id: &str) {
        self.stored.lock().documents.remove(id);
    }

    pub(crate) fn document(&self, id: &str) -> Option<Map<String, Value>> {
        self.stored
            .lock()
            .documents
            .get(id)
            .map(|(_, document)| document.clone())
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> Vec<Versioned<T>> {
        let stored = self.stored.lock();
        let all = stored.documents.iter();
        all.map(|(id, (seq_no, document))| self.versioned(id, *seq_no, document.clone()))
            .collect()
    }

    /// The next writes go wrong like this, one after the other.
    pub(crate) fn fail_next(&self, faults: &[Fault]) {
        self.stored.lock().planned.extend(faults);
    }

    /// From now on the dice decide what goes wrong and how long requests take.
    pub(crate) fn roll(&self, dice: &Dice) {
        self.stored.lock().dice = dice.clone();
    }

    fn versioned(&self, id: &str, seq_no: u64, document: Map<String, Value>) -> Versioned<T> {
        Versioned {
            id: id.to_owned(),
            seq_no,
            primary_term: 1,
            value: (self.read)(document),
        }
    }

    /// Takes a while: others come in between.
    pub(crate) async fn pass_time(&self) {
        let turns = self.stored.lock().dice.roll() % 4;
        for _ in 0..=turns {
            yield_now().await;
        }
    }

    async fn write<W>(&self, id: &str, unknown: W, apply: impl FnOnce(&mut Stored) -> W) -> Result<W, ElasticError> {
        self.pass_time().await;
        let written = {
            let mut stored = self.stored.lock();
            match stored.next_fault() {
                Fault::None => Ok(apply(&mut stored)),
                Fault::AppliedAnswerLost => {
                    apply(&mut stored);
                    Ok(unknown)
                }
                Fault::NotAppliedAnswerLost => Ok(unknown),
                Fault::Touched => {
                    stored.merge(id, &json!({}));
                    Ok(apply(&mut stored))
                }
                Fault::Deleted => {
                    stored.documents.remove(id);
                    Ok(apply(&mut stored))
                }
                Fault::Down => Err(down()),
            }
        };
        // The answer is on its way: whoever is killed now never learns of it.
        self.pass_time().await;
        written
    }
}

impl Stored {
    fn put(&mut self, id: &str, document: Map<String, Value>) -> Updated {
        self.last_seq_no += 1;
        self.documents.insert(id.to_owned(), (self.last_seq_no, document));
        Updated {
            seq_no: self.last_seq_no,
            primary_term: 1,
        }
    }

    fn merge(&mut self, id: &str, doc: &Value) -> Option<Updated> {
        let (_, mut document) = self.documents.get(id).cloned()?;
        merge(&mut document, doc);
        Some(self.put(id, document))
    }

    fn next_fault(&mut self) -> Fault {
        if let Some(planned) = self.planned.pop_front() {
            return planned;
        }
        match self.dice.roll() % 32 {
            29 => Fault::AppliedAnswerLost,
            28 => Fault::NotAppliedAnswerLost,
            30 => Fault::Touched,
            31 => Fault::Down,
            _ => Fault::None,
        }
    }
}

fn merge(document: &mut Map<String, Value>, doc: &Value) {
    for (name, value) in doc.as_object().into_iter().flatten() {
        match (document.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(_)) => merge(inner, value),
            _ => {
                document.insert(name.clone(), value.clone());
            }
        }
    }
}

fn down() -> ElasticError {
    ElasticError::TooManyRequests {
        request: "a request".to_owned(),
        reason: "down".to_owned(),
        retry_after: None,
    }
}

impl<T: Send + Sync + AsDocument> Records for MemoryRecords<T> {
    type Record = T;

    async fn get(&self, id: &str) -> Result<Option<Versioned<T>>, ElasticError> {
        self.pass_time().await;
        if self.stored.lock().dice.roll() % 32 == 31 {
            return Err(down());
        }
        let found = self.stored.lock().documents.get(id).cloned();
        Ok(found.map(|(seq_no, document)| self.versioned(id, seq_no, document)))
    }

    async fn try_update<V: Sync>(&self, read: &Versioned<V>, doc: &Value, _: Refresh) -> Result<Written, ElasticError> {
        self.write(&read.id, Written::Unknown, |stored| {
            let current = stored.documents.get(&read.id).map(|(seq_no, _)| *seq_no);
            if current != Some(read.seq_no) {
                return Written::Conflict;
            }
            stored.merge(&read.id, doc).map_or(Written::Conflict, Written::Applied)
        })
        .await
    }

    fn carries(&self, record: &T, doc: &Value) -> bool {
        is_merged(record.as_document(), doc)
    }
}

impl<T: Send + Sync + AsDocument> NewRecords for MemoryRecords<T> {
    async fn create(&self, id: &str, doc: &Value, _: Refresh) -> Result<Created, ElasticError> {
        let document = doc.as_object().expect("a record is an object");
        self.write(id, Created::Unknown, |stored| {
            if stored.documents.contains_key(id) {
                return Created::Exists;
            }
            Created::Created(stored.put(id, document.clone()))
        })
        .await
    }
}

/// A record that still has the document that it was read from.
pub(crate) trait AsDocument {
    fn as_document(&self) -> &Map<String, Value>;
}

impl AsDocument for Map<String, Value> {
    fn as_document(&self) -> &Map<String, Value> {
        self
    }
}
