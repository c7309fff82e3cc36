//! The Jira of one test: a fixture in this process on a free port, steered through its control API.

use std::collections::BTreeMap;

use jira_fixture::{Fault, JiraFixture, Options, Running};
use reqwest::Method;
use serde_json::{Value, json};

/// A running fixture.
#[derive(Debug)]
pub(crate) struct Jira {
    running: Running,
    client: reqwest::Client,
}

/// Counts of requests by endpoint since the last reset.
#[derive(Debug, Clone)]
pub(crate) struct Requests {
    pub(crate) total: u64,
    by_endpoint: BTreeMap<String, u64>,
    by_status: BTreeMap<String, u64>,
}

impl Requests {
    pub(crate) fn to(&self, endpoint: &str) -> u64 {
        self.by_endpoint.get(endpoint).copied().unwrap_or(0)
    }

    pub(crate) fn answered(&self, status: u16) -> u64 {
        self.by_status.get(&status.to_string()).copied().unwrap_or(0)
    }
}

impl Jira {
    pub(crate) async fn start(options: Options) -> Self {
        let running = JiraFixture::start(options).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, client }
    }

    pub(crate) fn url(&self) -> &str {
        &self.running.base_url
    }

    /// A control call; fails unless the fixture carried it out.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/__fixture/{path}", self.running.base_url);
        let mut request = self.client.request(method.clone(), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{method} /__fixture/{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Changes something; the body may be `{}`.
    pub(crate) async fn change(&self, path: &str, body: Value) -> Value {
        self.control(Method::POST, path, Some(&body)).await
    }

    /// What a correct sync must end up with.
    pub(crate) async fn model(&self) -> Value {
        self.control(Method::GET, "model", None).await
    }

    /// The `_id`s of all documents of a correct index, sorted bytewise.
    pub(crate) async fn expected_ids(&self) -> Vec<String> {
        let ids = self.control(Method::GET, "model/ids", None).await;
        serde_json::from_value(ids).unwrap()
    }

    pub(crate) async fn requests(&self) -> Requests {
        let counts = self.control(Method::GET, "requests", None).await;
        Requests {
            total: counts["total"].as_u64().unwrap(),
            by_endpoint: serde_json::from_value(counts["by_endpoint"].clone()).unwrap(),
            by_status: serde_json::from_value(counts["by_status"].clone()).unwrap(),
        }
    }

    pub(crate) async fn forget_requests(&self) {
        self.control(Method::POST, "requests/reset", None).await;
    }

    /// From now on some requests go wrong.
    pub(crate) async fn break_with(&self, fault: Fault) {
        self.control(Method::POST, "faults", Some(&json!(fault))).await;
    }

    /// Nothing goes wrong any more.
    pub(crate) async fn repair(&self) {
        self.control(Method::DELETE, "faults", None).await;
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.control(Method::DELETE, path, None).await;
    }
}
