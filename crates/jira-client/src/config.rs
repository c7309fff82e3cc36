//! Everything that a client needs to know about one Jira: address, edition, credential, TLS, limits.
//!
//! Reading these from a connector's configuration or the environment is left to the caller.

use std::fmt;
use std::time::Duration;

pub use http_kit::Verification as TlsVerification;
use secrecy::SecretString;
use url::Url;

/// The product that answers; it decides paths, paging and how an issue is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edition {
    /// Jira Cloud: cursor search, bulk fetch.
    Cloud,
    /// Jira Server 7 and later: offset search only.
    Server,
    /// Jira Data Center: the same REST interface as Server.
    DataCenter,
}

impl Edition {
    /// Whether this is Jira Cloud; Server and Data Center share everything else.
    pub fn is_cloud(self) -> bool {
        self == Self::Cloud
    }
}

/// The credential sent with every request to the host of `base_url`, and to no other host.
#[derive(Clone)]
pub enum Auth {
    /// E-mail and API token on Cloud, login and password on Server and Data Center.
    Basic {
        /// E-mail address or login.
        username: String,
        /// API token or password.
        secret: SecretString,
    },
    /// Personal access token (Data Center from 8.14) or OAuth 2 access token.
    Bearer(SecretString),
    /// A service account of Cloud: an access token is fetched with these (OAuth 2.0 client credentials) and renewed
    /// before it expires. The secret only goes to `token_url`.
    ClientCredentials {
        /// Where tokens are given out.
        token_url: Url,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: SecretString,
    },
    /// None: for the few questions that anybody may ask.
    Anonymous,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The user name is mostly an e-mail address, which does not belong into logs either.
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::ClientCredentials { .. } => "ClientCredentials",
            Self::Anonymous => "Anonymous",
        })
    }
}

/// TLS settings.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The extent to which the certificate is checked.
    pub verification: TlsVerification,
    /// Further trusted certificates in PEM form; line breaks may be missing or be blanks, as they are after a
    /// certificate went through a one-line form field.
    pub ca_pem: Option<String>,
}

/// Everything a [`JiraClient`](crate::JiraClient) is made from.
#[derive(Clone)]
pub struct JiraConfig {
    /// Root of the site. A context path (`/jira`) or gateway path (`/ex/jira/{cloudId}`) is kept.
    pub base_url: Url,
    /// The product that answers there.
    pub edition: Edition,
    /// The credential.
    pub auth: Auth,
    /// Certificate checks.
    pub tls: Tls,
    /// Further tries after the first one.
    pub retries: u32,
    /// Delay before the first further try when Jira names none; doubles with each try, times 0.7 to 1.3.
    pub retry_delay: Duration,
    /// Longest such delay, before jitter.
    pub max_retry_delay: Duration,
    /// Longest wait that is kept when Jira names one.
    pub max_wait: Duration,
    /// For callers who wait for the answer: refusals for the rate are borne no longer than this, and not at all when Jira
    /// asks for a longer wait. `None` bears them for twice `max_wait`, ten minutes at least.
    pub max_limited: Option<Duration>,
    /// Time for which an outage of a Jira that has answered before is borne, however many tries that takes.
    pub max_outage: Duration,
    /// Requests under way at once, over all clones of the client, downloads excepted.
    pub max_concurrent_requests: usize,
    /// Downloads under way at once, from the request to the last byte.
    pub max_concurrent_downloads: usize,
    /// Limit for reaching the host, TLS handshake included.
    pub connect_timeout: Duration,
    /// Longest silence while an answer arrives.
    pub read_timeout: Duration,
    /// Limit for one try of a JSON request, from sending to the last byte. Downloads are limited to the arrival of
    /// the headers by this and by `read_timeout` after it.
    pub request_timeout: Duration,
    /// Value of the `User-Agent` header.
    pub user_agent: String,
}

impl JiraConfig {
    /// Configuration with sensible defaults for everything but the three things only the user knows.
    pub fn new(base_url: Url, edition: Edition, auth: Auth) -> Self {
        Self {
            base_url,
            edition,
            auth,
            tls: Tls::default(),
            retries: 3,
            retry_delay: Duration::from_secs(1),
            max_retry_delay: Duration::from_secs(60),
            max_wait: Duration::from_secs(3600),
            max_limited: None,
            max_outage: Duration::from_secs(600),
            max_concurrent_requests: 10,
            max_concurrent_downloads: 10,
            connect_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(300),
            user_agent: concat!("jira-connector/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl fmt::Debug for JiraConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password that a user pasted into it: only its harmless parts are shown.
        let shown = format!(
            "{}://{}{}",
            self.base_url.scheme(),
            self.base_url.host_str().unwrap_or_default(),
            self.base_url.path()
        );
        f.debug_struct("JiraConfig")
            .field("base_url", &shown)
            .field("edition", &self.edition)
            .field("auth", &self.auth)
            .field("verification", &self.tls.verification)
            .field("ca_pem", &self.tls.ca_pem.is_some())
            .field("retries", &self.retries)
            .field("max_concurrent_requests", &self.max_concurrent_requests)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}
