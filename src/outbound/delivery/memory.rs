//! A ledger in memory, as unreliable as a test wants it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::{Duration, sleep};

use super::entry::Entry;
use super::ledger::{Ledger, LedgerFault, ReadEntry, Written};

/// Shared by all replicas of a test. Each call takes one decision from the dice.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryLedger {
    entries: Arc<Mutex<BTreeMap<String, (Entry, u64)>>>,
    pub(super) dice: Dice,
}

/// A list of decisions that repeats, so that a failed case can shrink.
#[derive(Debug, Clone, Default)]
pub(super) struct Dice(Arc<Mutex<(Vec<u8>, usize)>>);

impl Dice {
    pub(super) fn new(faces: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new((faces, 0))))
    }

    /// Further decisions, from now on.
    pub(super) fn refill(&self, faces: Vec<u8>) {
        *self.0.lock() = (faces, 0);
    }

    /// The next decision; 0 when the list is empty or used up, so that every life comes to rest.
    pub(super) fn roll(&self) -> u8 {
        let mut dice = self.0.lock();
        let position = dice.1;
        dice.1 += 1;
        dice.0.get(position).copied().unwrap_or(0)
    }
}

impl MemoryLedger {
    pub(super) fn new(dice: Dice) -> Self {
        Self {
            entries: Arc::default(),
            dice,
        }
    }

    fn write_now(&self, id: &str, expected: Option<u64>, entry: &Entry) -> Written<u64> {
        let mut entries = self.entries.lock();
        let current = entries.get(id).map(|(_, version)| *version);
        if current != expected {
            return Written::Conflict;
        }
        let version = current.unwrap_or(0) + 1;
        entries.insert(id.to_owned(), (entry.clone(), version));
        Written::As(version)
    }
}

impl Ledger for MemoryLedger {
    type Version = u64;

    fn read<'a>(&'a self, id: &'a str) -> BoxFuture<'a, ReadEntry<u64>> {
        Box::pin(async move {
            sleep(Duration::from_millis(u64::from(self.dice.roll()))).await;
            if self.dice.roll() % 16 == 15 {
                return Err(LedgerFault("down".to_owned()));
            }
            Ok(self.entries.lock().get(id).cloned())
        })
    }

    fn write<'a>(
        &'a self,
        id: &'a str,
        expected: Option<u64>,
        entry: &'a Entry,
    ) -> BoxFuture<'a, Result<Written<u64>, LedgerFault>> {
        Box::pin(async move {
            sleep(Duration::from_millis(u64::from(self.dice.roll()))).await;
            match self.dice.roll() % 16 {
                15 => Err(LedgerFault("down".to_owned())),
                14 => Ok(Written::Unknown),
                13 => {
                    self.write_now(id, expected, entry);
                    Ok(Written::Unknown)
                }
                _ => Ok(self.write_now(id, expected, entry)),
            }
        })
    }
}
