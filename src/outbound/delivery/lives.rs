//! Many lives of one key: two replicas, lost answers on both sides, kills anywhere. One thing is made, whatever happens.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::Map;
use tokio::time::{Instant, sleep};

use super::memory::{Dice, MemoryLedger};
use super::once::{Clock, Deliveries};
use super::port::{Delivery, Done, External, Made, Making, Renewed};

/// The outside system: it makes what it is asked for, and does not always say so.
#[derive(Debug, Clone, Default)]
struct Outside {
    made: Arc<Mutex<Vec<String>>>,
    updates: Arc<Mutex<u32>>,
    dice: Dice,
}

impl Outside {
    fn done() -> Done {
        Done::with(Map::new())
    }

    fn add(&self) -> External {
        let mut made = self.made.lock();
        let name = format!("OPS-{}", made.len() + 1);
        made.push(name.clone());
        External {
            id: name.clone(),
            key: name,
        }
    }
}

impl Making for Outside {
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>> {
        Box::pin(async move {
            sleep(Duration::from_millis(20)).await;
            match self.dice.roll() % 12 {
                11 => Err(NotDone::NotSent("no route".to_owned())),
                10 => Err(NotDone::Throttled {
                    wait: Duration::from_secs(1),
                    message: String::new(),
                }),
                9 => Err(NotDone::Unknown("cut off before".to_owned())),
                8 => {
                    self.add();
                    Err(NotDone::Unknown("cut off after".to_owned()))
                }
                // Carried out long after the connection broke.
                7 => {
                    let late = self.clone();
                    tokio::spawn(async move {
                        sleep(Duration::from_secs(20)).await;
                        late.add();
                    });
                    Err(NotDone::Unknown("cut off, carried out late".to_owned()))
                }
                _ => Ok(Made {
                    external: self.add(),
                    done: Self::done(),
                }),
            }
        })
    }

    fn find(&self, _since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>> {
        Box::pin(async move {
            sleep(Duration::from_millis(20)).await;
            if self.dice.roll() % 8 == 7 {
                return Err(NotDone::NotSent("no route".to_owned()));
            }
            Ok(self.made.lock().first().map(|name| External {
                id: name.clone(),
                key: name.clone(),
            }))
        })
    }

    fn update<'a>(&'a self, external: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>> {
        Box::pin(async move {
            assert!(self.made.lock().contains(&external.key), "{external:?} was never made");
            *self.updates.lock() += 1;
            Ok(Renewed::Updated(Self::done()))
        })
    }
}

fn clock(began: Instant, ahead: i64) -> Clock {
    Clock::new(move || {
        let passed = TimeDelta::from_std(began.elapsed()).unwrap();
        DateTime::UNIX_EPOCH + TimeDelta::seconds(ahead) + passed
    })
}

/// One life: callers that come, are killed at some instant or not, and at last one that is left in peace.
async fn live(faces: Vec<u8>, later: Vec<u8>, kills: Vec<Option<u64>>) -> (Vec<String>, Result<Done, NotDone>) {
    let began = Instant::now();
    let dice = Dice::new(faces);
    let outside = Outside {
        dice: dice.clone(),
        ..Outside::default()
    };
    let ledger = MemoryLedger::new(dice.clone());
    let mut callers = Vec::new();
    for (number, kill) in kills.into_iter().enumerate() {
        // Two replicas whose clocks differ by most of a minute.
        let ahead = if number % 2 == 0 { 0 } else { 50 };
        let deliveries = Deliveries::new(ledger.clone(), "ops", clock(began, ahead));
        let outside = outside.clone();
        callers.push(tokio::spawn(async move {
            sleep(Duration::from_millis(number as u64 * 30)).await;
            let call = deliveries.once("rule:1", &outside);
            match kill {
                None => drop(call.await),
                Some(after) => drop(tokio::time::timeout(Duration::from_millis(after), call).await),
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    // Time passes, as it does until somebody asks again; reservations are over by then, and faults go on.
    sleep(Duration::from_secs(130)).await;
    dice.refill(later);
    let deliveries = Deliveries::new(ledger, "ops", clock(began, 0));
    let mut last = Err(NotDone::NotSent(String::new()));
    for _ in 0..40 {
        last = deliveries.once("rule:1", &outside).await;
        if last.is_ok() {
            break;
        }
        sleep(Duration::from_secs(10)).await;
    }
    let made = outside.made.lock().clone();
    (made, last)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_thing_is_made_for_a_key_whatever_fails_and_whoever_dies(
        faces in prop::collection::vec(any::<u8>(), 0..60),
        later in prop::collection::vec(any::<u8>(), 0..30),
        kills in prop::collection::vec(prop::option::of(0u64..2_000), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (made, last) = runtime.block_on(live(faces, later, kills));
        prop_assert!(last.is_ok(), "{last:?}");
        prop_assert_eq!(made.len(), 1, "{:?}", made);
    }
}

/// It makes the thing, loses the answer, and then cannot be reached for the update.
struct OutOfReach(Outside);

impl Making for OutOfReach {
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>> {
        self.0.add();
        Box::pin(std::future::ready(Err(NotDone::Unknown("cut off".to_owned()))))
    }

    fn find(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>> {
        self.0.find(since)
    }

    fn update<'a>(&'a self, _: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>> {
        Box::pin(std::future::ready(Err(NotDone::NotSent("no route".to_owned()))))
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_never_reported_as_not_sent() {
    let deliveries = Deliveries::new(MemoryLedger::new(Dice::default()), "ops", clock(Instant::now(), 0));
    let told = deliveries.once("rule:1", &OutOfReach(Outside::default())).await;
    assert!(matches!(told, Err(NotDone::Unknown(_))), "{told:?}");
}
