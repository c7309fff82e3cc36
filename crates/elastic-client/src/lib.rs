//! The only code that knows Elasticsearch's wire format: transport, retry, connectors, sync jobs, bulk, scan. It leaves
//! to its callers what a sync means: no rule about claiming, deleting or scheduling lives here.
//!
//! # Why not the official client
//! The transport is reqwest rather than the `elasticsearch` crate, because that crate (9.1.0-alpha.1) follows redirects
//! with no way to switch them off, compresses every body, however small, at one fixed level when compression is on, and
//! has no retry. What it would add, typed paths, is a few lines here, and its generated code takes half a minute to
//! build. All requests speak plain `application/json`, never a `compatible-with` media type, which is right for 8 and 9.
//!
//! # Map
//! [`ElasticClient`] is the entrance; [`Connectors`], [`SyncJobs`], [`Indices`], [`ApiKeys`] and [`Collection`] are views of it.
//! Every call ends in one [`ElasticError`]; which faults are sent again, and when, is decided in `retry.rs` alone.

#![warn(missing_docs)]

mod config;
mod error;

mod answer;
mod request;

mod error_mapping;
mod redaction;

mod http_client;
mod retry;
mod transport;

mod client;
mod server_info;

mod documents;
mod ingest;
mod scan;
mod search;

mod bulk;

mod records;

mod collection;
mod connector_indices;
pub mod index_names;

mod api_by_index;
mod connectors;
mod sync_jobs;

mod api_keys;
mod indices;

pub use api_keys::{ApiKey, ApiKeyInfo, ApiKeys};
pub use bulk::{BulkBody, BulkRequest, BulkResponse, BulkText, ItemAction, ItemError, ItemOutcome, ItemResult, Place};
pub use client::ElasticClient;
pub use collection::Collection;
pub use config::{Credentials, ElasticConfig};
pub use connector_indices::{Refresh, Updated, Versioned};
pub use connectors::Connectors;
pub use error::ElasticError;
pub use http_kit::Repeat;
pub use indices::Indices;
pub use ingest::Simulated;
pub use records::{
    ConnectorRecord, ConnectorStatus, Features, Filtering, FilteringRules, JobConnector, JobMetadata, JobStatus,
    JobType, PipelineSettings, ScheduleEntry, Scheduling, SyncJobRecord, TriggerMethod, ValidationState,
};
pub use retry::{Attempts, RetryPolicy};
pub use scan::{Scan, ScanNext, ScannedDocument};
pub use search::{Hit, SearchResponse};
pub use server_info::{License, LicenseType, ServerInfo};
pub use sync_jobs::{JobFilter, SyncJobs};
