//! Everything that was found, as a table for people and as JSON. Judging is left to `targets`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::loader::Load;
use crate::machine::Machine;
use crate::meter::CpuSeconds;
use crate::options::Case;
use crate::survey::Survey;
use crate::targets::Target;

/// One measured sync.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    #[serde(skip)]
    pub(crate) case: Case,
    pub(crate) name: String,
    /// From `started_at` to `completed_at`, as the job states them.
    pub(crate) job_seconds: f64,
    /// From the request for the job until it was seen completed.
    pub(crate) wall_seconds: f64,
    pub(crate) documents: u64,
    /// Requests to Jira, without those to the host of attachment contents.
    pub(crate) requests: u64,
    pub(crate) media_requests: u64,
    pub(crate) requests_by_endpoint: BTreeMap<String, u64>,
    pub(crate) cpu_seconds: CpuSeconds,
    pub(crate) idle_rss_mib: f64,
    pub(crate) memory_mib_above_idle: f64,
    /// Times that Elasticsearch made new documents visible during the sync.
    pub(crate) refreshes: u64,
    /// Others used more than a tenth of the machine: times mean little.
    pub(crate) disturbed: bool,
    /// What is wrong with the index afterwards; nothing when it is right.
    pub(crate) complaints: Vec<String>,
}

impl Measurement {
    pub(crate) fn worker_ms_per_document(&self) -> f64 {
        self.cpu_seconds.worker * 1_000.0 / (self.documents.max(1)) as f64
    }

    #[cfg(test)]
    pub(crate) fn empty(case: Case) -> Self {
        Self {
            case,
            name: case.to_string(),
            job_seconds: 0.0,
            wall_seconds: 0.0,
            documents: 0,
            requests: 0,
            media_requests: 0,
            requests_by_endpoint: BTreeMap::new(),
            cpu_seconds: CpuSeconds::default(),
            idle_rss_mib: 0.0,
            memory_mib_above_idle: 0.0,
            refreshes: 0,
            disturbed: false,
            complaints: Vec::new(),
        }
    }
}

/// The whole result.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(serialize_with = "as_text")]
    pub(crate) data_size: crate::options::DataSize,
    pub(crate) machine: Machine,
    pub(crate) site: Survey,
    pub(crate) loads: Vec<Load>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) targets: Vec<Target>,
}

fn as_text<S: Serializer>(size: &crate::options::DataSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(size)
}

/// The fastest load, which everything is compared with.
pub(crate) fn best(loads: &[Load]) -> Option<&Load> {
    loads.iter().min_by(|a, b| a.seconds.total_cmp(&b.seconds))
}

impl Report {
    /// Whether every index was as it must be.
    pub(crate) fn is_correct(&self) -> bool {
        self.measurements.iter().all(|one| one.complaints.is_empty())
    }

    /// Whether every target was met.
    pub(crate) fn targets_met(&self) -> bool {
        self.targets.iter().all(|target| target.met)
    }

    /// The table for people.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        self.write(&mut out).expect("text is always written");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Machine {
            cpu,
            cores,
            memory_gib,
            kernel,
            commit,
        } = &self.machine;
        let Survey {
            issues,
            attachments,
            cut_lists,
        } = self.site;
        writeln!(
            out,
            "{cores} cores ({cpu}), {memory_gib} GiB, Linux {kernel}, commit {commit}"
        )?;
        writeln!(
            out,
            "{} data: {issues} issues, {attachments} attachments, {cut_lists} child lists that are cut",
            self.data_size
        )?;
        writeln!(
            out,
            "\n{:<16}{:>8}{:>8}{:>8}{:>9}{:>7} |{:>7}{:>8}{:>8}{:>7}{:>8} |{:>6}{:>7}{:>9}{:>7}",
            "",
            "job s",
            "wall s",
            "docs/s",
            "requests",
            "media",
            "worker",
            "ms/doc",
            "jira",
            "ES",
            "others",
            "idle",
            "peak",
            "refresh",
            "loader"
        )?;
        writeln!(out, "{:<16}{:>40} |{:>38} |{:>13}", "", "", "CPU seconds", "RSS, MiB")?;
        for load in &self.loads {
            let name = format!("loader x{}", load.in_flight);
            let CpuSeconds {
                elasticsearch, others, ..
            } = load.cpu_seconds;
            let (seconds, rate) = (load.seconds, load.documents_per_second);
            writeln!(
                out,
                "{name:<16}{seconds:>8.2}{seconds:>8.2}{rate:>8.0}{:>16} |{:>23}{elasticsearch:>7.2}{others:>8.2}{} |{:>28.2}",
                "",
                "",
                mark(load.disturbed),
                self.times_loader(seconds)
            )?;
        }
        for one in &self.measurements {
            let CpuSeconds {
                worker,
                jira,
                elasticsearch,
                others,
                ..
            } = one.cpu_seconds;
            let rate = one.documents as f64 / one.job_seconds;
            writeln!(
                out,
                "{:<16}{:>8.2}{:>8.2}{rate:>8.0}{:>9}{:>7} |{worker:>7.2}{:>8.3}{jira:>8.2}{elasticsearch:>7.2}{others:>8.2}{} |{:>5.0}{:>7.0}{:>9}{:>7.2}",
                one.name,
                one.job_seconds,
                one.wall_seconds,
                one.requests,
                one.media_requests,
                one.worker_ms_per_document(),
                mark(one.disturbed),
                one.idle_rss_mib,
                one.idle_rss_mib + one.memory_mib_above_idle,
                one.refreshes,
                self.times_loader(one.job_seconds)
            )?;
        }
        self.write_targets(out)
    }

    fn write_targets(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "\nTargets")?;
        for target in &self.targets {
            let Target {
                case,
                what,
                measured,
                allowed,
                because,
                ..
            } = target;
            let verdict = match (target.met, target.disturbed) {
                (true, _) => "met   ",
                (false, false) => "MISSED",
                (false, true) => "missed, but others used the machine",
            };
            let because = if because.is_empty() {
                String::new()
            } else {
                format!(" ({because})")
            };
            writeln!(
                out,
                "  {verdict}  {case:<16}{what}: {measured:.3} of {allowed:.3}{because}"
            )?;
        }
        writeln!(out, "\nCorrectness")?;
        for one in &self.measurements {
            match &one.complaints[..] {
                [] => writeln!(out, "  right   {}", one.name)?,
                complaints => writeln!(out, "  WRONG   {:<16}{}", one.name, complaints.join("; "))?,
            }
        }
        Ok(())
    }

    fn times_loader(&self, seconds: f64) -> f64 {
        best(&self.loads).map_or(f64::NAN, |load| seconds / load.seconds)
    }
}

/// Marks rows during which others used the machine.
fn mark(disturbed: bool) -> char {
    if disturbed { '!' } else { ' ' }
}
