//! Runs the steps of one data file against the node, all of them even when one fails, and takes away what they made.
//!
//! What an answer must hold is for `expectation`.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::expectation::{judge_members, judge_status, member};
use super::step::{File, Only, Step};
use super::variables::Variables;
use crate::harness::Elastic;

/// More jobs than any file makes for one connector.
const MOST_JOBS: u32 = 1000;

/// One run of one file.
pub(super) struct Runner {
    client: reqwest::Client,
    node: Elastic,
    /// The node is the one of `fixtures/elasticsearch`, whose connector API is that of 9.x.
    stand_in: bool,
    variables: Variables,
    connectors: Vec<String>,
    undo: Vec<String>,
}

impl Runner {
    pub(super) async fn connect() -> Self {
        let node = Elastic::connect().await;
        let timeout = Duration::from_secs(60);
        let client = reqwest::Client::builder().timeout(timeout).no_proxy().build().unwrap();
        // The distribution names how it was packed; the stand-in was not.
        let stand_in = node.get("/").await["version"]["build_type"] == "unknown";
        let mut variables = Variables::default();
        let unique = uuid::Uuid::new_v4().simple().to_string();
        variables.set("id", json!(format!("conformance-{}", &unique[..12])));
        Self {
            client,
            node,
            stand_in,
            variables,
            connectors: Vec::new(),
            undo: Vec::new(),
        }
    }

    /// Fails with every step that failed, after cleaning up.
    pub(super) async fn run(mut self, name: &str, file: &File) {
        let mut failures = self.make_keys(file).await.err().into_iter().collect::<Vec<_>>();
        for step in &file.steps {
            if step.only == Some(Only::StandIn) && !self.stand_in {
                continue;
            }
            if step.each.is_empty() {
                let what = self.take(step).await.err();
                failures.extend(what.map(|what| format!("{name}: \"{}\": {}: {what}", step.step, step.call)));
            }
            for each in &step.each {
                let what = self.take_with(step, each).await.err();
                let named = |what| format!("{name}: \"{}\" with {each}: {}: {what}", step.step, step.call);
                failures.extend(what.map(named));
            }
        }
        failures.extend(self.clean_up(file).await);
        assert!(
            failures.is_empty(),
            "{} failed\n{}",
            failures.len(),
            failures.join("\n")
        );
    }

    async fn make_keys(&mut self, file: &File) -> Result<(), String> {
        let prefix = self.variables.text("{{id}}")?;
        for (name, role) in &file.keys {
            let role = self.variables.value(role)?;
            let body = json!({ "name": format!("{prefix}-{name}"), "role_descriptors": { "conformance": role } });
            let (status, made) = self.node.call(Method::POST, "/_security/api_key", Some(&body)).await;
            if status != 200 {
                return Err(format!("API key {name}: {status} {made}"));
            }
            self.variables.set(&format!("key.{name}"), made["encoded"].clone());
            self.variables.set(&format!("key.{name}.id"), made["id"].clone());
        }
        Ok(())
    }

    async fn take_with(&mut self, step: &Step, each: &Value) -> Result<(), String> {
        let each = self.variables.value(each)?;
        self.variables.set("each", each);
        self.take(step).await
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        for path in &step.undo {
            self.undo.push(self.variables.text(path)?);
        }
        let call = self.variables.text(&step.call)?;
        let (method, path) = call.split_once(' ').ok_or("a call is a method and a path")?;
        let (status, answer) = self.call(step, method, path).await?;
        self.remember_connector(path, status, &answer);
        judge_status(step, status, &answer)?;
        for (name, path) in &step.capture {
            let found = member(&answer, path).ok_or_else(|| format!("no {path} to capture in {answer}"))?;
            self.variables.set(name, found.clone());
        }
        judge_members(step, &self.variables, &answer)
    }

    async fn call(&self, step: &Step, method: &str, path: &str) -> Result<(u16, Value), String> {
        let method = method.parse().map_err(|_| format!("{method} is no method"))?;
        let url = format!("{}{path}", self.node.url);
        let mut request = self.client.request(method, url);
        request = match &step.key {
            Some(key) => {
                let encoded = self
                    .variables
                    .text(&format!("{{{{key.{}}}}}", self.variables.text(key)?))?;
                request.header("authorization", format!("ApiKey {encoded}"))
            }
            None => request.basic_auth(Elastic::USERNAME, Some(Elastic::PASSWORD)),
        };
        let body = match (&step.body, &step.raw) {
            (Some(body), _) => Some(self.variables.value(body)?.to_string()),
            (None, Some(raw)) => Some(self.variables.text(raw)?),
            (None, None) => None,
        };
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Even a connector that should have been refused is to go in the end.
    fn remember_connector(&mut self, path: &str, status: u16, answer: &Value) {
        let other = path.starts_with("/_connector/_");
        if let (true, false, 201, Some(id)) = (path.starts_with("/_connector"), other, status, answer["id"].as_str()) {
            self.connectors.push(id.to_owned());
        }
    }

    /// Connectors go by their index, as the API cannot remove one that it has deleted softly.
    async fn clean_up(&self, file: &File) -> Vec<String> {
        let mut paths = self.undo.clone();
        for connector in &self.connectors {
            let jobs = format!("/_connector/_sync_job?connector_id={connector}&size={MOST_JOBS}");
            let jobs = self.node.get(&jobs).await;
            let ids = jobs["results"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|job| job["id"].as_str());
            paths.extend(ids.map(|id| format!("/_connector/_sync_job/{id}")));
            paths.push(format!("/.elastic-connectors/_doc/{connector}?refresh=true"));
        }
        let mut failures = Vec::new();
        for path in paths {
            let (status, answer) = self.node.call(Method::DELETE, &path, None).await;
            if !matches!(status, 200 | 404) {
                failures.push(format!("clean-up: DELETE {path}: {status} {answer}"));
            }
        }
        let ids = file
            .keys
            .keys()
            .map(|name| self.variables.text(&format!("{{{{key.{name}.id}}}}")));
        let ids: Vec<String> = ids.filter_map(Result::ok).collect();
        if !ids.is_empty() {
            let body = json!({ "ids": ids });
            let (status, answer) = self.node.call(Method::DELETE, "/_security/api_key", Some(&body)).await;
            if status != 200 {
                failures.push(format!("clean-up: API keys: {status} {answer}"));
            }
        }
        failures
    }
}
