//! The client against servers that answer as Elasticsearch does, and as it should not. A real node is left to the tests
//! of the root package.

#![expect(clippy::unwrap_used, reason = "everything here is a test, also what the tests share")]

mod support;

mod bulk;
mod connectors;
mod errors;
mod indices;
mod ingest;
mod retry;
mod scan;
mod search;
mod secrets;
mod sync_jobs;
mod tls;
