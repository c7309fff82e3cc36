//! Builds the HTTP client: TLS, default headers, no redirects, no proxies. It leaves credentials to the transport, so
//! that clients with different ones share one pool of connections.

use std::fs;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, redirect};

use crate::config::ElasticConfig;
use crate::error::ElasticError;

/// A host that does not answer at all is found out long before a slow request would be.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Shorter than the idle limit of common load balancers (60 s), so that no request goes out on a connection that the
/// other side is just closing: for a conditional write that would mean an unknown outcome.
const IDLE_CONNECTIONS_KEPT: Duration = Duration::from_secs(20);

pub(crate) fn build(config: &ElasticConfig) -> Result<Client, ElasticError> {
    let mut builder = Client::builder()
        .default_headers(default_headers(config)?)
        .timeout(config.request_timeout)
        .connect_timeout(CONNECT_TIMEOUT.min(config.request_timeout))
        .pool_idle_timeout(IDLE_CONNECTIONS_KEPT)
        .tcp_nodelay(true)
        .redirect(redirect::Policy::none())
        // The configured host is talked to directly, as the peer does; credentials must not reach a proxy unasked.
        .no_proxy()
        .http1_only()
        .gzip(config.compress);
    if let Some(path) = &config.ca_certs {
        let unusable = |reason: String| ElasticError::Configuration {
            setting: "elasticsearch.ca_certs",
            reason: format!("{}: {reason}", path.display()),
        };
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| unusable("not a PEM file".to_owned()))?;
        if certificates.is_empty() {
            return Err(unusable("no certificate in it".to_owned()));
        }
        builder = builder.tls_built_in_root_certs(false);
        for certificate in certificates {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if !config.verify_certs {
        builder = builder.danger_accept_invalid_certs(true);
    }
    builder.build().map_err(|_| ElasticError::Configuration {
        setting: "elasticsearch.ca_certs",
        reason: "a certificate that the TLS library does not accept".to_owned(),
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
