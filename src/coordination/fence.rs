//! Leave to write for whoever holds a record: writes wait while the record could not be renewed, deletions renew it
//! first, and nothing goes out once it is lost. What is written is not known here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use elastic_client::Refresh;
use serde_json::Value;
use tracing::{debug, warn};

use super::lease::{Lease, LeaseError, Leased};
use super::records::Records;
use super::renewal::RenewalLimits;
use super::stop::{JobStop, StopReason};

/// Leave to write for the holder of one record.
pub struct Fence<R: Records<Record: Leased>> {
    lease: Arc<Lease<R>>,
    stop: JobStop,
    limits: RenewalLimits,
    /// What a renewal writes.
    alive: fn() -> Value,
    /// Whether the log says that the holder is held up.
    said: AtomicBool,
}

/// Nothing may go out; the text says why.
pub type Refused = String;

impl<R: Records<Record: Leased>> fmt::Debug for Fence<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence")
            .field("lease", &self.lease)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<R: Records<Record: Leased>> Fence<R> {
    /// The fence of the record that `lease` holds. Losing it throws `stop`.
    pub(crate) fn new(lease: Arc<Lease<R>>, stop: JobStop, limits: RenewalLimits, alive: fn() -> Value) -> Self {
        Self {
            lease,
            stop,
            limits,
            alive,
            said: AtomicBool::new(false),
        }
    }

    /// Returns when a document may be written.
    pub async fn before_write(&self) -> Result<(), Refused> {
        self.wait_for_renewal(self.limits.write).await
    }

    /// Returns when documents may be deleted.
    pub async fn before_delete(&self) -> Result<(), Refused> {
        self.renew().await?;
        self.wait_for_renewal(self.limits.delete).await
    }

    /// Several requests wait for the same renewal.
    fn say_once(&self, say: impl FnOnce()) {
        if !self.said.swap(true, Relaxed) {
            say();
        }
    }

    async fn wait_for_renewal(&self, limit: Duration) -> Result<(), Refused> {
        let renewal = self.lease.renewal();
        if renewal.age() > limit {
            self.say_once(|| {
                warn!(
                    record.id = self.lease.id(),
                    age_ms = u64::try_from(renewal.age().as_millis()).unwrap_or(u64::MAX),
                    "the record could not be renewed for too long; nothing is written until it is"
                );
            });
            let stopped = self.stop.token();
            if stopped.run_until_cancelled(renewal.younger_than(limit)).await.is_none() {
                return Err(self.refusal());
            }
            self.said.store(false, Relaxed);
        }
        // A loss is noticed before the holder is told of it; nothing may slip out in between.
        match self.stop.reason() {
            Some(StopReason::Lost(_) | StopReason::Failed(_)) => Err(self.refusal()),
            _ => Ok(()),
        }
    }

    /// Renews the record unless that has just been done. A fault only means that the deletion waits for the next renewal.
    async fn renew(&self) -> Result<(), Refused> {
        if self.lease.renewal().age() <= self.limits.delete {
            return Ok(());
        }
        match self.lease.write(&(self.alive)(), Refresh::None).await {
            Ok(()) => Ok(()),
            Err(LeaseError::Lost(reason)) => {
                self.stop.stop(StopReason::Lost(reason));
                Err(self.refusal())
            }
            Err(LeaseError::Elasticsearch(error)) => {
                debug!(error = %error, "could not renew the record before a deletion; waiting for the next renewal");
                Ok(())
            }
        }
    }

    fn refusal(&self) -> Refused {
        match self.stop.reason() {
            Some(StopReason::Lost(reason) | StopReason::Failed(reason)) => reason,
            Some(StopReason::Canceled) => "it is being canceled".to_owned(),
            Some(StopReason::Shutdown) => "the service is going down".to_owned(),
            None => "it was stopped".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use serde_json::{Map, json};
    use tokio_util::sync::CancellationToken;

    use super::super::lease::Claimed;
    use super::super::memory::{AsDocument, Fault, MemoryRecords};
    use super::*;

    #[derive(Clone)]
    struct Held(Map<String, Value>);

    impl Leased for Held {
        type State = ();

        fn mark(&self) -> Option<&str> {
            self.0.get("mark").and_then(Value::as_str)
        }

        fn running(&self) -> Result<(), String> {
            Ok(())
        }
    }

    impl AsDocument for Held {
        fn as_document(&self) -> &Map<String, Value> {
            &self.0
        }
    }

    struct Holder {
        records: MemoryRecords<Held>,
        lease: Arc<Lease<MemoryRecords<Held>>>,
        fence: Arc<Fence<MemoryRecords<Held>>>,
        stop: JobStop,
        clock: Arc<AtomicU64>,
    }

    impl Holder {
        async fn new() -> Self {
            let records = MemoryRecords::new(Held);
            records.put("a", json!({}));
            let claim = |_: &Held| Ok((json!({ "mark": "m" }), ()));
            let Claimed::Ours(lease) = Lease::claim(records.clone(), "a", "m".into(), claim).await.unwrap() else {
                panic!("nobody else is there")
            };
            let clock = Arc::new(AtomicU64::new(1000));
            let seconds = Arc::clone(&clock);
            let lease = Arc::new(lease.with_clock(move || Duration::from_secs(seconds.load(Relaxed))));
            let stop = JobStop::new(&CancellationToken::new());
            let limits = RenewalLimits::for_idle_after(Duration::from_secs(300));
            let fence = Fence::new(Arc::clone(&lease), stop.clone(), limits, || json!({ "alive": true }));
            Self {
                records,
                lease,
                fence: Arc::new(fence),
                stop,
                clock,
            }
        }

        fn later(&self, seconds: u64) {
            self.clock.fetch_add(seconds, Relaxed);
        }

        fn is_renewed(&self) -> bool {
            self.records.document("a").unwrap().contains_key("alive")
        }
    }

    #[tokio::test]
    async fn a_deletion_goes_out_only_right_after_a_renewal() {
        let holder = Holder::new().await;
        holder.later(10);
        holder.fence.before_delete().await.unwrap();
        assert!(!holder.is_renewed(), "that was soon enough");
        holder.later(1);
        holder.fence.before_write().await.unwrap();
        assert!(!holder.is_renewed(), "a write need not renew");
        holder.fence.before_delete().await.unwrap();
        assert!(holder.is_renewed());
    }

    #[tokio::test]
    async fn nothing_goes_out_once_another_has_claimed_the_record() {
        let holder = Holder::new().await;
        holder.records.merge("a", &json!({ "mark": "another" }));
        holder.later(11);
        assert!(
            holder
                .fence
                .before_delete()
                .await
                .unwrap_err()
                .contains("another worker")
        );
        assert!(matches!(holder.stop.reason(), Some(StopReason::Lost(_))));
        holder.fence.before_write().await.unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn writes_wait_while_the_record_cannot_be_renewed() {
        let holder = Holder::new().await;
        holder.later(61);
        holder.records.fail_next(&[Fault::Down]);
        let (writing, deleting) = (Arc::clone(&holder.fence), Arc::clone(&holder.fence));
        let writing = tokio::spawn(async move { writing.before_write().await });
        let deleting = tokio::spawn(async move { deleting.before_delete().await });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!writing.is_finished() && !deleting.is_finished());
        holder
            .lease
            .write(&json!({ "alive": true }), Refresh::None)
            .await
            .unwrap();
        writing.await.unwrap().unwrap();
        deleting.await.unwrap().unwrap();
    }
}
