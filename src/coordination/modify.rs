//! Changes a record that others write too: reads it, decides, writes on condition, and decides anew when somebody was
//! faster or the answer was lost. What to write is left to the caller's decision.

use elastic_client::{ElasticError, Refresh, Updated, Versioned};
use serde_json::Value;

use super::records::{Records, Written, contended};

/// Writes of others that one change gives way to.
const MOST_TRIES: u32 = 8;

/// What a change decides on the record as it is now.
#[derive(Debug)]
pub enum Decision<T> {
    /// To write this, for this result.
    Write(Value, T),
    /// To leave the record alone, with this result.
    Leave(T),
}

/// A change whose decision has to look elsewhere as well.
pub trait Change<Record>: Send {
    /// The result for whoever asked for the change.
    type Result: Send;

    /// Decides on the record as it is now.
    fn decide(
        &mut self,
        now: &Versioned<Record>,
    ) -> impl Future<Output = Result<Decision<Self::Result>, ElasticError>> + Send;
}

/// The outcome of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum Modified<T> {
    /// The result of the last decision, and the version of the record that it holds for.
    Done(T, Updated),
    /// There is no such record.
    Missing,
    /// Others wrote each time.
    Contended,
}

impl<T> Modified<T> {
    /// The result; none when the record is missing. A record that changes all the time is an error.
    pub fn settled(self, id: &str) -> Result<Option<T>, ElasticError> {
        match self {
            Self::Done(result, _) => Ok(Some(result)),
            Self::Missing => Ok(None),
            Self::Contended => Err(contended(id)),
        }
    }
}

/// Changes the record by `decide`, which may be asked several times.
///
/// A write whose answer was lost counts as done when the record says what it was to say. A record that others wrote since
/// is shown to `decide`, which has to recognise marks of its own.
pub async fn modify<R: Records, T: Send>(
    records: &R,
    id: &str,
    refresh: Refresh,
    decide: impl FnMut(&Versioned<R::Record>) -> Decision<T> + Send,
) -> Result<Modified<T>, ElasticError> {
    modify_after(records, id, refresh, None, Pure(decide)).await
}

/// The same for a decision that has to look elsewhere.
pub async fn modify_by<R: Records, C: Change<R::Record>>(
    records: &R,
    id: &str,
    refresh: Refresh,
    change: C,
) -> Result<Modified<C::Result>, ElasticError> {
    modify_after(records, id, refresh, None, change).await
}

/// A decision that follows from the record alone.
pub(super) struct Pure<F>(pub(super) F);

impl<Record: Sync, T: Send, F: FnMut(&Versioned<Record>) -> Decision<T> + Send> Change<Record> for Pure<F> {
    type Result = T;

    async fn decide(&mut self, now: &Versioned<Record>) -> Result<Decision<T>, ElasticError> {
        Ok((self.0)(now))
    }
}

/// The same after a write that met a conflict or whose answer was lost: what was sent, and for which result.
pub(super) async fn modify_after<R: Records, C: Change<R::Record>>(
    records: &R,
    id: &str,
    refresh: Refresh,
    mut sent: Option<(Value, C::Result)>,
    mut change: C,
) -> Result<Modified<C::Result>, ElasticError> {
    for _ in 0..MOST_TRIES {
        let Some(now) = records.get(id).await? else {
            return Ok(Modified::Missing);
        };
        // A conflict may be one with ourselves: Elasticsearch repeats a write whose shard moved in the middle of it.
        if let Some((doc, result)) = sent.take()
            && records.carries(&now.value, &doc)
        {
            return Ok(Modified::Done(result, now.version()));
        }
        let (doc, result) = match change.decide(&now).await? {
            Decision::Write(doc, result) => (doc, result),
            Decision::Leave(result) => return Ok(Modified::Done(result, now.version())),
        };
        match records.try_update(&now, &doc, refresh).await? {
            Written::Applied(version) => return Ok(Modified::Done(result, version)),
            Written::Conflict | Written::Unknown => sent = Some((doc, result)),
        }
    }
    // The last try may be the one that was written.
    if let (Some((doc, result)), Some(now)) = (sent, records.get(id).await?)
        && records.carries(&now.value, &doc)
    {
        return Ok(Modified::Done(result, now.version()));
    }
    Ok(Modified::Contended)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::super::memory::{Dice, Fault, MemoryRecords};
    use super::*;

    fn counters(faults: &[Fault]) -> MemoryRecords<Map<String, Value>> {
        let records = MemoryRecords::new(|document| document);
        records.put("a", json!({ "count": 0 }));
        records.fail_next(faults);
        records
    }

    /// Adds one, under a mark that tells this change from all others.
    async fn add_one(records: &MemoryRecords<Map<String, Value>>, mark: u64) -> Result<Modified<()>, ElasticError> {
        let name = mark.to_string();
        modify(records, "a", Refresh::None, |now| {
            if now.value.contains_key(&name) {
                return Decision::Leave(());
            }
            let count = now.value["count"].as_u64().unwrap_or(0) + 1;
            Decision::Write(json!({ "count": count, (name.as_str()): true }), ())
        })
        .await
    }

    #[tokio::test]
    async fn a_change_whose_answer_was_lost_is_not_made_twice() {
        for fault in [Fault::AppliedAnswerLost, Fault::NotAppliedAnswerLost, Fault::Touched] {
            let records = counters(&[fault]);
            let done = modify(&records, "a", Refresh::None, |now| {
                let count = now.value["count"].as_u64().unwrap_or(0) + 1;
                Decision::Write(json!({ "count": count }), count)
            });
            assert!(matches!(done.await, Ok(Modified::Done(1, _))), "{fault:?}");
            assert_eq!(records.document("a").unwrap()["count"], 1, "{fault:?}");
        }
    }

    #[tokio::test]
    async fn a_record_that_others_write_all_the_time_is_not_waited_for_for_ever() {
        let records = counters(&[Fault::Touched; 20]);
        let outcome = add_one(&records, 1).await.unwrap();
        assert_eq!(outcome, Modified::Contended);
        assert!(outcome.settled("a").unwrap_err().to_string().contains("changes faster"));
        let lost: Vec<Fault> = [Fault::Touched; 7]
            .into_iter()
            .chain([Fault::AppliedAnswerLost])
            .collect();
        assert!(matches!(add_one(&counters(&lost), 1).await, Ok(Modified::Done((), _))));
    }

    #[tokio::test]
    async fn a_record_that_is_deleted_in_between_is_missing() {
        let records = counters(&[Fault::Deleted]);
        assert_eq!(add_one(&records, 1).await.unwrap(), Modified::Missing);
    }

    proptest! {
        #[test]
        fn every_change_is_made_once_whatever_answers_are_lost(
            dice in proptest::collection::vec(any::<u8>(), 0..200),
            changes in 1_u64..6,
        ) {
            let records = counters(&[]);
            records.roll(&Dice::new(dice));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let done: u64 = runtime.block_on(async {
                let all = (0..changes).map(|mark| add_one(&records, mark));
                let outcomes = futures::future::join_all(all).await;
                outcomes.iter().filter(|outcome| matches!(outcome, Ok(Modified::Done(..)))).count() as u64
            });
            let document = records.document("a").unwrap();
            let made = document.keys().filter(|name| *name != "count").count() as u64;
            prop_assert_eq!(document["count"].as_u64(), Some(made));
            // An error leaves it open whether it was made; a result does not.
            prop_assert!(made >= done);
        }
    }
}
