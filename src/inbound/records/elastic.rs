//! The records of connectors and sync jobs in Elasticsearch. Their wire format is left to `elastic-client`.

use elastic_client::{
    ConnectorRecord, Connectors, ElasticClient, ElasticError, JobFilter, Refresh, SyncJobRecord, SyncJobs, Versioned,
};
use serde_json::Value;

use super::port::{JobRecords, SyncRecords};
use crate::coordination::records::{Records, Written, is_merged};

impl SyncRecords for ElasticClient {
    type Jobs = SyncJobs;
    type Connectors = Connectors;

    fn job_records(&self) -> SyncJobs {
        self.sync_jobs()
    }

    fn connector_records(&self) -> Connectors {
        self.connectors()
    }
}

impl Records for SyncJobs {
    type Record = SyncJobRecord;

    async fn get(&self, id: &str) -> Result<Option<Versioned<SyncJobRecord>>, ElasticError> {
        self.get(id).await
    }

    async fn try_update<T: Sync>(
        &self,
        read: &Versioned<T>,
        doc: &Value,
        refresh: Refresh,
    ) -> Result<Written, ElasticError> {
        Written::of(self.update_if_unchanged(read, doc, refresh).await)
    }

    fn carries(&self, record: &SyncJobRecord, doc: &Value) -> bool {
        is_merged(&record.raw, doc)
    }
}

impl JobRecords for SyncJobs {
    async fn list(&self, filter: &JobFilter) -> Result<Vec<Versioned<SyncJobRecord>>, ElasticError> {
        self.list(filter).await
    }
}

impl Records for Connectors {
    type Record = ConnectorRecord;

    async fn get(&self, id: &str) -> Result<Option<Versioned<ConnectorRecord>>, ElasticError> {
        self.get(id).await
    }

    async fn try_update<T: Sync>(
        &self,
        read: &Versioned<T>,
        doc: &Value,
        refresh: Refresh,
    ) -> Result<Written, ElasticError> {
        Written::of(self.update_if_unchanged(read, doc, refresh).await)
    }

    fn carries(&self, record: &ConnectorRecord, doc: &Value) -> bool {
        is_merged(&record.raw, doc)
    }
}
