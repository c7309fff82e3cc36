//! The `http` section: the server for callers of ours, and for those who watch the service.
//!
//! Serving is left to `http`; who may call is asked of Elasticsearch.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::located::{Located, Node, Scalar};
use super::monitoring::parse;
use super::reader::{Reader, read_secret_file};
use super::values::SizeUnit;

/// Settings of the HTTP server.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where it listens; nothing is served when absent.
    pub address: Option<SocketAddr>,
    /// Certificate chain and key, PEM files; plain HTTP without them.
    pub tls: Option<TlsFiles>,
    /// The largest body of a request, in bytes.
    pub max_body: u64,
    /// The longest that a request may take to arrive.
    pub request_timeout: Duration,
    /// Requests a second of one caller.
    pub requests_per_second: u32,
    /// Tokens for an Elasticsearch without security; the first says who may manage.
    pub tokens: Vec<HttpToken>,
}

/// PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that signed it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// A caller that Elasticsearch does not know.
#[derive(Debug, Clone)]
pub struct HttpToken {
    /// What it is called in records.
    pub name: String,
    /// What it sends as `Authorization: Bearer`.
    pub token: SecretString,
    /// What it may do.
    pub right: TokenRight,
}

/// What a token allows; each includes the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenRight {
    /// See connectors.
    Read,
    /// Run them.
    Execute,
    /// Make, change and delete them.
    Manage,
}

pub(super) fn read(reader: &mut Reader) -> HttpConfig {
    const KIB: u64 = 1024;
    let address = address(reader);
    let tls = tls(reader);
    let plain_http = reader.boolean("http.allow_plain_http", false);
    let tokens = tokens(reader);
    if let Some((line, address)) = address
        && tls.is_none()
        && !plain_http
        && !address.ip().is_loopback()
    {
        let detail = format!(
            "{address} can be reached from outside without TLS: set http.tls.certificate and http.tls.key, or \
             http.allow_plain_http: true behind a proxy that adds TLS"
        );
        reader.problem(line, "http.address", detail);
    }
    HttpConfig {
        address: address.map(|(_, address)| address),
        tls,
        max_body: reader.size("http.max_body", SizeUnit::Bytes, 1024 * KIB, KIB..=100 * 1024 * KIB),
        request_timeout: reader.duration("http.request_timeout", Duration::from_secs(30), Duration::from_secs(1)),
        requests_per_second: reader.count("http.requests_per_second", 10, 1..=100_000),
        tokens,
    }
}

fn address(reader: &mut Reader) -> Option<(u64, SocketAddr)> {
    const KEY: &str = "http.address";
    let (line, text) = reader.text(KEY)?;
    let address = parse(&text);
    if address.is_none() {
        let detail = format!(
            "\"{text}\" is no address; give a port for this machine alone (5602), or address:port (0.0.0.0:5602)"
        );
        reader.problem(line, KEY, detail);
    }
    address.map(|address| (line, address))
}

fn tls(reader: &mut Reader) -> Option<TlsFiles> {
    let certificate = reader.text("http.tls.certificate");
    let key = reader.text("http.tls.key");
    match (certificate, key) {
        (Some((_, certificate)), Some((_, key))) => Some(TlsFiles {
            certificate: certificate.into(),
            key: key.into(),
        }),
        (Some((line, _)), None) => {
            reader.problem(
                line,
                "http.tls.key",
                "is missing: TLS needs the key of the certificate, a PEM file",
            );
            None
        }
        (None, Some((line, _))) => {
            let detail = "is missing: TLS needs the certificate of the key, a PEM file";
            reader.problem(line, "http.tls.certificate", detail);
            None
        }
        (None, None) => None,
    }
}

fn tokens(reader: &mut Reader) -> Vec<HttpToken> {
    let Some(value) = reader.take("http.tokens") else {
        return Vec::new();
    };
    let Node::List(entries) = value.node else {
        reader.problem(
            value.line,
            "http.tokens",
            "must be a list of entries with name, token and right",
        );
        return Vec::new();
    };
    let mut tokens = Vec::new();
    for entry in entries {
        let line = entry.line;
        match token(entry) {
            Ok(token) => tokens.push(token),
            Err(detail) => reader.problem(line, "http.tokens", detail),
        }
    }
    tokens
}

fn token(entry: Located) -> Result<HttpToken, String> {
    let Node::Map(members) = entry.node else {
        return Err("must be a list of entries with name, token and right".to_owned());
    };
    let (mut name, mut secret, mut right) = (None, None, TokenRight::Execute);
    for (key, value) in members {
        let Node::Scalar(Scalar { text, .. }) = value.node else {
            return Err(format!("has an entry whose {} is not a single value", key.name));
        };
        match key.name.as_str() {
            "name" => name = Some(text),
            "token" => secret = Some(SecretString::from(text)),
            "token_file" => {
                let read = read_secret_file(text.as_ref());
                secret = Some(read.map_err(|reason| format!("has a token_file that {reason}"))?);
            }
            "right" => {
                right = match text.as_str() {
                    "read" => TokenRight::Read,
                    "execute" => TokenRight::Execute,
                    "manage" => TokenRight::Manage,
                    other => {
                        return Err(format!(
                            "has the right `{other}`; expected one of read, execute, manage"
                        ));
                    }
                }
            }
            other => {
                return Err(format!(
                    "has an entry with {other}; name, token, token_file and right are known"
                ));
            }
        }
    }
    match (name, secret) {
        (Some(name), Some(token)) => Ok(HttpToken { name, token, right }),
        _ => Err("has an entry without a name, or without a token or token_file".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use test_case::test_case;

    use super::TokenRight;
    use crate::config::Config;

    fn read(text: &str) -> Result<Config, String> {
        Config::from_text(Path::new("config.yml"), text, &|_| None).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_served_unless_asked_for() {
        let config = read("service:\n  idling: 5\n").unwrap();
        assert!(config.http.address.is_none());
        assert_eq!(
            (config.http.max_body, config.http.requests_per_second),
            (1024 * 1024, 10)
        );
    }

    #[test_case("address: 0.0.0.0:5602", "can be reached from outside without TLS"; "plain on every interface")]
    #[test_case("address: somewhere", "is no address"; "no address")]
    #[test_case("tls: { certificate: a.pem }", "http.tls.key"; "certificate without key")]
    #[test_case("tls: { key: a.pem }", "http.tls.certificate"; "key without certificate")]
    #[test_case("tokens: [{ name: watcher }]", "token_file"; "token without text")]
    #[test_case("tokens: [{ name: watcher, token: abc, right: all }]", "read, execute, manage"; "unknown right")]
    fn what_cannot_be_served_is_named_with_its_cure(entry: &str, problem: &str) {
        let error = read(&format!("http:\n  {entry}\n")).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }

    #[test]
    fn plain_http_is_fine_on_this_machine_and_where_it_is_asked_for() {
        assert!(read("http:\n  address: 5602\n").unwrap().http.address.is_some());
        assert!(read("http:\n  address: 0.0.0.0:5602\n  allow_plain_http: true\n").is_ok());
        let with_token = read("http:\n  tokens: [{ name: watcher, token: abc }]\n").unwrap();
        assert_eq!(with_token.http.tokens[0].right, TokenRight::Execute);
        assert!(!format!("{with_token:?}").contains("abc"));
    }
}
