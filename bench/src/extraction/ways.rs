//! Each way's sync of the same attachments into an index of its own, and what came of it.
//!
//! Starting and asking the servers is left to `jira`, `elastic` and `worker`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::corpus::{SampleFile, collect};
use crate::elastic::Elastic;
use crate::jira::Jira;
use crate::meter::{CpuSeconds, Meter};
use crate::options::{DataSize, Options};
use crate::session::{Say, quiet};
use crate::worker::Connector;

const INDEX: &str = "bench-extraction";
/// A project of the sample data without issues; only it is read.
const PROJECT: &str = "EMPTY";
const FILES_AN_ISSUE: usize = 10;
/// Not among the extensions of the framework. Both ways are asked to read them.
const MORE_EXTENSIONS: &str = "+eml, +ods, +odp";
/// The ingest pipeline goes first once more, unmeasured: a node that was just started has compiled nothing of it.
const WAYS: [(&str, bool); 3] = [("pipeline", false), ("pipeline", true), ("local", true)];

/// Both ways compared.
#[derive(Debug, Serialize)]
pub(crate) struct Extraction {
    pub(crate) files: usize,
    pub(crate) file_bytes: usize,
    /// Files of each extension.
    pub(crate) by_extension: std::collections::BTreeMap<String, usize>,
    pub(crate) ways: Vec<Way>,
}

/// One way.
#[derive(Debug, Serialize)]
pub(crate) struct Way {
    pub(crate) way: &'static str,
    pub(crate) job_seconds: f64,
    /// Those of the worker include its processes for single files.
    pub(crate) cpu_seconds: CpuSeconds,
    pub(crate) peak_rss_mib: f64,
    /// Files with a text.
    pub(crate) with_text: usize,
    /// Bytes of all texts in UTF-8.
    pub(crate) text_bytes: usize,
    /// Files without one, and why when the document says so.
    pub(crate) failures: Vec<String>,
    pub(crate) disturbed: bool,
}

/// Attaches the files to a Jira of their own and syncs them each way.
pub(crate) async fn measure(options: &Options, elastic: &Elastic, say: Say<'_>) -> anyhow::Result<Extraction> {
    say("collecting files for text extraction");
    let files = collect().await?;
    let Options { programs, folder, .. } = options;
    let jira = Jira::start(programs, DataSize::Small, folder).await?;
    attach(&jira, &files).await?;
    let mut by_extension = std::collections::BTreeMap::new();
    for file in &files {
        let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
        *by_extension.entry(extension.to_owned()).or_default() += 1;
    }
    let mut ways = Vec::new();
    for (way, measured) in WAYS {
        let fields = [
            ("projects", PROJECT),
            ("extraction_mode", way),
            ("file_extensions", MORE_EXTENSIONS),
        ];
        let connector = Connector::create(elastic, &jira, INDEX, programs, folder, &fields).await?;
        let mut worker = connector.start_worker().await?;
        if measured {
            quiet(options, say).await?;
        }
        let meter = Meter::start(elastic, jira.pid(), Some(worker.pid())).await?;
        let end = connector.run_job(elastic, &mut worker, "full").await?;
        let (seconds, cpu_seconds) = (meter.seconds(), meter.cpu().await?);
        let peak = worker.memory()?;
        worker.stop().await?;
        let mut found = Way {
            way,
            job_seconds: end.seconds,
            cpu_seconds,
            peak_rss_mib: peak.peak_kib as f64 / 1024.0,
            with_text: 0,
            text_bytes: 0,
            failures: Vec::new(),
            disturbed: cpu_seconds.is_disturbed(seconds),
        };
        let fields = ["Type", "title", "body", "_extraction_error", "_ingestion_errors"];
        elastic
            .scan(INDEX, Some(&fields), |_, document| {
                found.add(&document);
                Ok(())
            })
            .await?;
        found.failures.sort();
        say(&format!(
            "extraction, {way}: {:.2} s, {} of {} files with text",
            found.job_seconds,
            found.with_text,
            files.len()
        ));
        if measured {
            ways.push(found);
        }
    }
    jira.stop().await?;
    Ok(Extraction {
        files: files.len(),
        file_bytes: files.iter().map(|file| file.content.len()).sum(),
        by_extension,
        ways,
    })
}

impl Way {
    fn add(&mut self, document: &Value) {
        if document["Type"] != "Attachment" {
            return;
        }
        match document["body"].as_str().map(str::trim) {
            Some(text) if !text.is_empty() => {
                self.with_text += 1;
                self.text_bytes += text.len();
            }
            _ => {
                let why = ["_extraction_error", "_ingestion_errors"].map(|field| &document[field]);
                let why = why.into_iter().find(|why| !why.is_null());
                let why = why.map_or_else(
                    || "no text in it".to_owned(),
                    |why| why.as_str().map_or(why.to_string(), str::to_owned),
                );
                self.failures
                    .push(format!("{}: {why}", document["title"].as_str().unwrap_or_default()));
            }
        }
    }
}

async fn attach(jira: &Jira, files: &[SampleFile]) -> anyhow::Result<()> {
    for some in files.chunks(FILES_AN_ISSUE) {
        let new = json!({ "project": PROJECT, "fields": { "summary": "files to read" } });
        let issue = jira.control(Method::POST, "issues", Some(&new)).await?;
        let path = format!("issues/{}/attachment", issue["key"].as_str().unwrap_or_default());
        for file in some {
            let new = json!({
                "filename": file.name, "mime": "application/octet-stream", "base64": BASE64.encode(&file.content),
            });
            jira.control(Method::POST, &path, Some(&new)).await?;
        }
    }
    Ok(())
}
