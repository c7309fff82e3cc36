//! The scheduling loop: keeps each connector's record in order and creates the jobs that its schedules ask for.
//!
//! When a schedule is due is judged in `due`, how its job comes to be exactly once in `booking`; running jobs is left to `job_queue`.

use chrono::{DateTime, Utc};
use elastic_client::{ConnectorRecord, ElasticError, JobFilter, JobStatus, JobType, Refresh, TriggerMethod, Versioned};
use futures::StreamExt as _;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tracing::info;

use super::shared::Worker;
use crate::coordination::records::Records as _;
use crate::inbound::connectors::filtering_check;
use crate::inbound::connectors::registration::{self, Readiness};
use crate::inbound::connectors::served::ServedConnector;
use crate::inbound::records::SyncRecords as _;
use crate::inbound::schedules::booking::{self, Step};
use crate::inbound::schedules::due::{ScheduleMemory, Verdict};

/// The order in which schedules that are due at once create their jobs: permissions first, then what changed.
const ORDER: [JobType; 3] = [JobType::AccessControl, JobType::Incremental, JobType::Full];
/// Steps for one schedule in one pass: booking, creating, and some that others came in between. The next pass goes on.
const MOST_STEPS: u32 = 6;

/// Runs until the service goes down.
pub(crate) async fn run(worker: &Worker) {
    let scheduler = Scheduler {
        worker,
        memory: Mutex::default(),
    };
    loop {
        worker.health.turned("schedule", worker.config.service.idling);
        if let Some(Err(error)) = worker.stop.run_until_cancelled(scheduler.pass()).await {
            worker.failed("looking for connectors", None, error);
        }
        if !worker.pause(worker.config.service.idling).await {
            return;
        }
    }
}

struct Scheduler<'w> {
    worker: &'w Worker,
    memory: Mutex<ScheduleMemory>,
}

impl Scheduler<'_> {
    async fn pass(&self) -> Result<(), ElasticError> {
        let connectors = self.worker.served.current().await?;
        let at_a_time = self.worker.config.service.max_concurrent_scheduling_tasks;
        futures::stream::iter(connectors.iter())
            .for_each_concurrent(at_a_time, |connector| async move {
                if let Err(error) = self.look_after(connector).await {
                    let id = Some(connector.record.id.as_str());
                    self.worker.failed("looking after the connector", id, error);
                }
            })
            .await;
        Ok(())
    }

    async fn look_after(&self, connector: &ServedConnector) -> Result<(), ElasticError> {
        let id = &connector.record.id;
        let client = &self.worker.client;
        if registration::pass(client, &connector.entry).await? == Readiness::NotReady {
            return Ok(());
        }
        filtering_check::pass(client, id, &self.worker.config.jira).await?;
        for job_type in ORDER {
            self.schedule(id, &job_type).await?;
        }
        Ok(())
    }

    /// Takes the steps of `booking` until there is nothing more to do: of several workers one books a run, and any of
    /// them creates its job.
    async fn schedule(&self, id: &str, job_type: &JobType) -> Result<(), ElasticError> {
        for _ in 0..MOST_STEPS {
            let Some(connector) = self.worker.client.connectors().get(id).await? else {
                return Ok(());
            };
            let record = &connector.value;
            let now = Utc::now();
            let is_due = self.is_due(&connector, job_type, now);
            let owed = booking::owed_job(record, job_type);
            // Whatever became of a write: the next turn looks at the record as it is then.
            match booking::next_step(owed, is_wanted(record, job_type), || is_due) {
                Step::Nothing => return Ok(()),
                Step::Book => self.book(&connector, job_type, now).await?,
                Step::Create(job_id) => {
                    self.create(&job_id, id, job_type).await?;
                    self.update(&connector, [booking::note(job_type, None)]).await?;
                }
                Step::CrossOut => self.update(&connector, [booking::note(job_type, None)]).await?,
            }
        }
        Ok(())
    }

    fn is_due(&self, connector: &Versioned<ConnectorRecord>, job_type: &JobType, now: DateTime<Utc>) -> bool {
        let record = &connector.value;
        if !is_offered(record, job_type) {
            return false;
        }
        let mut memory = self.memory.lock();
        let booked = booked_at(record, job_type);
        let verdict = memory.judge(&connector.id, job_type, record.schedule(job_type), booked, now);
        // A schedule that cannot be read stands as an error in the record.
        verdict == Ok(Verdict::Due)
    }

    /// Books the run, with its job as owed unless one waits already.
    async fn book(
        &self,
        connector: &Versioned<ConnectorRecord>,
        job_type: &JobType,
        now: DateTime<Utc>,
    ) -> Result<(), ElasticError> {
        let id = &connector.id;
        let booked = (booking_field(job_type).to_owned(), json!(now.to_rfc3339()));
        if self.is_waiting(id, job_type).await? {
            self.update(connector, [booked]).await?;
            info!(
                connector.id = id,
                job_type = job_type.as_str(),
                "a job of this type is waiting already; no other is created"
            );
            return Ok(());
        }
        let job_id = booking::job_id(id, job_type, now);
        self.update(connector, [booked, booking::note(job_type, Some(&job_id))])
            .await
    }

    async fn update<const N: usize>(
        &self,
        connector: &Versioned<ConnectorRecord>,
        fields: [(String, Value); N],
    ) -> Result<(), ElasticError> {
        let doc = Value::Object(Map::from_iter(fields));
        let connectors = self.worker.client.connector_records();
        connectors.try_update(connector, &doc, Refresh::None).await.map(drop)
    }

    async fn is_waiting(&self, id: &str, job_type: &JobType) -> Result<bool, ElasticError> {
        let waiting = JobFilter {
            connector_ids: Some(vec![id.to_owned()]),
            statuses: Some(vec![JobStatus::Pending, JobStatus::Suspended]),
            job_types: Some(vec![job_type.clone()]),
            size: 1,
            ..JobFilter::default()
        };
        Ok(!self.worker.client.sync_jobs().list(&waiting).await?.is_empty())
    }

    async fn create(&self, job_id: &str, id: &str, job_type: &JobType) -> Result<(), ElasticError> {
        let jobs = self.worker.client.sync_jobs();
        match jobs
            .create_with_id(job_id, id, job_type, &TriggerMethod::Scheduled)
            .await
        {
            Ok(()) => info!(
                sync_job.id = job_id,
                connector.id = id,
                job_type = job_type.as_str(),
                "created a scheduled job"
            ),
            // By another worker, or by one that was killed before it could cross out the note.
            Err(ElasticError::AlreadyExists { .. }) => {}
            Err(error) => return Err(error),
        }
        match job_type {
            JobType::AccessControl => self.worker.new_access_control_job.notify_one(),
            _ => self.worker.new_content_job.notify_one(),
        }
        Ok(())
    }
}

/// Whether somebody wants such jobs and they can be run.
fn is_wanted(record: &ConnectorRecord, job_type: &JobType) -> bool {
    is_offered(record, job_type) && record.schedule(job_type).is_some_and(|schedule| schedule.enabled)
}

/// Whether jobs of this type can be run for the connector. One that cannot would only end in error at each of its times.
fn is_offered(record: &ConnectorRecord, job_type: &JobType) -> bool {
    let features = record.features.unwrap_or_default();
    match job_type {
        JobType::Full => true,
        JobType::Incremental => features.incremental_sync == Some(true),
        JobType::AccessControl => {
            let is_on = &record.configuration.get("use_document_level_security");
            features.document_level_security == Some(true) && is_on.is_some_and(|field| field["value"] == true)
        }
        JobType::Unknown(_) => false,
    }
}

fn booking_field(job_type: &JobType) -> &'static str {
    match job_type {
        JobType::Incremental => "last_incremental_sync_scheduled_at",
        JobType::AccessControl => "last_access_control_sync_scheduled_at",
        // The unqualified name is that of full syncs.
        JobType::Full | JobType::Unknown(_) => "last_sync_scheduled_at",
    }
}

fn booked_at(record: &ConnectorRecord, job_type: &JobType) -> Option<DateTime<Utc>> {
    match job_type {
        JobType::Incremental => record.last_incremental_sync_scheduled_at,
        JobType::AccessControl => record.last_access_control_sync_scheduled_at,
        JobType::Full | JobType::Unknown(_) => record.last_sync_scheduled_at,
    }
}

#[cfg(test)]
mod tests {
    use elastic_client::Features;

    use super::*;

    #[test]
    fn identities_are_read_for_those_who_use_document_level_security() {
        let record = |used: bool| ConnectorRecord {
            features: Some(Features {
                document_level_security: Some(true),
                ..Features::default()
            }),
            configuration: Map::from_iter([("use_document_level_security".to_owned(), json!({ "value": used }))]),
            ..ConnectorRecord::default()
        };
        assert!(is_offered(&record(true), &JobType::AccessControl));
        assert!(!is_offered(&record(false), &JobType::AccessControl));
        assert!(!is_offered(&ConnectorRecord::default(), &JobType::AccessControl));
        assert!(is_offered(&record(false), &JobType::Full));
    }
}
