//! The Jira of one test: a fixture in this process on a free port, and plain requests to it.

use jira_fixture::{Control, JiraFixture, Options, Running};
use reqwest::Method;
use serde_json::Value;

/// A running fixture.
#[derive(Debug)]
pub(crate) struct Jira {
    /// Changes it, breaks it, and says what a correct sync ends up with.
    pub(crate) site: Control,
    running: Running,
    client: reqwest::Client,
    credential: (String, String),
}

impl Jira {
    pub(crate) async fn start(options: Options) -> Self {
        let credential = (options.email.clone(), options.token.clone());
        let running = JiraFixture::start(options).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            site: running.control(),
            running,
            client,
            credential,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.running.base_url
    }

    /// Requests to an endpoint since the last reset.
    pub(crate) fn requests_to(&self, endpoint: &str) -> u64 {
        self.site.requests().by_endpoint.get(endpoint).copied().unwrap_or(0)
    }

    /// Answers with a status since the last reset.
    pub(crate) fn answered(&self, status: u16) -> u64 {
        self.site.requests().by_status.get(&status).copied().unwrap_or(0)
    }

    /// Keys of the issues of a special kind.
    pub(crate) fn special(&self, kind: &str) -> String {
        let known = self.site.special();
        let key = known.get(kind).cloned();
        key.unwrap_or_else(|| panic!("there is no special issue {kind}: {known:?}"))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}/{path}", self.running.base_url));
        let (email, token) = &self.credential;
        request.basic_auth(email, Some(token)).header("accept", "*/*")
    }

    /// What Jira itself answers to a GET.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// What Jira itself answers to a POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.request(Method::POST, path).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "POST {path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// The text of a file; none when Jira does not have it.
    pub(crate) async fn download(&self, path: &str) -> Option<String> {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        if answer.status() == 404 {
            return None;
        }
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        Some(answer.text().await.unwrap())
    }
}
