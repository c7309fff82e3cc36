//! The `elasticsearch` section: where the cluster is, how to sign in, how long to wait and how often to retry.
//!
//! Its `bulk` part is in `bulk`. It does not connect: a wrong key or a closed port is found by `check` and `run`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::bulk::{BulkConfig, GeneralRetry};
use super::located::Node;
use super::reader::Reader;

/// Address of and log-in to Elasticsearch.
#[derive(Clone)]
pub struct ElasticsearchConfig {
    /// `http` or `https`, never with credentials, query or fragment.
    pub host: Url,
    /// Credentials for the connector and job indices.
    pub credentials: ElasticCredentials,
    /// False only when `verify_certs: false` asks for it.
    pub verify_certs: bool,
    /// A PEM file with certificates to trust besides the system's.
    pub ca_certs: Option<PathBuf>,
    /// Extra headers for every request. Values may be secret: do not log them.
    pub headers: Vec<(String, String)>,
    /// Limit for one request.
    pub request_timeout: Duration,
    /// The longest wait for an unreachable cluster at start-up.
    pub max_wait_duration: Duration,
    /// First pause of that wait.
    pub initial_backoff_duration: Duration,
    /// Factor between its pauses.
    pub backoff_multiplier: f64,
    /// Attempts after a failed one; attempt n waits n times `retry_interval`.
    pub max_retries: u32,
    /// See `max_retries`.
    pub retry_interval: Duration,
    /// Whether a timed-out request is sent again.
    pub retry_on_timeout: bool,
    /// Whether the `_connector` API is used where it can be (8.15 and later); false: the indices only.
    pub use_connectors_api: bool,
    /// Batching and error limits.
    pub bulk: BulkConfig,
    /// Gzip for request bodies; `None` leaves the choice to the caller: off for a loopback host, else on.
    pub compress: Option<bool>,
}

/// Signs requests in. Debug output shows no secret.
#[derive(Debug, Clone)]
pub enum ElasticCredentials {
    /// An API key in its encoded form.
    ApiKey(SecretString),
    /// A user of a realm.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretString,
    },
}

impl fmt::Debug for ElasticsearchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written out because header values may be secret; the pattern names every field so that none is forgotten.
        let Self {
            host,
            credentials,
            verify_certs,
            ca_certs,
            headers,
            request_timeout,
            max_wait_duration,
            initial_backoff_duration,
            backoff_multiplier,
            max_retries,
            retry_interval,
            retry_on_timeout,
            use_connectors_api,
            bulk,
            compress,
        } = self;
        let header_names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ElasticsearchConfig")
            .field("host", &host.as_str())
            .field("credentials", credentials)
            .field("verify_certs", verify_certs)
            .field("ca_certs", ca_certs)
            .field("header_names", &header_names)
            .field("request_timeout", request_timeout)
            .field("max_wait_duration", max_wait_duration)
            .field("initial_backoff_duration", initial_backoff_duration)
            .field("backoff_multiplier", backoff_multiplier)
            .field("max_retries", max_retries)
            .field("retry_interval", retry_interval)
            .field("retry_on_timeout", retry_on_timeout)
            .field("use_connectors_api", use_connectors_api)
            .field("bulk", bulk)
            .field("compress", compress)
            .finish()
    }
}

pub(super) fn read(reader: &mut Reader) -> ElasticsearchConfig {
    const NO_WAIT: Duration = Duration::ZERO;
    const SHORTEST: Duration = Duration::from_millis(100);
    let (verify_certs, ca_certs) = read_tls(reader);
    let retry = GeneralRetry {
        max_retries: reader.count("elasticsearch.max_retries", 5, 0..=1000),
        interval: reader.duration("elasticsearch.retry_interval", Duration::from_secs(10), NO_WAIT),
        on_timeout: reader.boolean("elasticsearch.retry_on_timeout", true),
    };
    ElasticsearchConfig {
        host: read_host(reader),
        credentials: read_credentials(reader),
        verify_certs,
        ca_certs,
        headers: read_headers(reader),
        request_timeout: reader.duration("elasticsearch.request_timeout", Duration::from_secs(240), SHORTEST),
        max_wait_duration: reader.duration("elasticsearch.max_wait_duration", Duration::from_secs(240), NO_WAIT),
        initial_backoff_duration: reader.duration(
            "elasticsearch.initial_backoff_duration",
            Duration::from_secs(1),
            SHORTEST,
        ),
        backoff_multiplier: reader.decimal("elasticsearch.backoff_multiplier", 2.0, 1.0..=100.0),
        max_retries: retry.max_retries,
        retry_interval: retry.interval,
        retry_on_timeout: retry.on_timeout,
        use_connectors_api: reader.boolean("elasticsearch.feature_use_connectors_api", true),
        compress: reader.optional_boolean("elasticsearch.bulk.compress"),
        bulk: super::bulk::read(reader, retry),
    }
}

fn read_host(reader: &mut Reader) -> Url {
    const KEY: &str = "elasticsearch.host";
    let default = || Url::parse("http://localhost:9200").expect("the default host is a URL");
    let Some((line, text)) = reader.text(KEY) else {
        return default();
    };
    match parse_url(&text, "http://localhost:9200") {
        Ok(url) => {
            if !url.username().is_empty() || url.password().is_some() {
                reader.problem(
                    line,
                    KEY,
                    "holds a user name or password; take it out of the URL and set elasticsearch.username and \
                     elasticsearch.password, or better elasticsearch.api_key",
                );
            }
            url
        }
        Err(detail) => {
            reader.problem(line, KEY, detail);
            default()
        }
    }
}

/// An `http` or `https` URL without query and fragment; the message quotes it only when it cannot hold a credential.
pub(super) fn parse_url(text: &str, example: &str) -> Result<Url, String> {
    let shown = if text.contains(['@', '?']) {
        "the value".to_owned()
    } else {
        format!("`{text}`")
    };
    let refusal = |why: &str| format!("{shown} is not allowed: {why}; expected a URL such as {example}");
    let url = Url::parse(text).map_err(|error| refusal(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refusal("it has to begin with http:// or https://"));
    }
    if !url.has_host() {
        return Err(refusal("it names no host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refusal("it has a query or a fragment"));
    }
    Ok(url)
}

fn read_credentials(reader: &mut Reader) -> ElasticCredentials {
    let names_user = reader.has_value("elasticsearch.username") || reader.has_value("elasticsearch.password");
    let username = reader.text("elasticsearch.username");
    let has_password_key =
        reader.has_value("elasticsearch.password") || reader.has_value("elasticsearch.password_file");
    let password = reader.secret("elasticsearch.password");
    let api_key = reader.secret("elasticsearch.api_key");
    if let Some((line, key)) = api_key {
        check_api_key(reader, "elasticsearch.api_key", line, &key);
        if names_user {
            reader.warn(
                line,
                "elasticsearch.api_key is used; elasticsearch.username and .password are ignored",
            );
        }
        return ElasticCredentials::ApiKey(key);
    }
    if let (Some((line, _)), false) = (&username, has_password_key) {
        reader.warn(
            *line,
            "elasticsearch.password is not set; the stock password of Elastic's examples is used",
        );
    }
    ElasticCredentials::Basic {
        username: username.map_or_else(|| "elastic".to_owned(), |(_, name)| name),
        password: password.map_or_else(|| SecretString::from("changeme"), |(_, password)| password),
    }
}

/// Catches the two usual mistakes with keys: the unencoded `id:key` form, and stray white space.
pub(super) fn check_api_key(reader: &mut Reader, name: &str, line: u64, key: &SecretString) {
    let text = key.expose_secret();
    if text.contains(':') {
        reader.problem(
            line,
            name,
            "holds the form id:key; use the key's encoded form (`encoded` in the answer)",
        );
    } else if !text.chars().all(|c| c.is_ascii_graphic()) {
        reader.problem(
            line,
            name,
            "holds blanks or characters that an encoded API key never has",
        );
    }
}

fn read_tls(reader: &mut Reader) -> (bool, Option<PathBuf>) {
    // As in the Python service the other two are read only when `ssl` is on; https itself comes from the host.
    let ssl = reader.boolean("elasticsearch.ssl", true);
    let verify_certs = reader.boolean("elasticsearch.verify_certs", true);
    let ca_certs = reader.path("elasticsearch.ca_certs");
    if ssl {
        if !verify_certs {
            reader.warn(
                0,
                "elasticsearch.verify_certs is false: anyone in between can read the credentials",
            );
        }
        return (verify_certs, ca_certs);
    }
    if !verify_certs || ca_certs.is_some() {
        reader.warn(
            0,
            "elasticsearch.ssl is false, so elasticsearch.verify_certs and .ca_certs are not read",
        );
    }
    (true, None)
}

fn read_headers(reader: &mut Reader) -> Vec<(String, String)> {
    const KEY: &str = "elasticsearch.headers";
    let Some(value) = reader.take(KEY) else {
        return Vec::new();
    };
    let Node::Map(entries) = value.node else {
        reader.problem(value.line, KEY, "must be a map from header name to value");
        return Vec::new();
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in entries {
        let path = format!("{KEY}.{}", name.name);
        let Node::Scalar(scalar) = value.node else {
            reader.problem(name.line, &path, "must be a single value");
            continue;
        };
        if !is_header_name(&name.name) {
            reader.problem(name.line, &path, "is not a valid header name");
        } else if scalar.text.chars().any(|c| c.is_control()) {
            reader.problem(
                name.line,
                &path,
                "holds a control character, which a header value cannot have",
            );
        } else if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name.name)) {
            reader.problem(name.line, &path, "is given twice; keep one of them");
        } else {
            headers.push((name.name, scalar.text));
        }
    }
    headers
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}
