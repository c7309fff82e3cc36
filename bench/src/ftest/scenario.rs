//! The order of a run. Read it as the table of contents.
//!
//! What Kibana does is in `kibana`, what people do in Jira in `changes`, what must hold in `correctness`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::kibana::Connector;
use super::options::Options;
use super::report::{Report, Sync};
use super::{changes, values};
use crate::correctness;
use crate::elastic::{self, Elastic};
use crate::jira::Jira;
use crate::process::Process;

const INDEX: &str = "ftest-jira";

/// Tells what is going on.
pub(super) type Say<'a> = &'a (dyn Fn(&str) + std::marker::Sync);

struct Scenario<'a> {
    options: &'a Options,
    say: Say<'a>,
    elastic: Elastic,
    connector: Connector,
    service: Process,
    began: Instant,
}

/// Runs everything; an error is what kept it from going on, a wrong index is in the report.
pub(super) async fn run(options: &Options, say: Say<'_>) -> anyhow::Result<Report> {
    let began = Instant::now();
    let folder = &options.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let real = options.real_jira().map(|path| values::from_file(path)).transpose()?;
    say("starting Elasticsearch and Jira");
    let elastic = elastic::start_node(options.es_port).await?;
    let jira = match &real {
        Some(_) => None,
        None => Some(Jira::start(&options.programs, options.data_size, folder).await?),
    };
    say("creating the connector as Kibana does, starting the service, configuring");
    let connector = Connector::create(&elastic, INDEX, folder).await?;
    let service = start_service(options, &connector)?;
    let mut scenario = Scenario {
        options,
        say,
        elastic,
        connector,
        service,
        began,
    };
    let values = real.unwrap_or_else(|| jira.as_ref().map(values::for_fixture).unwrap_or_default());
    scenario
        .connector
        .configure(&scenario.elastic, &mut scenario.service, &values)
        .await?;
    match jira {
        Some(jira) => scenario.made_jira(&jira).await,
        None => scenario.real_jira().await,
    }
}

fn program(options: &Options) -> PathBuf {
    options.programs.join("jira-connector")
}

fn start_service(options: &Options, connector: &Connector) -> anyhow::Result<Process> {
    let config = connector.config.display().to_string();
    let arguments = ["run", "-c", &config];
    Process::start(&program(options), &arguments, &options.folder, "service.log")
}

impl Scenario<'_> {
    /// Everything is known about this Jira, and anything may be done to it.
    async fn made_jira(mut self, jira: &Jira) -> anyhow::Result<Report> {
        let mut syncs = vec![self.sync_made("first full sync", "full", jira, &[]).await?];
        syncs.push(self.sync_made("nothing changed", "incremental", jira, &[]).await?);
        let changed = changes::edit_create_and_move(jira).await?;
        syncs.push(
            self.sync_made("edited, created, moved", "incremental", jira, &changed)
                .await?,
        );
        changes::delete_archive_and_rename(jira).await?;
        syncs.push(self.sync_made("deleted, archived, renamed", "full", jira, &[]).await?);
        self.end(syncs).await
    }

    /// Nothing is known about this Jira, and nothing may be done to it: `verify` asks it again for everything.
    async fn real_jira(mut self) -> anyhow::Result<Report> {
        let mut syncs = Vec::new();
        for (title, job_type) in [
            ("first full sync", "full"),
            ("what changed since", "incremental"),
            ("second full sync", "full"),
        ] {
            let mut sync = self.sync(title, job_type).await?;
            sync.complaints.extend(self.verify().await?);
            syncs.push(sync);
        }
        self.end(syncs).await
    }

    async fn sync_made(
        &mut self,
        title: &'static str,
        job_type: &'static str,
        jira: &Jira,
        changed: &[String],
    ) -> anyhow::Result<Sync> {
        jira.reset_requests().await?;
        let mut sync = self.sync(title, job_type).await?;
        let requests = jira.requests().await?;
        sync.requests = requests.jira() + requests.media();
        let wrong = correctness::complaints(&self.elastic, jira, INDEX, changed).await?;
        sync.complaints.extend(wrong);
        Ok(sync)
    }

    async fn sync(&mut self, title: &'static str, job_type: &'static str) -> anyhow::Result<Sync> {
        (self.say)(&format!("{title} ({job_type})"));
        let ended = self.connector.sync(&self.elastic, &mut self.service, job_type).await?;
        self.elastic.refresh(&self.connector.index).await?;
        let mut complaints = self.connector.record_complaints(&self.elastic, &ended).await?;
        let count = self.elastic.get(&format!("/{INDEX}/_count")).await?["count"].clone();
        if count != ended.total {
            let total = ended.total;
            complaints.push(format!(
                "the job says that {total} documents are in the index, it holds {count}"
            ));
        }
        if ended.skipped > 0 {
            complaints.push(format!("{} items were skipped", ended.skipped));
        }
        Ok(Sync {
            title,
            job_type,
            requests: ended.requests,
            ended,
            peak_rss_mib: self.service.memory()?.peak_kib as f64 / 1_024.0,
            complaints,
        })
    }

    /// Per project Jira's issues against the index's, by the product's own command.
    async fn verify(&self) -> anyhow::Result<Option<String>> {
        let config = self.connector.config.display().to_string();
        let output = Command::new(program(self.options))
            .args(["verify", "-c", &config, &self.connector.id])
            .output()
            .await?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.code() {
            Some(0) => Ok(None),
            Some(1) if !output.stdout.is_empty() => Ok(Some(format!("`verify` found gaps:\n{}", said(&output.stdout)))),
            _ => bail!("`verify` failed: {}", said(&output.stderr)),
        }
    }

    /// SIGTERM has to end the service cleanly, and its log has to be free of errors.
    async fn end(self, syncs: Vec<Sync>) -> anyhow::Result<Report> {
        let log = self.service.log();
        let mut complaints: Vec<String> = log
            .lines()
            .filter(|line| line.contains(" ERROR "))
            .map(|line| format!("the service logged {line}"))
            .collect();
        let status = self.service.stop().await?;
        if !status.success() {
            complaints.push(format!("after SIGTERM the service ended with {status}"));
        }
        Ok(Report {
            syncs,
            complaints,
            seconds: self.began.elapsed().as_secs_f64(),
        })
    }
}
