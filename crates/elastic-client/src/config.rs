//! Settings of a client for one Elasticsearch. Reading them from a file or the environment is the caller's.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Signs requests in. Printing a value never shows a secret.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// An API key in its encoded form, that is base64 of `id:key`, as Kibana and the API show it.
    ApiKey(SecretString),
    /// User name and password.
    Basic {
        /// The user name; it may appear in messages.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// An `Authorization` header as somebody else sent it, to ask in their name.
    Verbatim(SecretString),
    /// No `Authorization` header; user information in [`ElasticConfig::host`] is used if there is any.
    #[default]
    None,
}

/// Settings of one client. The names in the comments are the keys of `config.yml` that messages point at.
#[derive(Clone)]
pub struct ElasticConfig {
    /// `elasticsearch.host`: scheme, host, port and, behind a proxy, a path prefix.
    pub host: Url,
    /// `elasticsearch.api_key`, or `elasticsearch.username` with `elasticsearch.password`.
    pub credentials: Credentials,
    /// `elasticsearch.verify_certs`: false accepts any certificate.
    pub verify_certs: bool,
    /// `elasticsearch.ca_certs`: a PEM file; when given, only these authorities are trusted, as the peer does.
    pub ca_certs: Option<PathBuf>,
    /// `elasticsearch.headers`: sent with every request, overriding our own defaults. Values never print.
    pub headers: Vec<(String, String)>,
    /// `elasticsearch.request_timeout`: for one attempt, answer included.
    pub request_timeout: Duration,
    /// `elasticsearch.max_retries`: how many attempts a request gets in all; 0 counts as 1.
    pub max_retries: u32,
    /// `elasticsearch.retry_interval`: the n-th wait lasts n times this.
    pub retry_interval: Duration,
    /// `elasticsearch.retry_on_timeout`.
    pub retry_on_timeout: bool,
    /// Whether request bodies are sent with gzip (level 1), and compressed answers asked for. Pays on a network, not on
    /// loopback.
    pub compress: bool,
    /// `User-Agent` of every request.
    pub user_agent: String,
}

impl fmt::Debug for ElasticConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        formatter
            .debug_struct("ElasticConfig")
            .field("host", &without_user_info(&self.host).as_str())
            .field("credentials", &self.credentials)
            .field("verify_certs", &self.verify_certs)
            .field("ca_certs", &self.ca_certs)
            .field("header_names", &header_names)
            .field("request_timeout", &self.request_timeout)
            .field("max_retries", &self.max_retries)
            .field("retry_interval", &self.retry_interval)
            .field("retry_on_timeout", &self.retry_on_timeout)
            .field("compress", &self.compress)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

/// The address without user name, password, query and fragment: safe to print and to build paths on.
pub(crate) fn without_user_info(host: &Url) -> Url {
    let mut plain = host.clone();
    // Both only fail on addresses that cannot hold user information at all, so there is nothing to remove.
    plain.set_username("").ok();
    plain.set_password(None).ok();
    plain.set_query(None);
    plain.set_fragment(None);
    plain
}
