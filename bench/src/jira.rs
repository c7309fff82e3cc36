//! The Jira under the benchmark: fixtures/jira as a process, its control API, and the few REST calls of our own.
//!
//! The connector's own requests are none of this module's business.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::options::DataSize;
use crate::process::Process;

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const TOKEN: &str = "fixture-token";
/// The large data takes some seconds to make.
const LONGEST_START: Duration = Duration::from_secs(120);
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A running fixture.
#[derive(Debug)]
pub(crate) struct Jira {
    process: Process,
    client: reqwest::Client,
    url: String,
}

/// The result of a correct sync.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Model {
    pub(crate) projects: usize,
    pub(crate) issues: usize,
    pub(crate) attachments: usize,
    /// Hex SHA-256 over the sorted `_id`s, each followed by a newline.
    pub(crate) ids_sha256: String,
}

/// Requests to the fixture since the last reset.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Requests {
    total: u64,
    pub(crate) by_endpoint: BTreeMap<String, u64>,
}

impl Requests {
    /// Requests to the second host that attachment contents are redirected to. It is not Jira and has no rate limit.
    pub(crate) fn media(&self) -> u64 {
        self.by_endpoint.get("media").copied().unwrap_or(0)
    }

    /// Requests to Jira itself.
    pub(crate) fn jira(&self) -> u64 {
        self.total - self.media()
    }
}

impl Jira {
    /// Starts the fixture on a free port.
    pub(crate) async fn start(programs: &Path, size: DataSize, folder: &Path) -> anyhow::Result<Self> {
        let program = programs.join("jira-fixture");
        let arguments = ["--port", "0", "--data-size", &size.to_string()];
        let mut process = Process::start(&program, &arguments, folder, "jira.log")?;
        let deadline = Instant::now() + LONGEST_START;
        let url = loop {
            process.must_run()?;
            if let Some(url) = announced(&process.log()) {
                break url;
            }
            if Instant::now() > deadline {
                bail!("jira-fixture did not say that it is ready within {LONGEST_START:?}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        };
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()?;
        Ok(Self { process, client, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }

    /// A call of the control API; nothing is answered to most changes.
    pub(crate) async fn control(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let mut request = self.client.request(method, format!("{}/__fixture/{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        // Changes are answered without a body.
        let answer = if answer.is_empty() { b"null" } else { &answer[..] };
        serde_json::from_slice(answer).with_context(|| format!("the fixture's answer to {path} is not JSON"))
    }

    pub(crate) async fn model(&self) -> anyhow::Result<Model> {
        let model = self.control(reqwest::Method::GET, "model", None).await?;
        Ok(Model::deserialize(model)?)
    }

    pub(crate) async fn requests(&self) -> anyhow::Result<Requests> {
        let requests = self.control(reqwest::Method::GET, "requests", None).await?;
        Ok(Requests::deserialize(requests)?)
    }

    pub(crate) async fn reset_requests(&self) -> anyhow::Result<()> {
        self.control(reqwest::Method::POST, "requests/reset", None)
            .await
            .map(drop)
    }

    pub(crate) async fn set_latency(&self, milliseconds: u64) -> anyhow::Result<()> {
        let settings = json!({ "latency_ms": milliseconds });
        self.control(reqwest::Method::POST, "settings", Some(&settings))
            .await
            .map(drop)
    }

    /// Changes that many issues, other ones for another seed; their keys.
    pub(crate) async fn touch(&self, count: usize, seed: u64) -> anyhow::Result<Vec<String>> {
        let asked = json!({ "count": count, "seed": seed });
        let touched = self.control(reqwest::Method::POST, "touch", Some(&asked)).await?;
        Ok(Vec::deserialize(&touched["keys"])?)
    }

    /// A REST call, counted by the fixture like those of the connector.
    pub(crate) async fn rest(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}/rest/api/2/{path}", self.url));
        let request = request.basic_auth(EMAIL, Some(TOKEN)).json(body);
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// The content of an attachment.
    pub(crate) async fn content(&self, id: u64) -> anyhow::Result<Bytes> {
        let path = format!("{}/rest/api/2/attachment/content/{id}?redirect=false", self.url);
        let request = self.client.get(path).basic_auth(EMAIL, Some(TOKEN));
        Ok(request.send().await?.error_for_status()?.bytes().await?)
    }
}

/// The address in the line that the fixture prints when it is ready.
fn announced(log: &str) -> Option<String> {
    let (_, after) = log.split_once("ready at ")?;
    after.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_ready_line() {
        let line = "jira-fixture ready at http://127.0.0.1:41233 (small data, sign in with a / b, media at http://x)\n";
        assert_eq!(announced(line).as_deref(), Some("http://127.0.0.1:41233"));
        assert_eq!(announced("starting"), None);
    }
}
