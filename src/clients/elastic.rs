//! Elasticsearch clients as the configuration asks for them.

use elastic_client::{Credentials, ElasticClient, ElasticConfig, ElasticError};

use crate::config::{ConnectorEntry, ElasticCredentials, ElasticsearchConfig};

/// The name that this program gives to Elasticsearch and Jira.
pub const USER_AGENT: &str = concat!("jira-connector/", env!("CARGO_PKG_VERSION"));

/// The client with the global credentials: connector records and sync jobs.
pub fn elastic_client(config: &ElasticsearchConfig) -> Result<ElasticClient, ElasticError> {
    let credentials = match &config.credentials {
        ElasticCredentials::ApiKey(key) => Credentials::ApiKey(key.clone()),
        ElasticCredentials::Basic { username, password } => Credentials::Basic {
            username: username.clone(),
            password: password.clone(),
        },
    };
    let client = ElasticClient::new(ElasticConfig {
        host: config.host.clone(),
        credentials,
        verify_certs: config.verify_certs,
        ca_certs: config.ca_certs.clone(),
        headers: config.headers.clone(),
        request_timeout: config.request_timeout,
        max_retries: config.max_retries,
        retry_interval: config.retry_interval,
        retry_on_timeout: config.retry_on_timeout,
        compress: config.compress.unwrap_or_else(|| !is_loopback(&config.host)),
        user_agent: USER_AGENT.to_owned(),
    })?;
    if !config.use_connectors_api {
        client.forgo_connectors_api();
    }
    Ok(client)
}

/// The client for one connector's content index: its own API key when it has one.
pub fn client_for_connector(global: &ElasticClient, entry: &ConnectorEntry) -> Result<ElasticClient, ElasticError> {
    match &entry.api_key {
        Some(key) => global.with_credentials(Credentials::ApiKey(key.clone())),
        None => Ok(global.clone()),
    }
}

/// Compression costs time and saves nothing when no wire is involved.
fn is_loopback(host: &url::Url) -> bool {
    match host.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
