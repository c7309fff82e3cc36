//! Elastic's extraction service: a file goes there, its text comes back.
//!
//! The file is sent from where it lies on disk, or only its path when the service sees the same disk.

use std::path::Path;
use std::time::Duration;

use reqwest::{Body, Client};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use url::Url;

use super::{CappedText, ExtractionFailure, FileText};
use crate::config::ExtractionServiceConfig;

/// Answers that are about the file. Others, such as the 404 of a proxy whose service is away, pass.
const ABOUT_THE_FILE: &[u16] = &[400, 413, 415, 422];

/// The service must say within this time that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks an extraction service.
#[derive(Debug, Clone)]
pub struct ServiceExtractor {
    client: Client,
    config: ExtractionServiceConfig,
    max_chars: usize,
}

#[derive(Debug, Default, Deserialize)]
struct Answer {
    extracted_text: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl ServiceExtractor {
    /// Makes a client; nothing is sent yet. Text is cut at `max_chars`.
    pub fn new(config: ExtractionServiceConfig, max_chars: usize) -> Result<Self, ExtractionFailure> {
        let client = Client::builder()
            .timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| ExtractionFailure::Environment(error.to_string()))?;
        Ok(Self {
            client,
            config,
            max_chars,
        })
    }

    /// The folder of files before they are extracted: the shared volume when the service is told paths, else the
    /// system's folder for temporary files.
    pub fn folder(&self) -> std::path::PathBuf {
        if self.config.use_file_pointers {
            self.config.shared_volume_dir.clone()
        } else {
            std::env::temp_dir()
        }
    }

    /// The text of a file that lies in [`folder`](Self::folder).
    pub async fn extract(&self, file: &Path) -> Result<FileText, ExtractionFailure> {
        let environment = |what: &str, error: &dyn std::fmt::Display| {
            ExtractionFailure::Environment(format!(
                "the extraction service at {} {what}: {error}",
                self.config.host
            ))
        };
        let address = address_of(&self.config, "extract_text");
        let mut request = self.client.put(address).header("accept", "application/json");
        if self.config.use_file_pointers {
            request = request.query(&[("local_file_path", file.to_string_lossy())]);
        } else {
            let opened = tokio::fs::File::open(file).await;
            let opened = opened.map_err(|error| environment("was not asked", &error))?;
            let chunks = ReaderStream::with_capacity(opened, self.config.stream_chunk_size);
            request = request
                .header("content-type", "application/octet-stream")
                .body(Body::wrap_stream(chunks));
        }
        let answered = request.send().await;
        let answered = answered.map_err(|error| environment("did not answer", &error.without_url()))?;
        let status = answered.status();
        let body = answered.bytes().await;
        let body = body.map_err(|error| environment("broke off its answer", &error.without_url()))?;
        let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
        let words = answer.error.or(answer.message);
        match (status.is_success(), answer.extracted_text, words) {
            (true, Some(text), None) => {
                let mut capped = CappedText::new(self.max_chars);
                capped.push(&text);
                Ok(FileText {
                    text: capped.as_str().to_owned(),
                    truncated: capped.is_truncated(),
                })
            }
            (true, _, Some(words)) => Err(ExtractionFailure::File(format!("the extraction service says: {words}"))),
            (true, None, None) => Err(environment("answered", &"neither a text nor an error")),
            (false, _, words) if ABOUT_THE_FILE.contains(&status.as_u16()) => {
                let words = words.unwrap_or_default();
                Err(ExtractionFailure::File(format!(
                    "the extraction service answered {status} {words}"
                )))
            }
            (false, _, words) => Err(environment(
                "answered",
                &format!("{status} {}", words.unwrap_or_default()),
            )),
        }
    }

    /// Whether the service is there.
    pub async fn ping(&self) -> Result<(), ExtractionFailure> {
        let request = self.client.get(address_of(&self.config, "ping")).timeout(PING_TIMEOUT);
        let problem = match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => format!("answers {}", answer.status()),
            Err(error) => format!("does not answer: {}", error.without_url()),
        };
        Err(ExtractionFailure::Environment(format!(
            "the extraction service at {} {problem}; correct extraction_service.host in config.yml, or start it",
            self.config.host
        )))
    }
}

fn address_of(config: &ExtractionServiceConfig, name: &str) -> Url {
    let mut address = config.host.clone();
    let path = format!("{}/{name}/", address.path().trim_end_matches('/'));
    address.set_path(&path);
    address
}
