//! The `jira` section: our own keys for how patiently and how fast any Jira is asked.
//!
//! The connector's record, not this section, names the Jira to read and the credential.

use std::time::Duration;

use url::Url;

use super::elasticsearch::parse_url;
use super::reader::Reader;

/// Timeouts, delays and limits of requests to Jira, the same for all connectors of this process.
#[derive(Debug, Clone)]
pub struct JiraLimits {
    /// Limit for reaching the host, TLS handshake included.
    pub connect_timeout: Duration,
    /// Longest silence while an answer arrives.
    pub read_timeout: Duration,
    /// Limit for one try of a request, from sending to the last byte; for a download, to its first byte.
    pub request_timeout: Duration,
    /// Delay before the first further try when Jira names none; doubles with each try.
    pub retry_interval: Duration,
    /// Longest delay when Jira names none.
    pub max_retry_interval: Duration,
    /// Longest wait that Jira may ask for.
    pub max_wait: Duration,
    /// Requests under way at once for one job, downloads excepted.
    pub max_concurrent_requests: usize,
    /// Address at which scoped tokens and service accounts reach Jira Cloud.
    pub gateway_url: Url,
    /// Address at which service accounts get their access tokens.
    pub token_url: Url,
}

pub(super) fn read(reader: &mut Reader) -> JiraLimits {
    const SHORTEST: Duration = Duration::from_millis(10);
    let seconds = Duration::from_secs;
    let concurrent = reader.count("jira.max_concurrent_requests", 16, 1..=1000);
    JiraLimits {
        connect_timeout: reader.duration("jira.connect_timeout", seconds(15), SHORTEST),
        read_timeout: reader.duration("jira.read_timeout", seconds(60), SHORTEST),
        request_timeout: reader.duration("jira.request_timeout", seconds(300), SHORTEST),
        retry_interval: reader.duration("jira.retry_interval", seconds(1), Duration::ZERO),
        max_retry_interval: reader.duration("jira.max_retry_interval", seconds(60), Duration::ZERO),
        max_wait: reader.duration("jira.max_wait", seconds(3600), Duration::ZERO),
        max_concurrent_requests: usize::try_from(concurrent).expect("at most a thousand"),
        gateway_url: url(reader, "jira.gateway_url", "https://api.atlassian.com"),
        token_url: url(reader, "jira.token_url", "https://auth.atlassian.com/oauth/token"),
    }
}

fn url(reader: &mut Reader, key: &str, default: &str) -> Url {
    let built_in = || Url::parse(default).expect("the default is a URL");
    let Some((line, text)) = reader.text(key) else {
        return built_in();
    };
    parse_url(&text, default).unwrap_or_else(|detail| {
        reader.problem(line, key, detail);
        built_in()
    })
}
