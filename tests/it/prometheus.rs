//! Dashboard and alerts in a real Prometheus that scrapes a running service: every query has an answer, a good sync
//! raises no alert, and a failed one raises its own. `scripts/test` leaves these tests out where there is no Prometheus.
//!
//! That names, labels and the README agree with the service is for `observability.rs`, which needs none.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use jira_fixture::Fault;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::harness::{Setup, Stack, eventually};
use crate::observability::{document, free_port};

const INSTALL: &str = "prometheus and promtool are there: apt-get install prometheus";

/// A server of this test; killed when dropped.
#[derive(Debug)]
struct Prometheus {
    url: String,
    client: reqwest::Client,
    _server: Child,
}

impl Prometheus {
    /// Starts it as the README says, on a worker's port.
    async fn start(folder: &Path, worker: u16) -> Self {
        std::fs::write(folder.join("alerts.yml"), document("alerts.yml")).unwrap();
        std::fs::write(folder.join("prometheus.yml"), configuration(worker)).unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        // It says more about a bad configuration than a server that ends at once.
        promtool(folder, &["check", "config", "prometheus.yml"]);
        let server = Command::new("prometheus")
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=prometheus"])
            .args(["--log.level=warn", &format!("--web.listen-address={address}")])
            .current_dir(folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect(INSTALL);
        let this = Self {
            url: format!("http://{address}"),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            _server: server,
        };
        eventually("Prometheus is ready", async || {
            let answer = this.client.get(format!("{}/-/ready", this.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        this
    }

    /// What its API answers, or why not.
    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let request = self.client.get(format!("{}/api/v1/{path}", self.url));
        let answer = request.query(parameters).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        // A warning comes with data that Prometheus doubts.
        for doubt in ["error", "warnings"] {
            if let Some(doubt) = answer.get(doubt) {
                return Err(doubt.to_string());
            }
        }
        Ok(answer["data"].take())
    }

    /// Waits until a query has an answer.
    async fn shows(&self, query: &str) {
        eventually(query, async || {
            let found = self.get("query", &[("query", query)]).await.unwrap();
            (!found["result"].as_array().unwrap().is_empty()).then_some(())
        })
        .await;
    }

    /// Why a query shows nothing over the last minute; none when it shows something.
    async fn silence(&self, query: &str) -> Option<String> {
        // The second that runs belongs to it.
        let end = chrono::Utc::now().timestamp() + 1;
        let (start, end) = ((end - 60).to_string(), end.to_string());
        let parameters = [("query", query), ("start", &start), ("end", &end), ("step", "1")];
        let reason = match self.get("query_range", &parameters).await {
            Ok(found) if found["result"].as_array().unwrap().is_empty() => "no series".to_owned(),
            Ok(_) => return None,
            Err(error) => error,
        };
        Some(format!("{reason}: {query}"))
    }

    /// Names of the alerts that fire or are about to.
    async fn alerts(&self) -> BTreeSet<String> {
        let found = self.get("alerts", &[]).await.unwrap();
        let alerts = found["alerts"].as_array().unwrap().iter();
        alerts
            .map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The alert rules as Prometheus understood them.
    async fn rules(&self) -> Vec<Value> {
        let found = self.get("rules", &[]).await.unwrap();
        let groups = found["groups"].as_array().unwrap().iter();
        groups
            .flat_map(|group| group["rules"].as_array().unwrap().clone())
            .collect()
    }
}

/// Runs promtool, which must be content.
fn promtool(folder: &Path, arguments: &[&str]) {
    let mut command = std::process::Command::new("promtool");
    let output = command.args(arguments).current_dir(folder).output().expect(INSTALL);
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The configuration that the README gives, for one worker and in a hurry.
fn configuration(worker: u16) -> String {
    let readme = document("README.md");
    let mut blocks = readme.split("```yaml\n").filter_map(|rest| rest.split("```").next());
    let given = blocks.find(|block| block.starts_with("scrape_configs:")).unwrap();
    let workers = r#""worker-1:9400", "worker-2:9400""#;
    assert!(given.contains(workers), "{given}");
    let given = given.replace(workers, &format!("\"127.0.0.1:{worker}\""));
    format!("global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n{given}")
}

/// The dashboard's variables that Prometheus fills: name, query, and what Grafana puts in for "All".
fn variables(dashboard: &Value) -> Vec<(&str, &str, &str)> {
    let all = dashboard["templating"]["list"].as_array().unwrap().iter();
    all.filter(|variable| variable["type"] == "query")
        .map(|variable| {
            let text = |value: &'static str| variable[value].as_str().unwrap();
            (
                text("name"),
                variable["query"]["query"].as_str().unwrap(),
                text("allValue"),
            )
        })
        .collect()
}

/// A query as Grafana sends it while its variables are on "All".
fn sent_by_grafana(dashboard: &Value, query: &str) -> String {
    let mut sent = query.replace("$__rate_interval", "1m");
    for (name, _, all) in variables(dashboard) {
        sent = sent.replace(&format!("${name}"), all);
    }
    assert!(!sent.contains('$'), "a variable that nobody fills: {query}");
    sent
}

/// The queries of all panels, as Grafana sends them.
fn queries_of(dashboard: &Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets
        .map(|target| sent_by_grafana(dashboard, target["expr"].as_str().unwrap()))
        .collect()
}

#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/observability");
    promtool(&folder, &["check", "rules", "alerts.yml"]);
    promtool(&folder, &["test", "rules", "alerts.test.yml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_has_an_answer_and_a_failed_sync_raises_its_alert() {
    let stack = Stack::with(Setup::default().field("retry_count", "3")).await;
    let worker = free_port();
    let config = std::fs::read_to_string(stack.config()).unwrap();
    std::fs::write(
        stack.config(),
        format!("{config}service.monitoring_address: {worker}\n"),
    )
    .unwrap();
    let mut service = stack.start_service();
    let prometheus = Prometheus::start(stack.folder(), worker).await;
    let ended = |outcome: &str| format!("jira_connector_jobs_total{{job_type=\"full\",outcome=\"{outcome}\"}}");
    // A failure counts from what was seen before it.
    prometheus.shows(&format!("{} == 0", ended("error"))).await;

    // A good sync, which has to wait for Jira and to try again: panels about that have something to show, too.
    stack.jira.site.add_fault(Fault::status("search_jql", 503).times(1));
    let mut busy = Fault::status("bulkfetch", 429).times(1);
    let headers = [("retry-after", "1"), ("ratelimit-reason", "jira-burst-based")];
    busy.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    stack.jira.site.add_fault(busy);
    let sync = async || {
        let started = stack.command(&["-o", "json", "sync", "start"]).await.exits_with(0);
        stack.finished(started.json()["job_id"].as_str().unwrap()).await
    };
    let job = sync().await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    prometheus
        .shows(&format!("min_over_time({}[2s]) == 1", ended("completed")))
        .await;
    assert_eq!(prometheus.alerts().await, BTreeSet::new());

    stack.jira.site.expire_credentials();
    assert_eq!(sync().await.status(), "error");
    prometheus.shows("count(ALERTS{alertstate=\"firing\"}) > 1").await;
    let raised = ["JiraConnectorCredentialRefused", "JiraConnectorJobsFail"];
    assert_eq!(prometheus.alerts().await, BTreeSet::from(raised.map(str::to_owned)));

    // Rates need two scrapes of everything.
    let last = "jira_connector_jira_requests_total{endpoint=\"bulk_fetch\",status=\"429\"}";
    prometheus.shows(&format!("count_over_time({last}[1m]) > 1")).await;
    let dashboard: Value = serde_json::from_str(&document("grafana-dashboard.json")).unwrap();
    let mut queries = queries_of(&dashboard);
    let rules = prometheus.rules().await;
    assert_eq!(rules.len(), document("alerts.yml").matches("- alert:").count());
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        let explained = format!("| `{}` |", rule["name"].as_str().unwrap());
        assert!(
            document("README.md").contains(&explained),
            "not in the README: {explained}"
        );
        // What is compared with the threshold; the comparison itself holds in trouble only.
        let query = rule["query"].as_str().unwrap();
        let compared = query.rsplit_once(" > ").or_else(|| query.rsplit_once(" == "));
        queries.push(compared.expect("an alert compares").0.to_owned());
    }
    let mut silent = Vec::new();
    for query in &queries {
        silent.extend(prometheus.silence(query).await);
    }
    let count = queries.len();
    assert!(silent.is_empty(), "of {count} queries:\n{}", silent.join("\n"));

    // What Grafana offers to choose from.
    let offered = [
        ("job", "jira-connector".to_owned()),
        ("instance", format!("127.0.0.1:{worker}")),
    ];
    for ((name, query, _), (expected, value)) in variables(&dashboard).into_iter().zip(offered) {
        let query = sent_by_grafana(&dashboard, query);
        let asked = query.strip_prefix("label_values(").unwrap().strip_suffix(')').unwrap();
        let (series, label) = asked.rsplit_once(", ").unwrap();
        let path = format!("label/{label}/values");
        let found = prometheus.get(&path, &[("match[]", series)]).await;
        assert_eq!((name, found), (expected, Ok(json!([value]))));
    }
    service.terminate().await;
}
