//! The order of a whole run: prepare, warm up, then in each round load, and sync at one latency after the other. Read it
//! as the table of contents.
//!
//! What a sync must come to is checked in `correctness`; figures are judged in `targets`.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::correctness;
use crate::elastic::{self, Elastic};
use crate::extraction;
use crate::jira::Jira;
use crate::loader::{Load, Loader};
use crate::machine::Machine;
use crate::measurement::Measurement;
use crate::meter::{CpuSeconds, Meter, wait_for_quiet};
use crate::options::{Case, Kind, Options};
use crate::process::Process;
use crate::report::{Report, best, median_loads, median_measurements};
use crate::survey::Survey;
use crate::targets;
use crate::worker::Connector;

/// After so many of ten syncs memory must not grow any more.
const SETTLED: usize = 3;
const INDEX: &str = "bench-jira";
/// Issues that change before an incremental sync.
const CHANGED: usize = 50;
/// Requests that the bare loader keeps in flight.
const IN_FLIGHT: [usize; 4] = [1, 2, 4, 8];
const WARM_UP_IN_FLIGHT: usize = 4;
/// Warming up ends after so many rounds in a row that gained nothing.
const NO_CHEAPER_ROUNDS: u32 = 3;
/// A round that costs Elasticsearch more than this share of the cheapest one before has gained nothing from warming up.
const CHEAPER: f64 = 0.97;

/// Tells what is going on.
pub(crate) type Say<'a> = &'a (dyn Fn(&str) + Sync);

struct Session<'a> {
    options: &'a Options,
    say: Say<'a>,
    elastic: Elastic,
    jira: Jira,
}

/// Measures everything that the options ask for.
pub(crate) async fn run(options: &Options, say: Say<'_>) -> anyhow::Result<Report> {
    let folder = &options.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    say("starting Elasticsearch and Jira");
    let elastic = elastic::start_node(options.es_port).await?;
    let jira = Jira::start(&options.programs, options.data_size, folder).await?;
    let session = Session {
        options,
        say,
        elastic,
        jira,
    };
    let site = Survey::take(&session.jira).await?;
    let loader = session.warmed_up_loader().await?;
    let mut loads: Vec<Load> = Vec::new();
    let mut measurements: Vec<Measurement> = Vec::new();
    // In turns: a node is best at what it did last, and machines drift.
    for _ in 0..options.rounds() {
        loads.extend(session.loads(loader.as_ref()).await?);
        measurements.extend(session.syncs().await?);
    }
    let loads = median_loads(loads);
    let measurements = median_measurements(measurements);
    let extraction = match options.wants_extraction() {
        true => Some(extraction::measure(options, &session.elastic, say).await?),
        false => None,
    };
    session.jira.stop().await?;
    Ok(Report {
        data_size: options.data_size,
        machine: Machine::describe(),
        site,
        targets: targets::judge(&measurements, best(&loads), site, options.data_size),
        loads,
        measurements,
        extraction,
    })
}

impl Session<'_> {
    async fn connector(&self, security: bool) -> anyhow::Result<Connector> {
        let Options { programs, folder, .. } = self.options;
        let security = security.to_string();
        let fields = [("projects", "*"), ("use_document_level_security", security.as_str())];
        Connector::create(&self.elastic, &self.jira, INDEX, programs, folder, &fields).await
    }

    /// One sync gives the documents. Loading them and syncing warms Elasticsearch up.
    async fn warmed_up_loader(&self) -> anyhow::Result<Option<Loader>> {
        let warms_up = self.options.warm_up > 0 && !self.options.cases()?.is_empty();
        if !self.options.wants_loader() && !warms_up {
            return Ok(None);
        }
        (self.say)("a first sync, not measured, for the documents that the bare loader sends");
        let connector = self.connector(false).await?;
        self.unmeasured_sync(&connector).await?;
        let loader = Loader::prepare(&self.elastic, &self.jira, &connector).await?;
        let (documents, mib) = (loader.documents(), loader.bytes() / (1024 * 1024));
        (self.say)(&format!("the loader has {documents} documents, {mib} MiB"));
        self.warm_up(&loader).await?;
        Ok(Some(loader))
    }

    async fn loads(&self, loader: Option<&Loader>) -> anyhow::Result<Vec<Load>> {
        let mut loads = Vec::new();
        let Some(loader) = loader.filter(|_| self.options.wants_loader()) else {
            return Ok(loads);
        };
        for in_flight in IN_FLIGHT {
            self.quiet().await?;
            let load = loader.load(&self.elastic, &self.jira, in_flight).await?;
            let (seconds, cpu) = (load.seconds, load.cpu_seconds.elasticsearch);
            (self.say)(&format!(
                "loader x{in_flight}: {seconds:.2} s, Elasticsearch {cpu:.2} CPU s"
            ));
            loads.push(load);
        }
        Ok(loads)
    }

    /// Loads and syncs in turns, so that neither has the warmer node, until some rounds in a row were no cheaper than
    /// the cheapest before them.
    async fn warm_up(&self, loader: &Loader) -> anyhow::Result<()> {
        let (mut cheapest, mut no_cheaper) = (f64::INFINITY, 0);
        for round in 1..=self.options.warm_up {
            let load = loader.load(&self.elastic, &self.jira, WARM_UP_IN_FLIGHT).await?;
            let sync = self.unmeasured_sync(&self.connector(false).await?).await?;
            let (load, sync) = (load.cpu_seconds.elasticsearch, sync.elasticsearch);
            (self.say)(&format!(
                "warming up, round {round}: Elasticsearch {load:.2} CPU s for the load, {sync:.2} for a sync"
            ));
            let cpu = load + sync;
            no_cheaper = if cpu < cheapest * CHEAPER { 0 } else { no_cheaper + 1 };
            if no_cheaper == NO_CHEAPER_ROUNDS {
                break;
            }
            cheapest = cheapest.min(cpu);
        }
        Ok(())
    }

    async fn unmeasured_sync(&self, connector: &Connector) -> anyhow::Result<CpuSeconds> {
        self.jira.set_latency(0).await?;
        let mut worker = connector.start_worker().await?;
        let meter = Meter::start(&self.elastic, self.jira.pid(), Some(worker.pid())).await?;
        connector.run_job(&self.elastic, &mut worker, "full").await?;
        let cpu = meter.cpu().await?;
        worker.stop().await?;
        Ok(cpu)
    }

    /// Each latency has an index of its own, on which its cases build.
    async fn syncs(&self) -> anyhow::Result<Vec<Measurement>> {
        let cases = self.options.cases()?;
        let mut measurements = Vec::new();
        for (position, &latency_ms) in self.options.latency.iter().enumerate() {
            let wants = |kind| cases.contains(&Case { kind, latency_ms });
            if !cases.iter().any(|case| case.latency_ms == latency_ms) {
                continue;
            }
            let connector = self.connector(false).await?;
            let full = self
                .sync(
                    &connector,
                    Case {
                        kind: Kind::Full,
                        latency_ms,
                    },
                    &[],
                )
                .await?;
            // Without being asked for it is only the ground that the others build on.
            measurements.extend(wants(Kind::Full).then_some(full));
            if wants(Kind::Second) {
                let case = Case {
                    kind: Kind::Second,
                    latency_ms,
                };
                measurements.push(self.sync(&connector, case, &[]).await?);
            }
            if wants(Kind::Incremental) {
                let changed = self.jira.touch(CHANGED, position as u64 + 1).await?;
                let case = Case {
                    kind: Kind::Incremental,
                    latency_ms,
                };
                measurements.push(self.sync(&connector, case, &changed).await?);
            }
            if wants(Kind::Tenth) {
                let case = Case {
                    kind: Kind::Tenth,
                    latency_ms,
                };
                measurements.push(self.sync(&connector, case, &[]).await?);
            }
            if wants(Kind::Resumed) {
                let case = Case {
                    kind: Kind::Resumed,
                    latency_ms,
                };
                measurements.push(self.sync(&self.connector(false).await?, case, &[]).await?);
            }
            if wants(Kind::Dls) || wants(Kind::Identities) {
                let connector = self.connector(true).await?;
                for kind in [Kind::Dls, Kind::Identities] {
                    let one = self.sync(&connector, Case { kind, latency_ms }, &[]).await?;
                    measurements.extend(wants(kind).then_some(one));
                }
            }
        }
        Ok(measurements)
    }

    /// A full sync of which a process that was killed has done half. Returns its job and the process that takes over.
    async fn half_done(&self, connector: &Connector, mut worker: Process) -> anyhow::Result<(String, Process)> {
        let model = self.jira.model().await?;
        let half = (model.issues + model.attachments) as u64 / 2;
        let job = connector.ask_for(&self.elastic, "full").await?;
        let is_half_done = |job: &Value| job["indexed_document_count"].as_u64() >= Some(half);
        connector
            .job_when(&self.elastic, &mut worker, &job, is_half_done)
            .await?;
        worker.kill().await?;
        connector.take_over_soon()?;
        Ok((job, connector.start_worker().await?))
    }

    /// One sync by a process of its own.
    async fn sync(&self, connector: &Connector, case: Case, changed: &[String]) -> anyhow::Result<Measurement> {
        let Self { elastic, jira, .. } = self;
        jira.set_latency(case.latency_ms).await?;
        let mut worker = connector.start_worker().await?;
        let mut idle = worker.memory()?.resident_kib;
        let earlier = if case.kind == Kind::Tenth { 9 } else { 0 };
        for sync in 1..=earlier {
            connector.run_job(elastic, &mut worker, "full").await?;
            if sync == SETTLED {
                idle = worker.memory()?.peak_kib;
            }
        }
        self.quiet().await?;
        let mut job = None;
        if case.kind == Kind::Resumed {
            let (half_done, other) = self.half_done(connector, worker).await?;
            (job, worker) = (Some(half_done), other);
        }
        let work = elastic.work(INDEX).await?;
        jira.reset_requests().await?;
        let meter = Meter::start(elastic, jira.pid(), Some(worker.pid())).await?;
        let job_type = match case.kind {
            Kind::Full | Kind::Second | Kind::Tenth | Kind::Resumed | Kind::Dls => "full",
            Kind::Incremental => "incremental",
            Kind::Identities => "access_control",
        };
        let job = match job {
            Some(job) => job,
            None => connector.ask_for(elastic, job_type).await?,
        };
        let end = connector.end_of(elastic, &mut worker, &job).await?;
        let (wall_seconds, cpu_seconds) = (meter.seconds(), meter.cpu().await?);
        let requests = jira.requests().await?;
        let peak = worker.memory()?;
        worker.stop().await?;
        let index_work = elastic.work(INDEX).await?.since(work);
        jira.set_latency(0).await?;
        let complaints = match case.kind {
            Kind::Dls | Kind::Identities => correctness::unguarded(elastic, INDEX).await?,
            Kind::Full | Kind::Second | Kind::Incremental | Kind::Tenth | Kind::Resumed => {
                correctness::complaints(elastic, jira, INDEX, changed).await?
            }
        };
        let (name, seconds) = (case.to_string(), end.seconds);
        (self.say)(&format!(
            "{name}: {seconds:.2} s, worker {:.2} CPU s, Elasticsearch {:.2} CPU s",
            cpu_seconds.worker, cpu_seconds.elasticsearch
        ));
        Ok(Measurement {
            case,
            job_seconds: end.seconds,
            wall_seconds,
            documents: end.indexed,
            requests: requests.jira(),
            media_requests: requests.media(),
            requests_by_endpoint: requests.by_endpoint,
            cpu_seconds,
            idle_rss_mib: idle as f64 / 1024.0,
            peak_rss_mib: peak.peak_kib as f64 / 1024.0,
            index_work,
            disturbed: cpu_seconds.is_disturbed(wall_seconds),
            complaints,
        })
    }

    async fn quiet(&self) -> anyhow::Result<()> {
        quiet(self.options, self.say).await
    }
}

/// Waits for a machine on which times mean something, as long as the options allow.
pub(crate) async fn quiet(options: &Options, say: Say<'_>) -> anyhow::Result<()> {
    if !wait_for_quiet(Duration::from_secs(options.patience)).await? {
        say("others keep this machine busy; measuring all the same");
    }
    Ok(())
}
