//! A service that serves the API alone, and calls to it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::harness::{Elastic, eventually};

/// A service that serves the API alone.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) url: String,
    pub(super) http: reqwest::Client,
    pub(super) folder: tempfile::TempDir,
    _service: Child,
}

impl Served {
    /// With these further lines of `actions` in its config.yml.
    pub(super) async fn start(actions: &str) -> Self {
        let elastic = Elastic::connect().await;
        let folder = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let config = format!(
            "elasticsearch: {{ host: '{}', username: elastic, password: changeme }}\n\
             http: {{ address: '{free}', requests_per_second: 1000 }}\n\
             actions:\n  encryption_key: a passphrase of many words, long enough\n  \
             allowed_hosts: ['*', '127.0.0.1']\n{actions}",
            elastic.url,
        );
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        let log = std::fs::File::create(folder.path().join("service.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_jira-connector"));
        command.args(["run", "-c", "config.yml"]).current_dir(folder.path());
        command.stderr(log.try_clone().unwrap()).stdout(log).kill_on_drop(true);
        let served = Self {
            url: format!("http://{free}"),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(60))
                .build()
                .unwrap(),
            folder,
            _service: command.spawn().unwrap(),
        };
        eventually("the API answers", async || {
            let status = served.http.get(format!("{}/health/live", served.url)).send().await;
            status.is_ok().then_some(())
        })
        .await;
        served
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.call_as(Some(("elastic", "changeme")), method, path, body).await
    }

    pub(super) async fn call_as(
        &self,
        user: Option<(&str, &str)>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some((name, password)) = user {
            request = request.basic_auth(name, Some(password));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default(),
        )
    }

    /// Makes a connector; its id.
    pub(super) async fn made(&self, connector: &Value) -> String {
        let (status, made) = self
            .call("POST", "/api/actions/connector", Some(connector.clone()))
            .await;
        assert_eq!(status, 200, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn run(&self, id: &str, action: &str, params: Value) -> Value {
        let body = json!({ "params": { "subAction": action, "subActionParams": params } });
        let (status, answer) = self
            .call("POST", &format!("/api/actions/connector/{id}/_execute"), Some(body))
            .await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}
