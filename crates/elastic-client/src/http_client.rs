//! Builds the HTTP client: whom to trust, default headers, no proxies. It leaves credentials to the transport, so
//! that clients with different ones share one pool of connections.

use std::fs;
use std::time::Duration;

use http_kit::{Certificates, Protocols, Tls, Verification, reasons};
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::ElasticConfig;
use crate::error::ElasticError;

/// A host that does not answer at all is found out long before a slow request would be.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Shorter than the idle limit of common load balancers (60 s), so that no request goes out on a connection that the
/// other side is just closing: for a conditional write that would mean an unknown outcome.
const IDLE_CONNECTIONS_KEPT: Duration = Duration::from_secs(20);

pub(crate) fn build(config: &ElasticConfig) -> Result<Client, ElasticError> {
    let builder = trust(config)?
        .client_builder(Protocols::Http1)
        .default_headers(default_headers(config)?)
        .timeout(config.request_timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(config.request_timeout))
        .pool_idle_timeout(IDLE_CONNECTIONS_KEPT)
        .tcp_nodelay(true)
        // The configured host is talked to directly, as the peer does; credentials must not reach a proxy unasked.
        .no_proxy()
        .gzip(config.compress);
    builder.build().map_err(|error| ElasticError::Configuration {
        setting: "elasticsearch.ca_certs",
        reason: reasons(&error),
    })
}

/// Whom to trust. As the peer does, the authorities of the system do not count once others are named.
fn trust(config: &ElasticConfig) -> Result<Tls, ElasticError> {
    let named = match &config.ca_certs {
        None => Certificates::default(),
        Some(path) => {
            let unusable = |reason: String| ElasticError::Configuration {
                setting: "elasticsearch.ca_certs",
                reason: format!("{}: {reason}", path.display()),
            };
            let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
            Certificates::from_pem(&String::from_utf8_lossy(&pem)).map_err(|fault| unusable(fault.to_string()))?
        }
    };
    Ok(Tls {
        verification: if config.verify_certs {
            Verification::Full
        } else {
            Verification::None
        },
        named_only: !named.is_empty(),
        named,
    })
}

/// Ours first, then those of `elasticsearch.headers`, which override.
fn default_headers(config: &ElasticConfig) -> Result<HeaderMap, ElasticError> {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/json"));
    headers.insert("x-elastic-product-origin", HeaderValue::from_static("connectors"));
    let user_agent = HeaderValue::from_str(&config.user_agent).map_err(|_| ElasticError::Configuration {
        setting: "user agent",
        reason: "characters that a header cannot carry".to_owned(),
    })?;
    headers.insert("user-agent", user_agent);
    for (name, value) in &config.headers {
        let unusable = |reason: &str| ElasticError::Configuration {
            setting: "elasticsearch.headers",
            reason: format!("{name}: {reason}"),
        };
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("not a header name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unusable("a value that a header cannot carry"))?;
        // Extra headers are where people put tokens for the proxy in front.
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}
