//! How a job can end, as seen by whoever ran it.

use elastic_client::ElasticError;
use thiserror::Error;

/// The end of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Everything was done.
    Completed,
    /// It failed; the text says why.
    Failed(String),
    /// It failed for a reason that passes by itself; the next one goes on from its checkpoint.
    FailedForNow(String),
    /// It was canceled on request.
    Canceled,
    /// The service went down; it goes on later.
    Suspended,
    /// Another worker has it, or its record is gone: nothing was recorded by us.
    Lost(String),
    /// It was not started: someone else has it, or the connector is busy.
    NotStarted(String),
}

/// Elasticsearch did not let us run the job or record its end.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct RunJobError(#[from] ElasticError);
