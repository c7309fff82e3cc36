//! What docs/observability offers names metrics that exist, and a running service serves them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jira_connector::telemetry::{METRICS, MetricKind};
use pretty_assertions::assert_eq;

use crate::harness::{Setup, Stack, eventually, run_program};

/// Names of series that stand in a text, those of Prometheus' own left out.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    words
        .filter(|word| word.starts_with("jira_connector_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// Every name that a scrape may show, buckets and sums of histograms included.
fn series() -> BTreeSet<String> {
    let of_metric = |name: &str, kind: MetricKind| match kind {
        MetricKind::Histogram => ["_bucket", "_sum", "_count"]
            .map(|suffix| format!("{name}{suffix}"))
            .to_vec(),
        MetricKind::Counter | MetricKind::Gauge => vec![name.to_owned()],
    };
    METRICS
        .iter()
        .flat_map(|metric| of_metric(metric.name, metric.kind))
        .collect()
}

pub(crate) fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/observability")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn dashboard_and_alerts_name_metrics_that_exist() {
    for name in ["grafana-dashboard.json", "alerts.yml"] {
        let unknown: Vec<String> = named(&document(name)).difference(&series()).cloned().collect();
        assert_eq!(unknown, [""; 0], "{name} names what no service serves");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&document("grafana-dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

/// The labels that a metric may show, those that Prometheus adds included; none for an unknown metric.
fn labels_of(series: &str) -> Option<BTreeSet<&'static str>> {
    let base = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|suffix| series.strip_suffix(suffix))
        .filter(|base| METRICS.iter().any(|metric| metric.name == *base))
        .unwrap_or(series);
    let metric = METRICS.iter().find(|metric| metric.name == base)?;
    Some(metric.labels.iter().copied().chain(["job", "instance", "le"]).collect())
}

/// The labels that an expression selects or groups by.
fn labels_in(expression: &str) -> BTreeSet<String> {
    let grouped = expression
        .split("by (")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let selected = expression.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let grouped = grouped.flat_map(|list| list.split(',').map(|name| name.trim().to_owned()));
    let selected = selected
        .flat_map(|list| list.split("\","))
        .filter_map(|pair| Some(pair.split(['=', '!']).next()?.trim().to_owned()));
    grouped.chain(selected).collect()
}

/// Every text under one of these keys.
fn texts_of(value: &serde_json::Value, key: &str, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, inner) in map {
                match inner.as_str() {
                    Some(text) if name == key => found.push(text.to_owned()),
                    _ => texts_of(inner, key, found),
                }
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|inner| texts_of(inner, key, found)),
        _ => {}
    }
}

#[test]
fn dashboard_and_alerts_use_labels_that_their_metrics_have() {
    let dashboard = serde_json::from_str(&document("grafana-dashboard.json")).unwrap();
    let mut expressions = Vec::new();
    texts_of(&dashboard, "expr", &mut expressions);
    let alerts = document("alerts.yml");
    expressions.extend(
        alerts
            .lines()
            .filter_map(|line| Some(line.trim().strip_prefix("expr: ")?.to_owned())),
    );
    assert!(expressions.len() > 30, "{}", expressions.len());
    for expression in &expressions {
        for series in named(expression) {
            let (known, used) = (labels_of(&series), labels_in(expression));
            // Those that the scraper counts itself are not on our list.
            let Some(known) = known else { continue };
            let unknown: Vec<&String> = used.iter().filter(|label| !known.contains(label.as_str())).collect();
            assert!(unknown.is_empty(), "{series} has no {unknown:?}: {expression}");
        }
    }
}

#[test]
fn every_metric_is_explained() {
    let explained = named(&document("README.md"));
    let known: BTreeSet<String> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    let missing: Vec<&String> = known.difference(&explained).collect();
    assert!(
        missing.is_empty(),
        "docs/observability/README.md does not explain {missing:?}"
    );
}

async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await;
    match answer {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap()),
        Err(_) => (0, String::new()),
    }
}

/// A port that nobody uses at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_serves_what_it_did_and_whether_it_is_well() {
    let stack = Stack::with(Setup::default()).await;
    let port = free_port();
    let config = std::fs::read_to_string(stack.config()).unwrap();
    std::fs::write(stack.config(), format!("{config}service.monitoring_address: {port}\n")).unwrap();
    let mut service = stack.start_service();
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    eventually("the service is ready", async || {
        (get(&at("/health/ready")).await.0 == 200).then_some(())
    })
    .await;
    assert_eq!(get(&at("/health/live")).await, (200, "live\n".to_owned()));
    let started = stack.command(&["-o", "json", "sync", "start"]).await.exits_with(0);
    let job = stack.finished(started.json()["job_id"].as_str().unwrap()).await;
    assert_eq!(job.status(), "completed", "{}", job.error());

    let id = &stack.connector;
    let synced = format!("jira_connector_last_synced_timestamp_seconds{{connector_id=\"{id}\"}}");
    let text = eventually("the sync is among the metrics", async || {
        let (_, text) = get(&at("/metrics")).await;
        (text.contains(&synced) && text.contains("jira_connector_jobs_total")).then_some(text)
    })
    .await;
    let value = |series: &str| -> f64 {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in\n{text}"))
            .parse()
            .unwrap()
    };
    let documents = job.documents("indexed") as f64;
    assert_eq!(
        value("jira_connector_jobs_total{job_type=\"full\",outcome=\"completed\"}"),
        1.0
    );
    assert_eq!(value("jira_connector_jobs_running{job_type=\"full\"}"), 0.0);
    assert_eq!(
        value("jira_connector_documents_total{operation=\"index\",outcome=\"applied\"}"),
        documents
    );
    assert!(value("jira_connector_jira_requests_total{endpoint=\"bulk_fetch\",status=\"200\"}") >= 5.0);
    assert!(value("jira_connector_elasticsearch_requests_total{operation=\"bulk\",status=\"200\"}") >= 1.0);
    let now = chrono::Utc::now().timestamp() as f64;
    assert!(now - value(&synced) < 600.0);

    // Nothing that is not on the list, so that labels and names stay as documented.
    let shown: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect();
    let unknown: Vec<String> = shown.difference(&series()).cloned().collect();
    assert!(unknown.is_empty(), "not on the list: {unknown:?}");
    for line in text.lines().filter(|line| !line.starts_with('#') && line.contains('{')) {
        let known = labels_of(line.split('{').next().unwrap());
        let known = known.unwrap_or_else(|| panic!("not on the list: {line}"));
        let unknown: Vec<String> = labels_in(line)
            .into_iter()
            .filter(|label| !known.contains(label.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "labels that are not on the list: {unknown:?} in {line}"
        );
    }
    stack.assert_no_secret(&text);
    for word in ["127.0.0.1", "admin@example.com", &stack.index] {
        assert!(!text.contains(word), "\"{word}\" is in the metrics");
    }
    let (status, took) = service.terminate().await;
    assert!(
        status.success() && took < Duration::from_secs(10),
        "{status} after {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_waits_for_elasticsearch_is_alive_and_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = format!(
        "elasticsearch.host: http://127.0.0.1:1\nconnectors: [{{connector_id: one}}]\nservice.monitoring_address: {port}\n"
    );
    let path = folder.path().join("config.yml");
    std::fs::write(&path, config).unwrap();
    let mut service = crate::harness::Service::start(folder.path(), &path, folder.path().join("service.log"));
    let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
    eventually("the endpoint answers", async || {
        (get(&at("/health/live")).await.0 == 200).then_some(())
    })
    .await;
    let (status, text) = get(&at("/health/ready")).await;
    assert_eq!((status, text.as_str()), (503, "the start-up checks are not done\n"));
    service.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_ends_the_service_with_its_name() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let config = format!("connectors: [{{connector_id: one}}]\nservice.monitoring_address: {port}\n");
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    let output = run_program(folder.path(), &["run"]).await.exits_with(1);
    output.complains_of(&["service.monitoring_address", &format!("127.0.0.1:{port}")]);
}
