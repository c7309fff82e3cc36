//! The metrics of the process: which there are, and their text for Prometheus.
//!
//! They are counted where things happen, through the `metrics` facade, which does nothing until this is installed.

use std::time::{Duration, SystemTime};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name; a histogram's series have `_bucket`, `_sum` and `_count` behind it.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// The labels of its series.
    pub labels: &'static [&'static str],
    /// Its help text.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    let kind = MetricKind::Counter;
    Metric {
        name,
        kind,
        labels,
        help,
    }
}

const fn gauge_of(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    let kind = MetricKind::Gauge;
    Metric {
        name,
        kind,
        labels,
        help,
    }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    let kind = MetricKind::Histogram;
    Metric {
        name,
        kind,
        labels,
        help,
    }
}

/// Every metric. Labels have few values each: no ids but those of the connectors served, no keys, names or URLs.
pub const METRICS: &[Metric] = &[
    gauge_of(
        "jira_connector_build_info",
        &["version"],
        "1, with the version as a label.",
    ),
    gauge_of("jira_connector_connectors", &[], "Connectors that this process serves."),
    gauge_of(
        "jira_connector_last_synced_timestamp_seconds",
        &["connector_id"],
        "When a content sync of the connector was last completed, whichever worker ran it. Since the epoch.",
    ),
    gauge_of(
        "jira_connector_jobs_running",
        &["job_type"],
        "Jobs that this process runs.",
    ),
    counter(
        "jira_connector_jobs_total",
        &["job_type", "outcome"],
        "Jobs that this process ran, by how they ended.",
    ),
    histogram(
        "jira_connector_job_duration_seconds",
        &["job_type"],
        "How long these jobs ran.",
    ),
    counter(
        "jira_connector_documents_total",
        &["operation", "outcome"],
        "Operations on documents: index, update or delete, applied or rejected by Elasticsearch.",
    ),
    counter(
        "jira_connector_document_bytes_total",
        &[],
        "Bytes of the documents that were applied.",
    ),
    counter(
        "jira_connector_skipped_items_total",
        &[],
        "Items of Jira that a sync could not read.",
    ),
    counter(
        "jira_connector_jira_requests_total",
        &["endpoint", "status"],
        "Requests to Jira; each try and each redirect counts. Status is none when no answer came.",
    ),
    histogram(
        "jira_connector_jira_request_duration_seconds",
        &["endpoint"],
        "From sending a request to the head of its answer.",
    ),
    counter(
        "jira_connector_jira_retries_total",
        &["endpoint"],
        "Further tries of requests to Jira.",
    ),
    counter(
        "jira_connector_jira_waits_total",
        &["endpoint"],
        "Requests held back because Jira limits its rate.",
    ),
    histogram(
        "jira_connector_jira_wait_seconds",
        &["endpoint"],
        "How long they were held back.",
    ),
    counter(
        "jira_connector_jira_received_bytes_total",
        &["endpoint"],
        "Bytes of answers, unpacked.",
    ),
    counter(
        "jira_connector_elasticsearch_requests_total",
        &["operation", "status"],
        "Requests to Elasticsearch, bulk or other; each try counts. Status is none when no answer came.",
    ),
    histogram(
        "jira_connector_elasticsearch_request_duration_seconds",
        &["operation"],
        "From sending a request to the head of its answer.",
    ),
    counter(
        "jira_connector_elasticsearch_retries_total",
        &[],
        "Further tries of requests to Elasticsearch.",
    ),
    counter(
        "jira_connector_elasticsearch_sent_bytes_total",
        &["operation"],
        "Bytes of request bodies, as sent.",
    ),
    counter(
        "jira_connector_failed_passes_total",
        &[],
        "Looks at connectors and jobs that failed. More than service.max_errors stop the process.",
    ),
    gauge_of(
        "jira_connector_loop_age_seconds",
        &["loop"],
        "How long ago each loop of the service turned.",
    ),
    gauge_of(
        "process_start_time_seconds",
        &[],
        "When the process started, since the epoch.",
    ),
    gauge_of("process_resident_memory_bytes", &[], "Memory in use, on Linux."),
];

/// Upper bounds for requests and waits: from a fast answer on the same machine to the timeouts.
const REQUEST_BUCKETS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 240.0,
];
/// Upper bounds for jobs: from an incremental sync without changes to a first one over night.
const JOB_BUCKETS: [f64; 12] = [
    1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 86_400.0,
];

/// The process's metrics, for whoever serves them. Clones are the same.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Begins to count, for the whole process; once.
    pub fn install() -> Result<Self, BuildError> {
        let job_duration = Matcher::Full("jira_connector_job_duration_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets(&REQUEST_BUCKETS)?
            .set_buckets_for_metric(job_duration, &JOB_BUCKETS)?
            .install_recorder()?;
        describe();
        begin_at_zero();
        gauge!("jira_connector_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        gauge!("process_start_time_seconds").set(seconds_since_epoch());
        Ok(Self { handle })
    }

    /// The interval of calls of [`Self::keep_up`] when nobody reads.
    pub const KEEP_UP_INTERVAL: Duration = Duration::from_secs(10);

    /// Moves what was recorded into the histograms; without it, memory grows until somebody reads.
    pub fn keep_up(&self) {
        self.handle.run_upkeep();
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        if let Some(bytes) = resident_bytes() {
            gauge!("process_resident_memory_bytes").set(bytes as f64);
        }
        self.handle.render()
    }
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.help),
            MetricKind::Histogram => describe_histogram!(metric.name, Unit::Seconds, metric.help),
        }
    }
}

/// Series of alerts and totals exist from the start: one that comes with its first event did not grow by that
/// event, as Prometheus sees it, and the first failure of a process would go unnoticed.
fn begin_at_zero() {
    for job_type in ["full", "incremental", "access_control"] {
        for outcome in ["completed", "error", "canceled", "suspended", "lost"] {
            counter!("jira_connector_jobs_total", "job_type" => job_type, "outcome" => outcome).increment(0);
        }
    }
    for operation in ["index", "update", "delete"] {
        for outcome in ["applied", "rejected"] {
            counter!("jira_connector_documents_total", "operation" => operation, "outcome" => outcome).increment(0);
        }
    }
    // Refused log-ins.
    for status in ["401", "403"] {
        counter!("jira_connector_jira_requests_total", "endpoint" => "myself", "status" => status).increment(0);
    }
    for metric in METRICS {
        if metric.kind == MetricKind::Counter && metric.labels.is_empty() {
            counter!(metric.name).increment(0);
        }
    }
}

fn seconds_since_epoch() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

/// None where the kernel does not say it in Linux's way.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in METRICS {
            let name = metric.name;
            assert_eq!(
                name.ends_with("_total"),
                metric.kind == MetricKind::Counter,
                "{name}: counters and only they end in _total"
            );
            assert!(
                name.starts_with("jira_connector_") || name.starts_with("process_"),
                "{name} has no prefix"
            );
            assert!(metric.help.ends_with('.'), "{name}: the help is a sentence");
            assert_eq!(
                METRICS.iter().filter(|other| other.name == name).count(),
                1,
                "{name} is there twice"
            );
        }
    }
}
