//! Proxies of the environment: taken, passed by, and never told more than they need.
//!
//! The environment is read when a client is made, so each client is made in a process of its own: this test program,
//! started again for one test of it.

use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jira_client::{Edition, JiraClient};
use test_case::test_case;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::fake_jira::{RawServer, SECRET, config, raw};
use crate::tls::jira_named;

const JIRA: &str = "JIRA_CLIENT_TEST_ADDRESS";
const AUTHORITY: &str = "JIRA_CLIENT_TEST_AUTHORITY";
const PASSWORD: &str = "pr0xy-passw0rd";

#[expect(clippy::disallowed_methods, reason = "what one test process tells the other")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The other process.
#[tokio::test]
async fn client_in_a_process_of_its_own() {
    let Some(address) = told(JIRA) else { return };
    let mut config = config(&address, Edition::DataCenter);
    config.retries = 0;
    config.tls.ca_pem = told(AUTHORITY);
    let client = JiraClient::new(config).unwrap();
    let said = match client.fields().await {
        Ok(fields) => format!("{} fields", fields.len()),
        Err(error) => format!("{error} {error:?} {client:?}"),
    };
    writeln!(std::io::stdout(), "{said}").unwrap();
}

async fn client(address: &str, environment: &[(&str, String)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "proxies::client_in_a_process_of_its_own", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    let environment = environment.iter().map(|(name, value)| (*name, value.as_str()));
    let output = command
        .env(JIRA, address)
        .envs(environment)
        .stderr(Stdio::piped())
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

struct Proxy {
    port: u16,
    /// The lines before the first empty one, of each connection.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Answers requests for plain addresses itself, opens tunnels, or refuses everything with a status.
    async fn start(refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, refusal, Arc::clone(&seen)));
            }
        });
        Self { port, heads }
    }

    fn address(&self) -> String {
        format!("http://robot:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, refusal: Option<&'static str>, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    if let Some(status) = refusal {
        drop(stream.write_all(&raw(status, &[], 0, b"")).await);
        return;
    }
    let Some(target) = head.strip_prefix("CONNECT ") else {
        let answer = raw("200 OK", &["Content-Type: application/json"], 2, b"[]");
        drop(stream.write_all(&answer).await);
        return;
    };
    let mut jira = TcpStream::connect(target.split(' ').next().unwrap()).await.unwrap();
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .unwrap();
    drop(copy_bidirectional(&mut stream, &mut jira).await);
}

fn proxy_login() -> String {
    format!(
        "proxy-authorization: Basic {}",
        BASE64_STANDARD.encode(format!("robot:{PASSWORD}"))
    )
}

#[test_case("HTTP_PROXY"; "in capitals")]
#[test_case("http_proxy"; "in small letters")]
#[tokio::test]
async fn a_plain_address_is_asked_for_whole(variable: &'static str) {
    let proxy = Proxy::start(None).await;
    let said = client("http://jira.example.test:8080/jira", &[(variable, proxy.address())]).await;
    assert!(said.contains("0 fields"), "{said}");
    let head = proxy.heads().remove(0);
    assert!(
        head.starts_with("GET http://jira.example.test:8080/jira/rest/api/2/field HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains(&proxy_login()), "{head}");
}

#[tokio::test]
async fn a_tunnel_hides_the_credential_from_the_proxy() {
    let (proxy, jira) = (Proxy::start(None).await, jira_named("127.0.0.1").await);
    let environment = [("HTTPS_PROXY", proxy.address()), (AUTHORITY, jira.ca_pem)];
    let said = client(&jira.address, &environment).await;
    assert!(said.contains("0 fields"), "{said}");
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    assert!(
        heads[0].starts_with("CONNECT 127.0.0.1:") && heads[0].contains(&proxy_login()),
        "{}",
        heads[0]
    );
    assert!(
        !heads[0].to_ascii_lowercase().contains("\r\nauthorization:"),
        "{}",
        heads[0]
    );
}

#[tokio::test]
async fn addresses_that_need_no_proxy_are_asked_directly() {
    let proxy = Proxy::start(None).await;
    let jira = RawServer::start(vec![raw("200 OK", &["Content-Type: application/json"], 2, b"[]")]).await;
    let environment = [
        ("HTTP_PROXY", proxy.address()),
        ("NO_PROXY", "example.com,127.0.0.0/8".to_owned()),
    ];
    let said = client(&jira.address, &environment).await;
    assert!(said.contains("0 fields"), "{said}");
    assert_eq!((proxy.heads().len(), jira.requests()), (0, 1));
}

#[test_case("http://jira.example.test", Some("407 Proxy Authentication Required"), "wants a login"; "a login is wanted")]
#[test_case("https://jira.example.test", Some("407 Proxy Authentication Required"), "by way of the proxy 127.0.0.1:"; "a login is wanted for a tunnel")]
#[test_case("https://jira.example.test", Some("403 Forbidden"), "by way of the proxy 127.0.0.1:"; "no tunnel is opened")]
#[test_case("https://jira.example.test", None, "by way of the proxy 127.0.0.1:"; "nothing listens")]
#[tokio::test]
async fn a_proxy_that_fails_is_named_without_its_password(
    jira: &'static str,
    refusal: Option<&'static str>,
    says: &'static str,
) {
    let mut proxy = Proxy::start(refusal).await;
    if refusal.is_none() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        proxy.port = closed.local_addr().unwrap().port();
    }
    let said = client(jira, &[("ALL_PROXY", proxy.address())]).await;
    assert!(said.contains(says) && said.contains("jira.example.test"), "{said}");
    assert!(!said.contains(PASSWORD) && !said.contains(SECRET), "{said}");
}
