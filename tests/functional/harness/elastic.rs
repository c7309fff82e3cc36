//! A bare HTTP client for the real Elasticsearch that all tests run on. It interprets nothing but status and JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

/// More documents than any test indexes, and the most that one search may return.
const MOST: u64 = 10_000;

/// The fields of an outline.
const OUTLINE: &[&str] = &[
    "Key",
    "Type",
    "title",
    "issue",
    "issue_id",
    "jira_id",
    "size",
    "body",
    "Project.key",
    "Issue.project.key",
];

/// The node under test.
#[derive(Debug, Clone)]
pub(crate) struct Elastic {
    client: reqwest::Client,
    /// Without a slash at the end.
    pub(crate) url: String,
}

impl Elastic {
    pub(crate) const USERNAME: &str = "elastic";
    pub(crate) const PASSWORD: &str = "changeme";

    /// Finds the node and fails with the cure when it does not answer.
    pub(crate) async fn connect() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the address of the node is the one thing that test runs are told from outside"
        )]
        let url = std::env::var("JIRA_CONNECTOR_TEST_ES").unwrap_or_else(|_| "http://127.0.0.1:9299".to_owned());
        Self::at(&url).await
    }

    /// The node at this address.
    pub(crate) async fn at(url: &str) -> Self {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .no_proxy()
            .build()
            .unwrap();
        let this = Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
        };
        let root = this.request(Method::GET, "/").send().await;
        let status = root.map(|answer| answer.status().as_u16());
        assert!(
            matches!(status, Ok(200)),
            "no usable Elasticsearch at {url} ({status:?}): start one with `make elasticsearch-up ES_PORT=9299`, or \
             name another in JIRA_CONNECTOR_TEST_ES (user elastic, password changeme)"
        );
        this
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .basic_auth(Self::USERNAME, Some(Self::PASSWORD))
    }

    /// Any call, whatever its status.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// A call with an API key in its encoded form in place of the superuser's password.
    pub(crate) async fn call_with_key(&self, key: &str, method: Method, path: &str) -> (u16, Value) {
        let request = self.client.request(method, format!("{}{path}", self.url));
        answer(request.header("authorization", format!("ApiKey {key}"))).await
    }

    async fn expect(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.call(method.clone(), path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.expect(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.expect(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        self.expect(Method::PUT, path, Some(body)).await
    }

    /// The record of a connector.
    pub(crate) async fn connector(&self, id: &str) -> Value {
        self.get(&format!("/_connector/{id}")).await
    }

    /// The record of a sync job.
    pub(crate) async fn job(&self, id: &str) -> Value {
        self.get(&format!("/_connector/_sync_job/{id}")).await
    }

    /// Asks for a sync as Kibana does; the job's id.
    pub(crate) async fn create_job(&self, connector: &str) -> String {
        let body = json!({ "id": connector, "job_type": "full", "trigger_method": "on_demand" });
        let created = self.post("/_connector/_sync_job", &body).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// Every document of an index by `_id`, as stored.
    pub(crate) async fn documents(&self, index: &str) -> BTreeMap<String, Value> {
        self.search(index, json!({ "match_all": {} })).await
    }

    /// Every document of an index by `_id`, with what tells them apart; a tenth of the bytes of whole documents.
    pub(crate) async fn outlines(&self, index: &str) -> BTreeMap<String, Value> {
        self.find(index, json!({ "query": { "match_all": {} }, "_source": OUTLINE }))
            .await
    }

    /// The documents that a query finds, by `_id`.
    pub(crate) async fn search(&self, index: &str, query: Value) -> BTreeMap<String, Value> {
        self.find(index, json!({ "query": query })).await
    }

    async fn find(&self, index: &str, mut body: Value) -> BTreeMap<String, Value> {
        self.call(Method::POST, &format!("/{index}/_refresh"), None).await;
        body["size"] = MOST.into();
        body["track_total_hits"] = true.into();
        let found = self.post(&format!("/{index}/_search"), &body).await;
        let hits = found["hits"]["hits"].as_array().unwrap();
        assert_eq!(found["hits"]["total"]["value"], hits.len(), "one page holds everything");
        hits.iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].clone()))
            .collect()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}
