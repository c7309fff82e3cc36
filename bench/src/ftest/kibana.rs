//! Makes a connector as Kibana does: the same calls of the `_connector` API, in its order.
//!
//! The product's own commands are not used here; tests/it covers them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::elastic::Elastic;
use crate::process::Process;

/// How long the service may take to notice something. It looks every second.
const LONGEST_NOTICE: Duration = Duration::from_secs(30);
/// A full sync of the large data, in a debug build, on a busy machine.
const LONGEST_JOB: Duration = Duration::from_secs(3_600);
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// A connector that Kibana made.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) id: String,
    pub(super) index: String,
    pub(super) config: PathBuf,
}

/// A job that completed.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) seconds: f64,
    pub(super) indexed: u64,
    pub(super) deleted: u64,
    pub(super) total: u64,
    /// Requests to Jira, as the job counts them.
    pub(super) requests: u64,
    pub(super) skipped: u64,
}

impl Connector {
    /// "New connector": a record, an API key limited to its index, and the lines to copy into config.yml.
    pub(super) async fn create(elastic: &Elastic, index: &str, folder: &Path) -> anyhow::Result<Self> {
        remove(elastic, index).await?;
        let id = format!("{index}-connector");
        let body = json!({ "index_name": index, "name": "Jira", "service_type": "jira" });
        let path = format!("/_connector/{id}");
        elastic.call(Method::PUT, &path, Some(&body)).await?;
        let privileges = json!({
            "cluster": ["monitor", "manage_connector"],
            "index": [{
                "names": [index, format!(".search-acl-filter-{index}"), ".elastic-connectors*"],
                "privileges": ["all"],
                "allow_restricted_indices": false,
            }],
        });
        let wanted = json!({ "name": format!("{index}-connector"), "role_descriptors": { "role": privileges } });
        let key = elastic.post("/_security/api_key", &wanted).await?;
        let part = |name: &str| key[name].as_str().with_context(|| format!("an API key without {name}"));
        let api_key = STANDARD.encode(format!("{}:{}", part("id")?, part("api_key")?));
        let key_id = json!({ "api_key_id": part("id")? });
        elastic
            .call(Method::PUT, &format!("{path}/_api_key_id"), Some(&key_id))
            .await?;
        let config = folder.join("config.yml");
        let url = elastic.url();
        // Not the usual 30 s between two looks for work: this is about what happens, not about waiting for it.
        fs::write(
            &config,
            format!(
                "connectors:\n  - connector_id: {id}\n    service_type: jira\n    api_key: {api_key}\n\
                 elasticsearch:\n  host: {url}\n  api_key: {api_key}\nservice:\n  idling: 1\n"
            ),
        )?;
        let index = index.to_owned();
        Ok(Self { id, index, config })
    }

    async fn put(&self, elastic: &Elastic, what: &str, body: &Value) -> anyhow::Result<()> {
        let path = format!("/_connector/{}/{what}", self.id);
        elastic.call(Method::PUT, &path, Some(body)).await.map(drop)
    }

    /// "Configuration": waits for the fields that the service registers, then fills them and sets pipeline and schedule.
    pub(super) async fn configure(
        &self,
        elastic: &Elastic,
        service: &mut Process,
        values: &Map<String, Value>,
    ) -> anyhow::Result<()> {
        self.wait_for(elastic, service, "the fields of its configuration", |record| {
            record["configuration"]
                .as_object()
                .is_some_and(|fields| !fields.is_empty())
                && record["status"] == "needs_configuration"
        })
        .await?;
        self.put(elastic, "_configuration", &json!({ "values": values }))
            .await?;
        let pipeline = json!({ "pipeline": {
            "name": "search-default-ingestion", "extract_binary_content": true, "reduce_whitespace": true,
            "run_ml_inference": false,
        }});
        self.put(elastic, "_pipeline", &pipeline).await?;
        // Switched off: a scheduled sync in the middle would be counted as one of ours.
        let off = json!({ "enabled": false, "interval": "0 0 0 * * ?" });
        let scheduling = json!({ "scheduling": { "full": off, "incremental": off, "access_control": off } });
        self.put(elastic, "_scheduling", &scheduling).await?;
        self.wait_for(elastic, service, "status connected", |record| {
            record["status"] == "connected"
        })
        .await
    }

    async fn wait_for(
        &self,
        elastic: &Elastic,
        service: &mut Process,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<()> {
        let path = format!("/_connector/{}", self.id);
        let deadline = Instant::now() + LONGEST_NOTICE;
        loop {
            let record = elastic.get(&path).await?;
            if is_so(&record) {
                return Ok(());
            }
            service.must_run()?;
            if Instant::now() > deadline {
                let (status, error) = (&record["status"], &record["error"]);
                bail!("the connector did not get {what} within {LONGEST_NOTICE:?}: status {status}, error {error}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// "Sync now", and waiting for the end. Anything but `completed` is an error.
    pub(super) async fn sync(&self, elastic: &Elastic, service: &mut Process, job_type: &str) -> anyhow::Result<Ended> {
        let wanted = json!({ "id": self.id, "job_type": job_type, "trigger_method": "on_demand" });
        let created = elastic.post("/_connector/_sync_job", &wanted).await?;
        let id = created["id"].as_str().context("the new job has no id")?;
        let path = format!("/_connector/_sync_job/{id}");
        let deadline = Instant::now() + LONGEST_JOB;
        loop {
            let job = elastic.get(&path).await?;
            match job["status"].as_str().unwrap_or_default() {
                "completed" => return Ended::read(&job),
                "error" | "canceled" | "suspended" => {
                    bail!("the {job_type} job {id} ended {}: {}", job["status"], job["error"]);
                }
                _ => {}
            }
            service.must_run()?;
            if Instant::now() > deadline {
                bail!("the {job_type} job {id} did not end within {LONGEST_JOB:?}");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// What the connector's record says about the last sync, compared with the job. The record is written after the job.
    pub(super) async fn record_complaints(&self, elastic: &Elastic, ended: &Ended) -> anyhow::Result<Vec<String>> {
        let expected = [
            ("status", json!("connected")),
            ("last_sync_status", json!("completed")),
            ("last_sync_error", Value::Null),
            ("last_indexed_document_count", json!(ended.indexed)),
            ("last_deleted_document_count", json!(ended.deleted)),
        ];
        let deadline = Instant::now() + LONGEST_NOTICE;
        loop {
            let record = elastic.get(&format!("/_connector/{}", self.id)).await?;
            let wrong = expected.iter().filter(|(name, value)| record[*name] != *value);
            let complaints: Vec<String> = wrong
                .map(|(name, value)| format!("the connector's {name} is {}, not {value}", record[*name]))
                .collect();
            if complaints.is_empty() || Instant::now() > deadline {
                return Ok(complaints);
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Ended {
    fn read(job: &Value) -> anyhow::Result<Self> {
        let instant = |name: &str| {
            let text = job[name].as_str().with_context(|| format!("the job has no {name}"))?;
            DateTime::parse_from_rfc3339(text).with_context(|| format!("{name}: {text}"))
        };
        let number = |value: &Value, name: &str| value.as_u64().with_context(|| format!("the job has no {name}"));
        let took = instant("completed_at")? - instant("started_at")?;
        Ok(Self {
            seconds: took.num_milliseconds() as f64 / 1_000.0,
            indexed: number(&job["indexed_document_count"], "indexed_document_count")?,
            deleted: number(&job["deleted_document_count"], "deleted_document_count")?,
            total: number(&job["total_document_count"], "total_document_count")?,
            requests: number(&job["metadata"]["jira_requests"], "metadata.jira_requests")?,
            skipped: number(&job["metadata"]["skipped_items"], "metadata.skipped_items")?,
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
