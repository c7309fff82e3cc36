//! The service's own file `config.yml`: read, checked and turned into typed sections.
//!
//! This is the only module that reads the environment, and it imports nothing else of ours. It does not talk to
//! Elasticsearch or Jira: whether a host answers or a key is accepted is for `check` and `run` to find out.

mod load;

// From text to a flat map of known keys.
mod located;
mod substitution;

mod keys;
mod kibana_keys;
mod layers;

// From keys to typed values.
mod reader;
mod values;

// The sections.
mod connectors;
mod elasticsearch;

mod bulk;

mod actions;
mod extraction_service;
mod http;
mod jira;
mod service;

mod logging;
mod monitoring;

pub mod environment;
mod error;
#[cfg(test)]
mod tests;

pub use actions::{ActionsConfig, PreconfiguredConnector};
pub use bulk::{BulkConfig, ErrorMonitorConfig};
pub use connectors::ConnectorEntry;
pub use elasticsearch::{ElasticCredentials, ElasticsearchConfig};
pub use error::{ConfigError, Problem};
pub use extraction_service::ExtractionServiceConfig;
pub use http::{HttpConfig, HttpToken, TlsFiles, TokenRight};
pub use jira::JiraLimits;
pub use keys::{KeyInfo, KeyUse, known_keys};
pub use load::Config;
pub use logging::{LogFormat, LogLevel};
pub use service::ServiceConfig;
