//! Builds the HTTP client: TLS roots and checks, timeouts, no redirects of its own.
//!
//! Credentials are not put into it, so that a request to another host can use it safely.

use reqwest::{Certificate, Client, ClientBuilder, redirect};

use crate::config::{JiraConfig, Tls, TlsVerification};
use crate::error::JiraError;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

pub(crate) fn build(config: &JiraConfig) -> Result<Client, JiraError> {
    let certificates = match &config.tls.ca_pem {
        Some(pem) => certificates(pem)?,
        None => Vec::new(),
    };
    let builder = || builder(config, &certificates);
    // A system store that holds only unreadable certificates makes the build fail; the built-in roots still work.
    builder()
        .build()
        .or_else(|_| builder().tls_built_in_native_certs(false).build())
        .map_err(|error| {
            let setting = if certificates.is_empty() { "tls" } else { "ssl_ca" };
            JiraError::Config {
                setting,
                reason: super::fault::chain(&error),
            }
        })
}

fn builder(config: &JiraConfig, certificates: &[Certificate]) -> ClientBuilder {
    let mut builder = Client::builder()
        .use_rustls_tls()
        .user_agent(&config.user_agent)
        .redirect(redirect::Policy::none())
        .connect_timeout(config.connect_timeout)
        .read_timeout(config.read_timeout)
        .pool_max_idle_per_host(config.max_concurrent_requests.max(1));
    builder = verification(builder, &config.tls);
    for certificate in certificates {
        builder = builder.add_root_certificate(certificate.clone());
    }
    builder
}

fn verification(builder: ClientBuilder, tls: &Tls) -> ClientBuilder {
    match tls.verification {
        TlsVerification::Full => builder,
        TlsVerification::Certificate => builder.danger_accept_invalid_hostnames(true),
        TlsVerification::None => builder.danger_accept_invalid_certs(true),
    }
}

/// Reads certificates from PEM text whose line breaks may have become blanks or `\n` in letters.
fn certificates(pem: &str) -> Result<Vec<Certificate>, JiraError> {
    let fault = |reason: &str| JiraError::Config {
        setting: "ssl_ca",
        reason: reason.to_owned(),
    };
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some(begin) = rest.find(BEGIN) {
        rest = &rest[begin + BEGIN.len()..];
        let end = rest.find(END).ok_or_else(|| fault("a certificate has no end line"))?;
        let encoded: String = rest[..end]
            .replace("\\n", "")
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect();
        rest = &rest[end + END.len()..];
        let mut text = format!("{BEGIN}\n");
        for line in encoded.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str(END);
        text.push('\n');
        let bundle = Certificate::from_pem_bundle(text.as_bytes());
        let mut parsed = bundle.map_err(|_| fault("a certificate is no valid base64 text"))?;
        if parsed.is_empty() {
            return Err(fault("a certificate is no valid base64 text"));
        }
        found.append(&mut parsed);
    }
    if found.is_empty() {
        return Err(fault(
            "it holds no certificate in PEM form (-----BEGIN CERTIFICATE----- ...)",
        ));
    }
    Ok(found)
}
