//! A bare client of the Elasticsearch node under the benchmark, and the node's start and stop.
//!
//! It interprets nothing but status and JSON, and shares nothing with the product's own client.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::process::Command;

const USERNAME: &str = "elastic";
const PASSWORD: &str = "changeme";
/// A bulk request on a busy machine takes its time.
const LONGEST_REQUEST: Duration = Duration::from_secs(240);
/// Documents of one page of a scan: some MB.
const SCAN_PAGE: usize = 1_000;

/// The node under the benchmark.
#[derive(Debug, Clone)]
pub(crate) struct Elastic {
    client: reqwest::Client,
    url: String,
}

/// Work of an index: many small requests, refreshes and merges make the same documents dearer.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct IndexWork {
    pub(crate) bulk_requests: u64,
    /// Documents that were refused and sent again count twice.
    pub(crate) bulk_bytes: u64,
    /// Times that new documents were made visible. An index that is searched does it every second.
    pub(crate) refreshes: u64,
    pub(crate) merged_documents: u64,
}

impl IndexWork {
    /// The work since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            bulk_requests: self.bulk_requests - earlier.bulk_requests,
            bulk_bytes: self.bulk_bytes - earlier.bulk_bytes,
            refreshes: self.refreshes - earlier.refreshes,
            merged_documents: self.merged_documents - earlier.merged_documents,
        }
    }
}

/// Starts the node, unless it runs already.
pub(crate) async fn start_node(port: u16) -> anyhow::Result<Elastic> {
    node_script("up", port).await?;
    Elastic::connect(&format!("http://127.0.0.1:{port}"))
}

/// Stops the node.
pub(crate) async fn stop_node(port: u16) -> anyhow::Result<()> {
    node_script("down", port).await
}

async fn node_script(name: &str, port: u16) -> anyhow::Result<()> {
    let script = format!("fixtures/elasticsearch/{name}");
    let status = Command::new(&script)
        .env("ES_PORT", port.to_string())
        // A node that is made to start quickly compiles its hot code late, and would do so during the measurements.
        .env("ES_QUICK_START", "no")
        // Only the table goes to standard output.
        .stdout(Stdio::null())
        .status()
        .await
        .with_context(|| format!("cannot start {script}; run this in the repository's root folder"))?;
    if !status.success() {
        bail!("{script} failed with {status}");
    }
    Ok(())
}

impl Elastic {
    fn connect(url: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(LONGEST_REQUEST)
            .tcp_nodelay(true)
            .http1_only()
            .no_proxy()
            // As the connector does on loopback: neither side compresses.
            .gzip(false)
            .build()?;
        let url = url.to_owned();
        Ok(Self { client, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The sign-in of the administrator, for a config.yml.
    pub(crate) fn admin_config(&self) -> String {
        let url = &self.url;
        format!("elasticsearch:\n  host: {url}\n  username: {USERNAME}\n  password: {PASSWORD}\n")
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .basic_auth(USERNAME, Some(PASSWORD))
    }

    /// A call that must succeed.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await.with_context(|| format!("{method} {path}"))
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// CPU time that the node's process used so far.
    pub(crate) async fn cpu_time(&self) -> anyhow::Result<Duration> {
        let stats = self
            .get("/_nodes/stats/process?filter_path=nodes.*.process.cpu")
            .await?;
        let nodes = stats["nodes"]
            .as_object()
            .context("no nodes in the node's statistics")?;
        let millis = nodes
            .values()
            .map(|node| node["process"]["cpu"]["total_in_millis"].as_u64());
        let total: Option<u64> = millis.sum();
        Ok(Duration::from_millis(
            total.context("the node does not state its CPU time")?,
        ))
    }

    /// What the index did so far, as it counts itself.
    pub(crate) async fn work(&self, index: &str) -> anyhow::Result<IndexWork> {
        let stats = self.get(&format!("/{index}/_stats/bulk,refresh,merge")).await?;
        let shards = &stats["_all"]["primaries"];
        let number = |group: &str, name: &str| {
            let number = shards[group][name].as_u64();
            number.with_context(|| format!("the index does not state {group}.{name}"))
        };
        Ok(IndexWork {
            bulk_requests: number("bulk", "total_operations")?,
            bulk_bytes: number("bulk", "total_size_in_bytes")?,
            refreshes: number("refresh", "total")?,
            merged_documents: number("merges", "total_docs")?,
        })
    }

    /// Settings and mappings of an index, to make another one like it.
    pub(crate) async fn definition(&self, index: &str) -> anyhow::Result<Value> {
        let answer = self.get(&format!("/{index}")).await?;
        let mut settings = answer[index]["settings"].clone();
        let own = settings["index"].as_object_mut().context("the index has no settings")?;
        for name in ["uuid", "creation_date", "provided_name", "version"] {
            own.remove(name);
        }
        Ok(json!({ "settings": settings, "mappings": answer[index]["mappings"] }))
    }

    /// Makes everything written so far visible.
    pub(crate) async fn refresh(&self, index: &str) -> anyhow::Result<()> {
        let path = format!("/{index}/_refresh");
        self.call(Method::POST, &path, None).await.map(drop)
    }

    /// Makes an index.
    pub(crate) async fn create_index(&self, index: &str, definition: &Value) -> anyhow::Result<()> {
        let path = format!("/{index}");
        self.call(Method::PUT, &path, Some(definition)).await.map(drop)
    }

    /// Removes an index if there is one.
    pub(crate) async fn delete_index(&self, index: &str) -> anyhow::Result<()> {
        let path = format!("/{index}?ignore_unavailable=true");
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// Sends one bulk body; every item must succeed.
    pub(crate) async fn bulk(&self, index: &str, pipeline: &str, body: Bytes) -> anyhow::Result<()> {
        // As the connector does: everything else in the answer repeats what was sent.
        let shown = "took,errors,items.*._id,items.*.status,items.*.result,items.*.error.type,items.*.error.reason";
        let path = format!("/{index}/_bulk?pipeline={pipeline}&filter_path={shown}");
        let request = self.request(Method::POST, &path);
        let answer = answer(request.header("content-type", "application/x-ndjson").body(body)).await?;
        if answer["errors"] != false {
            let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let refused = items.iter().find(|item| !item["index"]["error"].is_null());
            bail!("elasticsearch refused a document of the loader: {refused:?}");
        }
        Ok(())
    }

    /// Every document of an index, in the order of its index, with these fields of the source (all when none is named).
    pub(crate) async fn scan(
        &self,
        index: &str,
        fields: Option<&[&str]>,
        mut each: impl FnMut(String, Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.refresh(index).await?;
        let path = format!("/{index}/_pit?keep_alive=5m");
        let pit = self.call(Method::POST, &path, None).await?["id"].clone();
        let mut query = json!({
            "size": SCAN_PAGE, "pit": { "id": pit, "keep_alive": "5m" }, "sort": "_shard_doc", "track_total_hits": false,
            "_source": fields.map_or(Value::Bool(true), |fields| json!(fields)),
        });
        loop {
            let mut page = self.post("/_search", &query).await?;
            let Value::Array(hits) = page["hits"]["hits"].take() else {
                bail!("a page of a scan of {index} has no hits");
            };
            let Some(last) = hits.last() else { break };
            query["search_after"] = last["sort"].clone();
            for mut hit in hits {
                let id = hit["_id"].as_str().context("a document without _id")?.to_owned();
                each(id, hit["_source"].take())?;
            }
        }
        let closed = json!({ "id": pit });
        self.call(Method::DELETE, "/_pit", Some(&closed)).await.map(drop)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("elasticsearch answered {status}: {text}");
    }
    serde_json::from_str(&text).context("elasticsearch answered with something that is not JSON")
}
