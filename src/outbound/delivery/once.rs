//! The order of steps that makes one thing for each key, whatever fails in between.
//!
//! reserve in the ledger -> make -> record. Who finds a reservation of a call that is gone looks for the thing before it
//! makes one. A call that does not know what became of its request leaves the reservation for the next one to look.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;
use uuid::Uuid;

use super::entry::{Entry, State, mark};
use super::ledger::{Ledger, LedgerFault, Written};
use super::port::{Delivery, Done, External, Made, Making, Renewed};

/// A request that makes something is given up after this.
const LONGEST_MAKING: Duration = Duration::from_secs(45);
/// A call that needed longer from its reservation to this point does not send any more: others may take it for gone.
const LATEST_START: Duration = Duration::from_secs(15);
/// Nobody else touches a reservation for so long. What is left over the two above is for clocks that disagree and for
/// requests that a server carries out late.
const HELD: TimeDelta = TimeDelta::seconds(120);
/// Things made by a server whose clock is behind are found as well.
const CLOCK_MARGIN: TimeDelta = TimeDelta::seconds(120);
/// A call waits so long for another one with its key.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(250);
/// After a lost answer the thing is looked for so often, with this wait before each.
const LOOKS: u32 = 3;
const BEFORE_LOOK: Duration = Duration::from_secs(1);

/// The deliveries of one connector.
#[derive(Debug)]
pub struct Deliveries<L> {
    ledger: L,
    connector: String,
    clock: Clock,
}

/// Tells the time. Clocks of replicas may differ by a minute.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The time of this machine.
    pub fn of_system() -> Self {
        Self::new(Utc::now)
    }

    pub(super) fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A reservation of this call.
struct Reserved<V> {
    entry: Entry,
    version: V,
    at: Instant,
}

/// What is to be done about a key.
enum Step<V> {
    /// Nothing is there: make it.
    Make(Reserved<V>),
    /// A call that is gone may have made it: look.
    Look(Reserved<V>),
    /// It is there.
    Update(External, Entry, V),
    /// Another call is making it.
    Wait,
}

impl<L: Ledger> Deliveries<L> {
    /// The deliveries of this connector in this ledger.
    pub fn new(ledger: L, connector: &str, clock: Clock) -> Self {
        Self {
            ledger,
            connector: connector.to_owned(),
            clock,
        }
    }

    async fn deliver(&self, key: &str, making: &dyn Making) -> Result<Done, NotDone> {
        let id = mark(&self.connector, key);
        let call = Uuid::new_v4().to_string();
        let asked = Instant::now();
        loop {
            match self.next_step(&id, key, &call).await.map_err(nothing_sent)? {
                Step::Make(reserved) => return self.make(&id, reserved, making).await,
                Step::Look(reserved) => {
                    let since = reserved.entry.unsure_since - CLOCK_MARGIN;
                    match making.find(since).await {
                        Ok(Some(external)) => self.record(&id, &reserved, State::Made, Some(external)).await,
                        Ok(None) => return self.make(&id, reserved, making).await,
                        Err(error) => {
                            self.give_up_hold(&id, &reserved, self.clock.now()).await;
                            return Err(looking_failed(error));
                        }
                    }
                }
                Step::Update(external, entry, version) => match making.update(&external).await? {
                    Renewed::Updated(done) => return Ok(done),
                    Renewed::Ended => {
                        let reserved = self
                            .reserve(&id, Some(version), self.reservation(key, &call, &entry))
                            .await;
                        if let Some(reserved) = reserved.map_err(nothing_sent)? {
                            return self.make(&id, reserved, making).await;
                        }
                    }
                },
                Step::Wait if asked.elapsed() > PATIENCE => {
                    return Err(NotDone::NotSent(
                        "another call with the same key is being carried out, or was cut off a moment ago; nothing was \
                         sent by this one"
                            .to_owned(),
                    ));
                }
                Step::Wait => sleep(POLL).await,
            }
        }
    }

    async fn next_step(&self, id: &str, key: &str, call: &str) -> Result<Step<L::Version>, LedgerFault> {
        let now = self.clock.now();
        let Some((entry, version)) = self.ledger.read(id).await? else {
            let fresh = Entry {
                connector: self.connector.clone(),
                key: key.to_owned(),
                state: State::Making,
                holder: call.to_owned(),
                held_until: now + HELD,
                unsure_since: now,
                external: None,
            };
            let reserved = self.reserve(id, None, fresh).await?;
            return Ok(reserved.map_or(Step::Wait, Step::Make));
        };
        match (entry.state, entry.external.clone()) {
            (State::Made, Some(external)) => Ok(Step::Update(external, entry, version)),
            (State::Making, _) if entry.holder != call && entry.held_until > now => Ok(Step::Wait),
            // Of a call that is gone, or our own whose answer was lost: it may be old by now, and may have been taken over
            // from another call. So it is held anew, and looked for.
            (State::Making, _) => {
                let taken = Entry {
                    holder: call.to_owned(),
                    held_until: now + HELD,
                    ..entry
                };
                let reserved = self.reserve(id, Some(version), taken).await?;
                Ok(reserved.map_or(Step::Wait, Step::Look))
            }
            (State::Free | State::Made, _) => {
                let reserved = self
                    .reserve(id, Some(version), self.reservation(key, call, &entry))
                    .await?;
                Ok(reserved.map_or(Step::Wait, Step::Make))
            }
        }
    }

    fn reservation(&self, key: &str, call: &str, before: &Entry) -> Entry {
        let now = self.clock.now();
        Entry {
            connector: self.connector.clone(),
            key: key.to_owned(),
            state: State::Making,
            holder: call.to_owned(),
            held_until: now + HELD,
            unsure_since: now,
            external: before.external.clone(),
        }
    }

    /// None when somebody else was first, or when the answer was lost: the next look at the entry tells.
    async fn reserve(
        &self,
        id: &str,
        expected: Option<L::Version>,
        entry: Entry,
    ) -> Result<Option<Reserved<L::Version>>, LedgerFault> {
        let at = Instant::now();
        Ok(match self.ledger.write(id, expected, &entry).await? {
            Written::As(version) => Some(Reserved { entry, version, at }),
            Written::Conflict | Written::Unknown => None,
        })
    }

    async fn make(&self, id: &str, reserved: Reserved<L::Version>, making: &dyn Making) -> Result<Done, NotDone> {
        if reserved.at.elapsed() > LATEST_START {
            self.record(id, &reserved, State::Free, None).await;
            return Err(NotDone::NotSent(
                "the ledger of deliveries answered too slowly; nothing was sent".to_owned(),
            ));
        }
        let given_up = || {
            let seconds = LONGEST_MAKING.as_secs();
            NotDone::Unknown(format!("no answer within {seconds} s"))
        };
        let made = timeout(LONGEST_MAKING, making.make()).await;
        match made.unwrap_or_else(|_| Err(given_up())) {
            Ok(Made { external, done }) => {
                self.record(id, &reserved, State::Made, Some(external)).await;
                Ok(done)
            }
            Err(NotDone::Unknown(why)) => self.look_after(id, reserved, making, why).await,
            Err(surely_not_made) => {
                self.record(id, &reserved, State::Free, None).await;
                Err(surely_not_made)
            }
        }
    }

    /// The request may have been carried out, or may still be.
    async fn look_after(
        &self,
        id: &str,
        reserved: Reserved<L::Version>,
        making: &dyn Making,
        why: String,
    ) -> Result<Done, NotDone> {
        for _ in 0..LOOKS {
            sleep(BEFORE_LOOK).await;
            if let Ok(Some(external)) = making.find(reserved.entry.unsure_since - CLOCK_MARGIN).await {
                self.record(id, &reserved, State::Made, Some(external.clone())).await;
                return match making.update(&external).await {
                    Ok(Renewed::Updated(done)) => Ok(done),
                    Ok(Renewed::Ended) => Err(NotDone::Unknown(format!("{why}; it was made and closed since"))),
                    // This call made it: that nothing was sent would not be true.
                    Err(NotDone::NotSent(reason)) => Err(NotDone::Unknown(format!(
                        "{why}; it was made, and could not be brought up to date: {reason}"
                    ))),
                    Err(error) => Err(error),
                };
            }
        }
        // Not found is no proof yet: the server may still be at it. The reservation stays until it must be through.
        Err(NotDone::Unknown(why))
    }

    /// Writes what became of a reservation. Nothing depends on it: who finds the reservation looks for the thing.
    async fn record(&self, id: &str, reserved: &Reserved<L::Version>, state: State, external: Option<External>) {
        let entry = Entry {
            state,
            external,
            ..reserved.entry.clone()
        };
        self.settle(id, reserved, &entry).await;
    }

    /// Lets the next call look at once.
    async fn give_up_hold(&self, id: &str, reserved: &Reserved<L::Version>, now: DateTime<Utc>) {
        let entry = Entry {
            held_until: now,
            ..reserved.entry.clone()
        };
        self.settle(id, reserved, &entry).await;
    }

    async fn settle(&self, id: &str, reserved: &Reserved<L::Version>, entry: &Entry) {
        if let Err(fault) = self.ledger.write(id, Some(reserved.version.clone()), entry).await {
            warn!(
                connector.id = %self.connector,
                error = %fault,
                "a delivery is not recorded; the next one with its key looks for it"
            );
        }
    }
}

impl<L: Ledger> Delivery for Deliveries<L> {
    fn once<'a>(&'a self, key: &'a str, making: &'a dyn Making) -> BoxFuture<'a, Result<Done, NotDone>> {
        Box::pin(self.deliver(key, making))
    }

    fn known<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<External>, NotDone>> {
        Box::pin(async move {
            let found = self.ledger.read(&mark(&self.connector, key)).await;
            Ok(found.map_err(nothing_sent)?.and_then(|(entry, _)| entry.external))
        })
    }
}

fn nothing_sent(fault: LedgerFault) -> NotDone {
    NotDone::NotSent(format!("{fault}; nothing was sent"))
}

fn looking_failed(error: NotDone) -> NotDone {
    let why = "an earlier call with this key was cut off, and what became of it could not be looked up";
    NotDone::NotSent(format!("{why}: {error}; nothing was sent"))
}
