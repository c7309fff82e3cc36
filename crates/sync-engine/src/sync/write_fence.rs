//! Leave to write: asked for right before each request that changes an index, so that a worker that may have lost its
//! job writes nothing. `service` implements it for a claimed job; when to ask is up to whoever writes.

use std::fmt;

use futures::future::BoxFuture;
use thiserror::Error;

/// Whether this worker may still write for its job. Both calls wait as long as that is unknown.
pub trait WriteFence: fmt::Debug + Send + Sync {
    /// To be awaited right before each attempt of a request that writes documents.
    fn before_write(&self) -> BoxFuture<'_, Result<(), WriteRefused>>;

    /// To be awaited right before each attempt of a request that deletes documents: asks for fresher proof, because
    /// what another worker wrote meanwhile must not be deleted by an older verdict.
    fn before_delete(&self) -> BoxFuture<'_, Result<(), WriteRefused>>;
}

/// The job was lost or stopped: nothing more may be written for it.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("nothing more is written for this job: {0}")]
pub struct WriteRefused(pub String);

/// For writes that no other worker can be doing at the same time, as in tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unfenced;

impl WriteFence for Unfenced {
    fn before_write(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn before_delete(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
