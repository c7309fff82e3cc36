//! The records of connectors and sync jobs, as those who share them see them. What is written to them is left to `jobs`
//! and `connectors`.

use elastic_client::{ConnectorRecord, ElasticError, JobFilter, SyncJobRecord, Versioned};

use crate::coordination::records::Records;

/// Connectors and sync jobs, wherever they are kept.
pub trait SyncRecords: Send + Sync {
    /// Sync jobs.
    type Jobs: JobRecords;
    /// Connectors. Those that were deleted are missing.
    type Connectors: Records<Record = ConnectorRecord>;

    /// Sync jobs.
    fn job_records(&self) -> Self::Jobs;

    /// Connectors.
    fn connector_records(&self) -> Self::Connectors;
}

/// Sync jobs, which can be looked for as well.
pub trait JobRecords: Records<Record = SyncJobRecord> {
    /// The jobs that match, as of a moment ago: before acting on one, act conditionally or read it again.
    fn list(
        &self,
        filter: &JobFilter,
    ) -> impl Future<Output = Result<Vec<Versioned<SyncJobRecord>>, ElasticError>> + Send;
}
