//! Connectors and sync jobs in memory, for tests of what several workers do with them. Faults are those of
//! `coordination::memory`.

use elastic_client::{ConnectorRecord, ElasticError, JobFilter, SyncJobRecord, Versioned};
use serde_json::{Map, Value};

use super::port::{JobRecords, SyncRecords};
use crate::coordination::memory::{AsDocument, MemoryRecords};

/// Shared by all workers of a test.
#[derive(Debug, Clone)]
pub(crate) struct MemorySyncRecords {
    pub(crate) jobs: MemoryRecords<SyncJobRecord>,
    pub(crate) connectors: MemoryRecords<ConnectorRecord>,
}

impl MemorySyncRecords {
    pub(crate) fn new() -> Self {
        Self {
            jobs: MemoryRecords::new(SyncJobRecord::read),
            connectors: MemoryRecords::new(ConnectorRecord::read),
        }
    }
}

impl SyncRecords for MemorySyncRecords {
    type Jobs = MemoryRecords<SyncJobRecord>;
    type Connectors = MemoryRecords<ConnectorRecord>;

    fn job_records(&self) -> Self::Jobs {
        self.jobs.clone()
    }

    fn connector_records(&self) -> Self::Connectors {
        self.connectors.clone()
    }
}

impl JobRecords for MemoryRecords<SyncJobRecord> {
    async fn list(&self, filter: &JobFilter) -> Result<Vec<Versioned<SyncJobRecord>>, ElasticError> {
        fn is_in<T: PartialEq>(wanted: Option<&Vec<T>>, value: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.contains(value)))
        }
        self.pass_time().await;
        let mut found = self.all();
        found.retain(|job| {
            let job = &job.value;
            is_in(filter.connector_ids.as_ref(), job.connector.id.as_ref())
                && is_in(filter.statuses.as_ref(), job.status.as_ref())
                && is_in(filter.job_types.as_ref(), job.job_type.as_ref())
                && is_in(filter.service_types.as_ref(), job.connector.service_type.as_ref())
        });
        // An answer is as of a moment ago.
        self.pass_time().await;
        Ok(found)
    }
}

impl AsDocument for SyncJobRecord {
    fn as_document(&self) -> &Map<String, Value> {
        &self.raw
    }
}

impl AsDocument for ConnectorRecord {
    fn as_document(&self) -> &Map<String, Value> {
        &self.raw
    }
}
