//! From a connector's settings and the limits of this process to a client for its Jira.
//!
//! Nothing is asked with the credential here; that is the log-in's part.

use jira_client::{Auth, JiraClient, JiraConfig, JiraError, Tls, TlsVerification, gateway_address};
use tracing::warn;

use super::settings::JiraSettings;
use crate::config::JiraLimits;

/// Makes the client. For tokens that only Atlassian's gateway takes, the site is asked for its cloud id first.
pub(super) async fn connect(
    settings: &JiraSettings,
    limits: &JiraLimits,
    user_agent: &str,
) -> Result<JiraClient, JiraError> {
    warn_of_risks(settings);
    let mut config = JiraConfig::new(settings.url.clone(), settings.edition, settings.auth.clone());
    config.tls = Tls {
        verification: settings.tls_verification,
        ca_pem: settings.ca_pem.clone(),
    };
    config.retries = settings.retries;
    config.connect_timeout = limits.connect_timeout;
    config.read_timeout = limits.read_timeout;
    config.request_timeout = limits.request_timeout;
    config.retry_delay = limits.retry_interval;
    config.max_retry_delay = limits.max_retry_interval;
    config.max_wait = limits.max_wait;
    config.max_outage = config.max_outage.min(limits.max_wait);
    config.max_concurrent_requests = limits.max_concurrent_requests;
    config.max_concurrent_downloads = settings.concurrent_downloads;
    config.user_agent = user_agent.to_owned();
    if let Auth::ClientCredentials { token_url, .. } = &mut config.auth {
        *token_url = limits.token_url.clone();
    }
    if settings.through_gateway {
        config.base_url = gateway_address(&config, &limits.gateway_url).await?;
    }
    JiraClient::new(config)
}

fn warn_of_risks(settings: &JiraSettings) {
    let host = settings.url.host_str().unwrap_or_default();
    match settings.tls_verification {
        TlsVerification::None => warn!(
            jira.host = host,
            "jira's certificate is not verified (ssl_verification: none): anyone on the way can read the credential"
        ),
        TlsVerification::Certificate => warn!(
            jira.host = host,
            "the host name in jira's certificate is not verified (ssl_verification: certificate)"
        ),
        TlsVerification::Full => {}
    }
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if settings.url.scheme() == "http" && !is_local {
        warn!(
            jira.host = host,
            "jira_url begins with http://: the credential is sent unencrypted"
        );
    }
}
