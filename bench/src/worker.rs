//! The connector under the benchmark: a fresh index and connector, `jira-connector run` as a process, one job.
//!
//! Everything goes through the command line and the connector API, as a user would do it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chrono::DateTime;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::elastic::Elastic;
use crate::jira::{EMAIL, Jira, TOKEN};
use crate::process::Process;

/// No job of the large data takes longer on a machine that is worth measuring on.
const LONGEST_JOB: Duration = Duration::from_secs(3_600);
const LONGEST_START: Duration = Duration::from_secs(60);
/// What the service logs when it begins to look for jobs.
const READY: &str = "the service is running";
/// What the service logs once the end of a job is on record.
const ENDED: &str = "the job ended";
/// How often the service looks for jobs. The usual 30 s would be waited for before each measurement, and looking all the
/// time would be measured with it.
const IDLING_SECONDS: u64 = 3;
/// How often a job is looked at; the times that count are those that the job itself states.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// A connector with an index that nothing was written to yet.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) id: String,
    pub(crate) index: String,
    pub(crate) pipeline: String,
    program: PathBuf,
    config: PathBuf,
    folder: PathBuf,
}

/// The end of a job.
#[derive(Debug, Clone)]
pub(crate) struct JobEnd {
    /// From `started_at` to `completed_at`, as the job states them.
    pub(crate) seconds: f64,
    /// `indexed_document_count`.
    pub(crate) indexed: u64,
}

impl Connector {
    /// Makes index and connector anew, by the product's own command. `fields` of its configuration besides the address
    /// and credential.
    pub(crate) async fn create(
        elastic: &Elastic,
        jira: &Jira,
        index: &str,
        programs: &Path,
        folder: &Path,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        remove(elastic, index).await?;
        let program = programs.join("jira-connector");
        let (admin, token, config) = (
            folder.join("admin.yml"),
            folder.join("jira-token"),
            folder.join("config.yml"),
        );
        fs::write(&admin, elastic.admin_config())?;
        fs::write(&token, TOKEN)?;
        if config.exists() {
            fs::remove_file(&config)?;
        }
        let (admin, token) = (admin.display(), token.display());
        let fields = fields.iter().map(|(key, value)| format!("{key}={value}"));
        let output = Command::new(&program)
            .args(["connector", "create", "--output", "json"])
            .args(["-c", &admin.to_string(), "--index-name", index, "--name", "bench"])
            .args(["--write-config", &config.display().to_string()])
            .args(["--set", "data_source=jira_cloud"])
            .args(fields.flat_map(|field| ["--set".to_owned(), field]))
            .args(["--set", &format!("jira_url={}", jira.url())])
            .args(["--set", &format!("account_email={EMAIL}")])
            .args(["--set-file", &format!("api_token={token}")])
            .output()
            .await
            .with_context(|| format!("cannot start {}", program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("connector create failed: {said}");
        }
        let created: Value = serde_json::from_slice(&output.stdout).context("connector create printed no JSON")?;
        let id = created["connector_id"].as_str().context("no connector_id")?.to_owned();
        let text = fs::read_to_string(&config)? + &format!("service:\n  idling: {IDLING_SECONDS}\n");
        fs::write(&config, text)?;
        let record = elastic.get(&format!("/_connector/{id}")).await?;
        let pipeline = record["pipeline"]["name"]
            .as_str()
            .context("the connector names no pipeline")?
            .to_owned();
        let (index, folder) = (index.to_owned(), folder.to_owned());
        Ok(Self {
            id,
            index,
            pipeline,
            program,
            config,
            folder,
        })
    }

    /// Starts the service and waits until it says that it looks for jobs.
    pub(crate) async fn start_worker(&self) -> anyhow::Result<Process> {
        let config = self.config.display().to_string();
        let mut worker = Process::start(&self.program, &["run", "-c", &config], &self.folder, "worker.log")?;
        let deadline = Instant::now() + LONGEST_START;
        while !worker.log().contains(READY) {
            worker.must_run()?;
            if Instant::now() > deadline {
                bail!("the service did not log \"{READY}\" within {LONGEST_START:?}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        Ok(worker)
    }

    /// From now on the job of a worker that was killed is taken over soon.
    pub(crate) fn take_over_soon(&self) -> anyhow::Result<()> {
        let text = fs::read_to_string(&self.config)? + "  idle_job_timeout: 20\n";
        fs::write(&self.config, text).map_err(Into::into)
    }

    /// Asks for a sync and waits for its end. Anything but `completed` is an error.
    pub(crate) async fn run_job(
        &self,
        elastic: &Elastic,
        worker: &mut Process,
        job_type: &str,
    ) -> anyhow::Result<JobEnd> {
        let job = self.ask_for(elastic, job_type).await?;
        self.end_of(elastic, worker, &job).await
    }

    /// Waits for the end of a job. Anything but `completed` is an error.
    pub(crate) async fn end_of(&self, elastic: &Elastic, worker: &mut Process, job: &str) -> anyhow::Result<JobEnd> {
        // Elasticsearch is not asked before: it would be measured answering.
        let deadline = Instant::now() + LONGEST_JOB;
        let has_ended = |line: &str| line.contains(ENDED) && line.contains(job);
        while !worker.log().lines().any(has_ended) && Instant::now() < deadline {
            worker.must_run()?;
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let ended = self.job_when(elastic, worker, job, |job| job["status"] == "completed");
        JobEnd::read(&ended.await?)
    }

    /// Asks for a sync; the id of its job.
    pub(crate) async fn ask_for(&self, elastic: &Elastic, job_type: &str) -> anyhow::Result<String> {
        let wanted = json!({ "id": self.id, "job_type": job_type, "trigger_method": "on_demand" });
        let created = elastic.post("/_connector/_sync_job", &wanted).await?;
        let id = created["id"].as_str().context("the new job has no id")?;
        Ok(id.to_owned())
    }

    /// Waits until the job is as wanted. That it ends in another way is an error; suspended it has not ended.
    pub(crate) async fn job_when(
        &self,
        elastic: &Elastic,
        worker: &mut Process,
        id: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let path = format!("/_connector/_sync_job/{id}");
        let deadline = Instant::now() + LONGEST_JOB;
        loop {
            let job = elastic.get(&path).await?;
            if is_wanted(&job) {
                return Ok(job);
            }
            if matches!(job["status"].as_str(), Some("completed" | "error" | "canceled")) {
                bail!("the job ended {}: {}", job["status"], job["error"]);
            }
            worker.must_run()?;
            if Instant::now() > deadline {
                bail!("the job did not get there within {LONGEST_JOB:?}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl JobEnd {
    fn read(job: &Value) -> anyhow::Result<Self> {
        let instant = |name: &str| {
            let text = job[name].as_str().with_context(|| format!("the job has no {name}"))?;
            DateTime::parse_from_rfc3339(text).with_context(|| format!("{name}: {text}"))
        };
        let took = instant("completed_at")? - instant("started_at")?;
        let indexed = job["indexed_document_count"].as_u64();
        Ok(Self {
            seconds: took.num_microseconds().context("a job of centuries")? as f64 / 1e6,
            indexed: indexed.context("the job has no indexed_document_count")?,
        })
    }
}

/// Takes away what an earlier run left in a node that keeps running.
async fn remove(elastic: &Elastic, index: &str) -> anyhow::Result<()> {
    let found = elastic.get(&format!("/_connector?index_name={index}")).await?;
    for record in found["results"].as_array().into_iter().flatten() {
        let id = record["id"].as_str().context("a connector without id")?;
        let path = format!("/_connector/{id}?delete_sync_jobs=true");
        elastic.call(Method::DELETE, &path, None).await?;
    }
    elastic.delete_index(index).await
}
