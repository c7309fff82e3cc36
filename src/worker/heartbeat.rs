//! Keeps `last_seen` of the connectors young, whatever else goes on or fails. Jobs have a heartbeat of their own in
//! `job_report`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use elastic_client::ElasticError;
use tracing::warn;

use super::shared::Worker;

/// Runs until the service goes down. Faults are outlived and never stop the service.
pub(crate) async fn run(worker: &Worker) {
    let service = &worker.config.service;
    let interval = service.idling.min(service.heartbeat);
    loop {
        worker.health.turned("heartbeat", interval);
        if let Some(Err(error)) = worker.stop.run_until_cancelled(pass(worker)).await {
            warn!(error = %error, "could not say that the service is alive; trying again");
        }
        if !worker.pause(interval).await {
            return;
        }
    }
}

async fn pass(worker: &Worker) -> Result<(), ElasticError> {
    for connector in worker.served.current().await?.iter() {
        if is_due(
            connector.record.value.last_seen,
            worker.config.service.heartbeat,
            Utc::now(),
        ) {
            let id = &connector.record.id;
            // One connector that was deleted a moment ago must not keep the others waiting.
            if let Err(error) = worker.client.connectors().check_in(id).await {
                warn!(connector.id = id, error = %error, "could not say that the connector is served; trying again");
            }
        }
    }
    Ok(())
}

fn is_due(last_seen: Option<DateTime<Utc>>, interval: Duration, now: DateTime<Utc>) -> bool {
    let interval = TimeDelta::from_std(interval).unwrap_or(TimeDelta::MAX);
    last_seen.is_none_or(|seen| now - seen >= interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heartbeat_is_due_after_the_interval_and_at_first_sight() {
        let now = Utc::now();
        let interval = Duration::from_secs(300);
        assert!(is_due(None, interval, now));
        assert!(!is_due(Some(now - TimeDelta::seconds(299)), interval, now));
        assert!(is_due(Some(now - TimeDelta::seconds(300)), interval, now));
    }
}
