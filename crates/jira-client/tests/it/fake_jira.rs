//! Clients, canned answers and a server for answers that no HTTP library would send.
//!
//! It knows nothing of Jira's behaviour: each test says what is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jira_client::{Auth, Edition, JiraClient, JiraConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use wiremock::ResponseTemplate;

pub(crate) const SECRET: &str = "s3cr3t-t0ken-value";

pub(crate) fn config(address: &str, edition: Edition) -> JiraConfig {
    let auth = Auth::Basic {
        username: "robot@example.com".to_owned(),
        secret: SECRET.into(),
    };
    let mut config = JiraConfig::new(Url::parse(address).unwrap(), edition, auth);
    config.retries = 2;
    config.retry_delay = Duration::from_millis(1);
    config.max_outage = Duration::ZERO;
    config
}

pub(crate) fn cloud(address: &str) -> JiraClient {
    JiraClient::new(config(address, Edition::Cloud)).unwrap()
}

pub(crate) fn data_center(address: &str) -> JiraClient {
    JiraClient::new(config(address, Edition::DataCenter)).unwrap()
}

pub(crate) fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn html(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "text/html;charset=UTF-8")
}

/// A server that reads a request and writes bytes as they are, then closes the connection.
pub(crate) struct RawServer {
    pub(crate) address: String,
    requests: Arc<AtomicUsize>,
}

impl RawServer {
    /// Each connection gets the next answer, the last one for ever.
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let index = counter.fetch_add(1, Ordering::SeqCst);
                let answer = answers[index.min(answers.len() - 1)].clone();
                tokio::spawn(answer_raw(stream, answer));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn answer_raw(mut stream: TcpStream, answer: Vec<u8>) {
    let mut request = Vec::new();
    let mut buffer = [0u8; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    // The client may have gone away; that is its right.
    drop(stream.write_all(&answer).await);
    drop(stream.shutdown().await);
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    body.len() >= length
}

/// An answer whose length header may promise more than follows.
pub(crate) fn raw(status: &str, headers: &[&str], announced: usize, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {announced}\r\nConnection: close\r\n").into_bytes();
    for header in headers {
        answer.extend_from_slice(header.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(body);
    answer
}
