//! CPU time of everyone between two moments, and waiting for a machine on which that means something.
//!
//! The caller does the work in between.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::elastic::Elastic;
use crate::process::{cpu_time, machine_cpu_time};

/// A machine is quiet when it uses less than this share of its cores for one interval.
const QUIET_SHARE: f64 = 0.10;
const QUIET_INTERVAL: Duration = Duration::from_secs(1);
/// More than this share of the machine used by others spoils a measurement.
const DISTURBED_SHARE: f64 = 0.10;

/// CPU seconds used by everyone during one measurement.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct CpuSeconds {
    pub(crate) worker: f64,
    pub(crate) jira: f64,
    pub(crate) elasticsearch: f64,
    /// This program: it sends in the loader's place, and asks how far a job is.
    pub(crate) bench: f64,
    /// Everything else on the machine, other guests of its host included.
    pub(crate) others: f64,
}

impl CpuSeconds {
    /// Whether others took so much that times mean little. `seconds` is how long the measurement took.
    pub(crate) fn is_disturbed(&self, seconds: f64) -> bool {
        self.others > seconds * cores() * DISTURBED_SHARE
    }
}

/// Readings at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter<'a> {
    elastic: &'a Elastic,
    worker: Option<u32>,
    jira: u32,
    began: Instant,
    at_start: Readings,
}

#[derive(Debug, Clone, Copy)]
struct Readings {
    worker: Duration,
    jira: Duration,
    elasticsearch: Duration,
    bench: Duration,
    machine: Duration,
}

impl<'a> Meter<'a> {
    /// Begins to measure.
    pub(crate) async fn start(elastic: &'a Elastic, jira: u32, worker: Option<u32>) -> anyhow::Result<Self> {
        let at_start = Readings::take(elastic, jira, worker).await?;
        Ok(Self {
            elastic,
            worker,
            jira,
            began: Instant::now(),
            at_start,
        })
    }

    /// Wall seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// CPU seconds since the start.
    pub(crate) async fn cpu(&self) -> anyhow::Result<CpuSeconds> {
        let (start, now) = (
            self.at_start,
            Readings::take(self.elastic, self.jira, self.worker).await?,
        );
        let since = |then: Duration, now: Duration| now.saturating_sub(then).as_secs_f64();
        let mut cpu = CpuSeconds {
            worker: since(start.worker, now.worker),
            jira: since(start.jira, now.jira),
            elasticsearch: since(start.elasticsearch, now.elasticsearch),
            bench: since(start.bench, now.bench),
            others: 0.0,
        };
        let ours = cpu.worker + cpu.jira + cpu.elasticsearch + cpu.bench;
        cpu.others = (since(start.machine, now.machine) - ours).max(0.0);
        Ok(cpu)
    }
}

impl Readings {
    async fn take(elastic: &Elastic, jira: u32, worker: Option<u32>) -> anyhow::Result<Self> {
        Ok(Self {
            worker: worker.map_or(Ok(Duration::ZERO), |pid| cpu_time(&pid.to_string()))?,
            jira: cpu_time(&jira.to_string())?,
            elasticsearch: elastic.cpu_time().await?,
            bench: cpu_time("self")?,
            machine: machine_cpu_time()?,
        })
    }
}

/// Waits until nothing much runs, Elasticsearch's own afterwork included. False when that did not happen in time.
pub(crate) async fn wait_for_quiet(patience: Duration) -> anyhow::Result<bool> {
    let began = Instant::now();
    loop {
        let before = machine_cpu_time()?;
        tokio::time::sleep(QUIET_INTERVAL).await;
        let used = machine_cpu_time()?.saturating_sub(before);
        if used.as_secs_f64() < QUIET_INTERVAL.as_secs_f64() * cores() * QUIET_SHARE {
            return Ok(true);
        }
        if began.elapsed() >= patience {
            return Ok(false);
        }
    }
}

/// Cores that this process may use.
pub(crate) fn cores() -> f64 {
    std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64)
}
