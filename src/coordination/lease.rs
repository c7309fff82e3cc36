//! A record that this process holds: every write to it is conditional, so a holder that lost it notices and stops.
//!
//! What the record is for, when it may be claimed and what is written is left to its callers.

use std::fmt;

use elastic_client::{ElasticError, Refresh, Updated, Versioned};
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Mutex;

use super::boot_clock::since_boot;
use super::modify::{Decision, Modified, Pure, modify, modify_after};
use super::records::{Records, Written, contended};
use super::renewal::Renewal;

/// A record that one process at a time works on.
pub trait Leased {
    /// What its holder has to know of the record before each write.
    type State: Clone + fmt::Debug + Send + Sync;

    /// The mark of its last claim, which tells that claim from all others.
    fn mark(&self) -> Option<&str>;

    /// The state, while somebody may be at it; else why nobody is, in words.
    fn running(&self) -> Result<Self::State, String>;
}

/// A record that this process holds.
pub struct Lease<R: Records<Record: Leased>> {
    records: R,
    id: String,
    mark: String,
    /// Written by one task at a time: a conditional update needs the version of the last one, and the state that the
    /// record has in it. None when somebody else wrote as well.
    held: Mutex<Option<Versioned<StateOf<R>>>>,
    renewal: Renewal,
}

type StateOf<R> = <<R as Records>::Record as Leased>::State;

/// What a claim writes, and the state that the record has then; or why it cannot be claimed, in words.
pub type ClaimWrite<S> = Result<(Value, S), String>;

/// The outcome of a claim.
#[derive(Debug)]
pub enum Claimed<R: Records<Record: Leased>> {
    /// It is ours now.
    Ours(Lease<R>),
    /// It is in no state to be claimed, or somebody else was faster.
    NotClaimable(String),
}

/// The outcome of a write to a record that this process holds.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// The record is not ours any more.
    #[error("{0}")]
    Lost(String),
    /// Elasticsearch did not answer usefully; the record may still be ours.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

impl<R: Records<Record: Leased>> fmt::Debug for Lease<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("id", &self.id)
            .field("renewal", &self.renewal)
            .finish_non_exhaustive()
    }
}

impl<R: Records<Record: Leased>> Lease<R> {
    /// Claims a record under `mark`, which no claim ever had before, by writing what `claim` says. A claim whose answer
    /// was lost finds its mark in the record and is ours.
    pub async fn claim(
        records: R,
        id: &str,
        mark: String,
        mut claim: impl FnMut(&R::Record) -> ClaimWrite<StateOf<R>> + Send,
    ) -> Result<Claimed<R>, ElasticError> {
        let mut asked = since_boot();
        let modified = modify(&records, id, Refresh::Immediate, |now| {
            if now.value.mark() == Some(mark.as_str())
                && let Ok(state) = now.value.running()
            {
                return Decision::Leave(Ok(state));
            }
            asked = since_boot();
            match claim(&now.value) {
                Ok((doc, state)) => Decision::Write(doc, Ok(state)),
                Err(reason) => Decision::Leave(Err(reason)),
            }
        });
        let (state, version) = match modified.await? {
            Modified::Done(Ok(state), version) => (state, version),
            Modified::Done(Err(reason), _) => return Ok(Claimed::NotClaimable(reason)),
            Modified::Missing => return Ok(Claimed::NotClaimable("it does not exist any more".to_owned())),
            Modified::Contended => return Ok(Claimed::NotClaimable("its record changes all the time".to_owned())),
        };
        Ok(Claimed::Ours(Self {
            held: Mutex::new(Some(versioned(id, version, state))),
            records,
            id: id.to_owned(),
            mark,
            renewal: Renewal::new(asked),
        }))
    }

    /// Id of the record.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Claimed now, by this clock.
    #[cfg(test)]
    pub(super) fn with_clock(self, clock: impl Fn() -> std::time::Duration + Send + Sync + 'static) -> Self {
        let renewal = Renewal::with_clock(clock(), clock);
        Self { renewal, ..self }
    }

    #[cfg(test)]
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// When the record was last written by us.
    pub(crate) fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Merges `doc` into the record while it is ours. Others may write to a record that is held too (a request to cancel
    /// it, say); such a write is looked at and does not cost us the record.
    pub async fn write(&self, doc: &Value, refresh: Refresh) -> Result<(), LeaseError> {
        self.write_for(|_| doc.clone(), refresh).await.map(drop)
    }

    /// The same for what depends on the state: `doc` is asked with the one that the write replaces, which is returned.
    pub async fn write_for(
        &self,
        doc: impl Fn(&StateOf<R>) -> Value + Send + Sync,
        refresh: Refresh,
    ) -> Result<StateOf<R>, LeaseError> {
        let mut held = self.held.lock().await;
        let mut asked = self.renewal.now();
        let mut sent = None;
        // Taken out: what others wrote since is not known before the record is read again.
        if let Some(known) = held.take() {
            let new = doc(&known.value);
            match self.records.try_update(&known, &new, refresh).await {
                Ok(Written::Applied(version)) => {
                    self.renewal.renewed(asked);
                    let state = known.value.clone();
                    *held = Some(known.at(version));
                    return Ok(state);
                }
                Ok(Written::Conflict | Written::Unknown) => sent = Some((new, Ok(known.value))),
                Err(error) => {
                    *held = Some(known);
                    return Err(error.into());
                }
            }
        }
        let decide = Pure(|now: &Versioned<R::Record>| {
            asked = self.renewal.now();
            match self.state_of(&now.value) {
                Ok(state) => Decision::Write(doc(&state), Ok(state)),
                Err(lost) => Decision::Leave(Err(lost)),
            }
        });
        match modify_after(&self.records, &self.id, refresh, sent, decide).await? {
            Modified::Done(Ok(state), _) => {
                self.renewal.renewed(asked);
                Ok(state)
            }
            Modified::Done(Err(lost), _) => Err(LeaseError::Lost(lost)),
            Modified::Missing => Err(deleted()),
            Modified::Contended => Err(contended(&self.id).into()),
        }
    }

    /// The state of the record as it is now.
    pub async fn state(&self) -> Result<StateOf<R>, LeaseError> {
        match self.records.get(&self.id).await? {
            Some(now) => self.state_of(&now.value).map_err(LeaseError::Lost),
            None => Err(deleted()),
        }
    }

    /// The state, if the record is still ours; else who has it, or why it is over.
    fn state_of(&self, now: &R::Record) -> Result<StateOf<R>, String> {
        if now.mark() != Some(self.mark.as_str()) {
            return Err("another worker has claimed it".to_owned());
        }
        now.running()
    }
}

fn versioned<S>(id: &str, version: Updated, value: S) -> Versioned<S> {
    Versioned {
        id: id.to_owned(),
        seq_no: version.seq_no,
        primary_term: version.primary_term,
        value,
    }
}

fn deleted() -> LeaseError {
    LeaseError::Lost("its record was deleted".to_owned())
}
