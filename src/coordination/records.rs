//! The port to records that several processes write: read by id, written on condition. What the records mean, and which
//! write is right in which state, is left to the callers.

use elastic_client::{ElasticError, Refresh, Updated, Versioned};
use serde_json::{Map, Value};

/// Where records of one kind are kept. Every process sees the same.
pub trait Records: Send + Sync {
    /// A record as its readers see it.
    type Record: Send + Sync;

    /// The record as it is now.
    fn get(&self, id: &str) -> impl Future<Output = Result<Option<Versioned<Self::Record>>, ElasticError>> + Send;

    /// Writes `doc` into the record, on condition that it is still the one that was read.
    fn try_update<T: Sync>(
        &self,
        read: &Versioned<T>,
        doc: &Value,
        refresh: Refresh,
    ) -> impl Future<Output = Result<Written, ElasticError>> + Send;

    /// Whether the record says everything that writing `doc` would make it say.
    fn carries(&self, record: &Self::Record, doc: &Value) -> bool;
}

/// Records that their users make themselves.
pub trait NewRecords: Records {
    /// Makes the record, on condition that there is none of this id.
    fn create(
        &self,
        id: &str,
        doc: &Value,
        refresh: Refresh,
    ) -> impl Future<Output = Result<Created, ElasticError>> + Send;
}

/// The outcome of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is written, under this version.
    Applied(Updated),
    /// Somebody wrote or deleted the record first.
    Conflict,
    /// The answer was lost: it may be written or not.
    Unknown,
}

/// The outcome of making a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there, under this version.
    Created(Updated),
    /// There was one before.
    Exists,
    /// The answer was lost: it may be there or not.
    Unknown,
}

impl Written {
    /// Tells the outcomes that a caller decides on from faults.
    pub fn of(result: Result<Updated, ElasticError>) -> Result<Self, ElasticError> {
        match result {
            Ok(version) => Ok(Self::Applied(version)),
            Err(ElasticError::VersionConflict { .. }) => Ok(Self::Conflict),
            Err(ElasticError::NotFound { kind, .. }) if kind == "document_missing_exception" => Ok(Self::Conflict),
            Err(ElasticError::OutcomeUnknown { .. }) => Ok(Self::Unknown),
            Err(error) => Err(error),
        }
    }
}

impl Created {
    /// Tells the outcomes that a caller decides on from faults.
    pub fn of(result: Result<Updated, ElasticError>) -> Result<Self, ElasticError> {
        match result {
            Ok(version) => Ok(Self::Created(version)),
            Err(ElasticError::AlreadyExists { .. } | ElasticError::VersionConflict { .. }) => Ok(Self::Exists),
            Err(ElasticError::OutcomeUnknown { .. }) => Ok(Self::Unknown),
            Err(error) => Err(error),
        }
    }
}

/// Whether a stored object says everything that merging `doc` into it would make it say.
pub fn is_merged(stored: &Map<String, Value>, doc: &Value) -> bool {
    doc.as_object().is_some_and(|doc| {
        doc.iter().all(|(name, wanted)| match (stored.get(name), wanted) {
            (Some(Value::Object(inner)), Value::Object(_)) => is_merged(inner, wanted),
            (stored, wanted) => stored.unwrap_or(&Value::Null) == wanted,
        })
    })
}

/// The error of a write that gave way to others again and again.
pub(super) fn contended(id: &str) -> ElasticError {
    ElasticError::VersionConflict {
        request: format!("conditional update of {id}"),
        reason: "the record changes faster than it can be written".to_owned(),
    }
}
