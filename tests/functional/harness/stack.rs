//! One test's own world: a Jira, an index, a connector and its configuration file, removed at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jira_fixture::Options;
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::elastic::Elastic;
use super::jira::Jira;
use super::job::Job;
use super::node::Node;
use super::program::{Output, Service, run_program};
use super::settled::eventually;

/// How a stack differs from the usual one.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The Jira; its token is replaced by one of this test.
    pub(crate) jira: Options,
    /// Further fields of the connector's configuration.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Further lines of config.yml, dotted keys.
    pub(crate) config: Vec<&'static str>,
}

impl Default for Setup {
    /// A small Jira without retries, so that failures show at once, and a service that looks for jobs all the time.
    fn default() -> Self {
        Self {
            jira: Options::default(),
            fields: vec![("retry_count", "0".to_owned())],
            config: vec!["service.idling: 100ms", "service.log_level: DEBUG"],
        }
    }
}

impl Setup {
    /// The same with one more field of the connector, or another value of it.
    #[must_use]
    pub(crate) fn field(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.fields.retain(|(known, _)| *known != key);
        self.fields.push((key, value.into()));
        self
    }
}

/// A sync in the foreground that ended, and its job.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) output: Output,
    pub(crate) job: Job,
}

/// Everything one test works with.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) jira: Jira,
    pub(crate) elastic: Elastic,
    pub(crate) index: String,
    /// Empty until there is one.
    pub(crate) connector: String,
    /// The Jira token of this stack.
    pub(crate) token: String,
    folder: TempDir,
    services: std::cell::Cell<u32>,
}

impl Stack {
    /// A Jira and a name for an index; no connector yet.
    pub(crate) async fn without_connector(setup: &Setup) -> Self {
        Self::on(Elastic::connect().await, setup).await
    }

    async fn on(elastic: Elastic, setup: &Setup) -> Self {
        let token = format!("jira-token-{}", uuid::Uuid::new_v4().simple());
        let options = Options {
            token: token.clone(),
            ..setup.jira.clone()
        };
        let stack = Self {
            jira: Jira::start(options).await,
            elastic,
            index: format!("functional-{}", uuid::Uuid::new_v4().simple()),
            connector: String::new(),
            token,
            folder: tempfile::tempdir().unwrap(),
            services: std::cell::Cell::new(0),
        };
        std::fs::write(stack.file("token.txt"), &stack.token).unwrap();
        std::fs::write(stack.file("admin.yml"), stack.admin_config(&[])).unwrap();
        stack
    }

    /// The usual: a small Jira and a configured connector.
    pub(crate) async fn small() -> Self {
        Self::with(Setup::default()).await
    }

    /// A connector made by `connector create`, with an API key of its own in `config.yml`.
    pub(crate) async fn with(setup: Setup) -> Self {
        Self::configured(Self::without_connector(&setup).await, setup).await
    }

    /// The same on another Elasticsearch than the usual one.
    pub(crate) async fn with_node(node: &Node, setup: Setup) -> Self {
        Self::configured(Self::on(node.client().await, &setup).await, setup).await
    }

    async fn configured(mut stack: Self, setup: Setup) -> Self {
        let created = stack.create_connector(&setup.fields).await.exits_with(0);
        stack.connector = created.json()["connector_id"].as_str().unwrap().to_owned();
        let mut config = std::fs::read_to_string(stack.config()).unwrap();
        for line in &setup.config {
            config += &format!("{line}\n");
        }
        std::fs::write(stack.config(), config).unwrap();
        stack
    }

    /// Runs `connector create` with the superuser's account; the result is JSON.
    pub(crate) async fn create_connector(&self, fields: &[(&str, String)]) -> Output {
        let mut arguments: Vec<String> = vec!["-c".into(), self.file("admin.yml").display().to_string()];
        arguments.extend(["--output", "json", "connector", "create"].map(str::to_owned));
        arguments.extend(["--index-name".into(), self.index.clone()]);
        arguments.extend(["--write-config".into(), self.config().display().to_string()]);
        arguments.extend([
            "--set-file".into(),
            format!("api_token={}", self.file("token.txt").display()),
        ]);
        let usual = [
            ("data_source", "jira_cloud".to_owned()),
            ("jira_url", self.jira.url().to_owned()),
            ("account_email", "admin@example.com".to_owned()),
            ("projects", "*".to_owned()),
        ];
        let given = |key: &str| fields.iter().any(|(name, _)| *name == key);
        for (key, value) in usual.iter().filter(|(key, _)| !given(key)).chain(fields) {
            arguments.extend(["--set".into(), format!("{key}={value}")]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_program(self.folder(), &arguments).await
    }

    /// A further connector with the configuration of the first, and an index of its own, whose name begins alike.
    pub(crate) async fn another_connector(&self, number: usize) -> String {
        let id = format!("{}-{number}", self.index);
        let body = json!({ "index_name": id, "service_type": "jira", "name": id });
        self.elastic.put(&format!("/_connector/{id}"), &body).await;
        let configuration = self.connector_record().await["configuration"].clone();
        let body = json!({ "configuration": configuration });
        self.elastic
            .put(&format!("/_connector/{id}/_configuration"), &body)
            .await;
        id
    }

    /// A config.yml that signs in as the superuser, for these connectors.
    pub(crate) fn admin_config(&self, connectors: &[&str]) -> String {
        let (url, user, password) = (&self.elastic.url, Elastic::USERNAME, Elastic::PASSWORD);
        let mut text = format!(
            "elasticsearch:\n  host: {url}\n  username: {user}\n  password: {password}\nservice:\n  idling: 100ms\n"
        );
        if !connectors.is_empty() {
            text += "connectors:\n";
        }
        for id in connectors {
            text += &format!("  - connector_id: {id}\n    service_type: jira\n");
        }
        text
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The connector's own config.yml.
    pub(crate) fn config(&self) -> PathBuf {
        self.file("config.yml")
    }

    /// Runs a command with the connector's config.yml.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Output {
        run_program(self.folder(), arguments).await
    }

    /// `sync now` with further options, whatever comes of it.
    pub(crate) async fn sync(&self, options: &[&str]) -> Synced {
        let mut arguments = vec!["--output", "json", "sync", "now"];
        arguments.extend(options);
        let output = self.command(&arguments).await;
        assert!(matches!(output.code, 0 | 1), "{output}");
        let job = output.json()["job_id"].as_str().unwrap().to_owned();
        let job = Job(self.elastic.job(&job).await);
        self.assert_no_secret(&output.text());
        self.assert_no_secret(job.error());
        Synced { output, job }
    }

    /// `sync now` that must complete.
    #[track_caller]
    pub(crate) fn sync_completes(&self, options: &'static [&'static str]) -> impl Future<Output = Job> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let synced = self.sync(options).await;
            let (job, output) = (&synced.job, &synced.output);
            assert_eq!(job.status(), "completed", "sync at {caller}: {} {output}", job.error());
            assert_eq!(output.code, 0, "sync at {caller}: {output}");
            synced.job
        }
    }

    /// Starts `run` with the connector's config.yml.
    pub(crate) fn start_service(&self) -> Service {
        self.start_service_with(&self.config())
    }

    pub(crate) fn start_service_with(&self, config: &Path) -> Service {
        let number = self.services.get() + 1;
        self.services.set(number);
        Service::start(self.folder(), config, self.file(&format!("service-{number}.log")))
    }

    pub(crate) async fn connector_record(&self) -> Value {
        self.elastic.connector(&self.connector).await
    }

    pub(crate) async fn job(&self, id: &str) -> Job {
        Job(self.elastic.job(id).await)
    }

    /// Waits until a job is over.
    pub(crate) async fn finished(&self, id: &str) -> Job {
        self.job_that(id, "the job is over", Job::is_over).await
    }

    /// Waits until a job is as wanted.
    pub(crate) async fn job_that(&self, id: &str, what: &str, wanted: impl Fn(&Job) -> bool) -> Job {
        eventually(what, async || {
            let job = self.job(id).await;
            wanted(&job).then_some(job)
        })
        .await
    }

    /// Whole documents by `_id`.
    pub(crate) async fn documents(&self) -> BTreeMap<String, Value> {
        self.elastic.documents(&self.index).await
    }

    /// Documents by `_id`, with what tells them apart and the text of attachments.
    pub(crate) async fn outlines(&self) -> BTreeMap<String, Value> {
        self.elastic.outlines(&self.index).await
    }

    /// The index holds exactly what the fixture's own model says: the same ids, digest and counts per type.
    pub(crate) async fn assert_index_is_the_model(&self) {
        let documents = self.outlines().await;
        let expected: BTreeSet<String> = self.jira.site.ids().into_iter().collect();
        let indexed: BTreeSet<String> = documents.keys().cloned().collect();
        let missing: Vec<&String> = expected.difference(&indexed).take(5).collect();
        let surplus: Vec<&String> = indexed.difference(&expected).take(5).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "missing, for example: {missing:?}; should not be there, for example: {surplus:?}"
        );
        let model = self.jira.site.model();
        let mut digest = Sha256::new();
        for id in &indexed {
            digest.update(id.as_bytes());
            digest.update(b"\n");
        }
        let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(model.ids_sha256, digest);
        let is_attachment = |document: &&Value| document["Key"].is_null();
        let is_project = |document: &&Value| document["Project"].is_object();
        let attachments = documents.values().filter(is_attachment).count();
        let projects = documents.values().filter(is_project).count();
        let issues = documents.len() - projects - attachments;
        assert_eq!(
            (projects, issues, attachments),
            (model.projects, model.issues, model.attachments),
            "projects, issues, attachments"
        );
    }

    /// The `_id` of the issue document with this key.
    pub(crate) async fn issue(&self, key: &str) -> Option<(String, Value)> {
        let mut found = self
            .elastic
            .search(&self.index, json!({ "term": { "Key.keyword": key } }))
            .await;
        found.retain(|_, document| document["Issue"].is_object());
        found.pop_first()
    }

    /// No credential of this stack may be in anything that people or logs get to see.
    #[track_caller]
    pub(crate) fn assert_no_secret(&self, text: &str) {
        use base64::Engine as _;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("admin@example.com:{}", self.token));
        assert!(!text.contains(&self.token), "the Jira token is in: {text}");
        assert!(!text.contains(&basic), "the Jira credential is in: {text}");
        if let Some(key) = self.api_key() {
            assert!(!text.contains(&key), "the API key is in: {text}");
        }
    }

    /// The connector's API key in its encoded form, from its config.yml.
    pub(crate) fn api_key(&self) -> Option<String> {
        let config = std::fs::read_to_string(self.config()).ok()?;
        let line = config.lines().find(|line| line.trim_start().starts_with("api_key:"))?;
        Some(line.split_once(':')?.1.trim().trim_matches('"').to_owned())
    }

    async fn remove(elastic: Elastic, index: String, connector: String) {
        let mut connectors = vec![connector];
        let (_, found) = elastic
            .call(Method::GET, &format!("/_connector?size=1000&query={index}"), None)
            .await;
        for record in found["results"].as_array().into_iter().flatten() {
            connectors.extend(record["id"].as_str().map(str::to_owned));
        }
        for id in connectors.iter().filter(|id| !id.is_empty()) {
            let path = format!("/_connector/{id}?delete_sync_jobs=true&hard=true");
            elastic.call(Method::DELETE, &path, None).await;
        }
        let key = json!({ "name": format!("{index}-connector") });
        elastic.call(Method::DELETE, "/_security/api_key", Some(&key)).await;
        for record in found["results"].as_array().into_iter().flatten() {
            if let Some(further) = record["index_name"].as_str() {
                let path = format!("/{further}?ignore_unavailable=true");
                elastic.call(Method::DELETE, &path, None).await;
            }
        }
        let path = format!("/{index}?ignore_unavailable=true");
        elastic.call(Method::DELETE, &path, None).await;
    }
}

impl Drop for Stack {
    /// Also after a failed assertion, where the test's own runtime cannot be waited for.
    fn drop(&mut self) {
        let (elastic, index, connector) = (self.elastic.clone(), self.index.clone(), self.connector.clone());
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(Self::remove(elastic, index, connector));
        });
        if cleaner.join().is_err() {
            eprintln!("could not remove index {} and connector {}", self.index, self.connector);
        }
    }
}
