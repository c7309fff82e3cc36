//! Recipes of docs/recipes with the programs that they are for, or with what those send.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use service_management_fixture::{Options, Running, ServiceManagementFixture};

use super::served::Served;

const KEY: &str = "fixture-genie-key";
/// `ElastAlert2` itself without what its alerters do not need: all of it is half a gigabyte.
const ELASTALERT: [&str; 10] = [
    "elastalert2==2.19.0",
    "requests==2.32.3",
    "jinja2==3.1.4",
    "pytz==2024.1",
    "python-dateutil==2.9.0.post0",
    "elasticsearch==7.10.1",
    "envparse==0.2.0",
    "prettytable==3.10.0",
    "PyYAML==6.0.2",
    "certifi==2024.8.30",
];
const FURTHER: [&str; 7] = [
    "texttable==1.7.0",
    "urllib3==1.26.20",
    "idna==3.10",
    "charset-normalizer==3.4.0",
    "MarkupSafe==3.0.2",
    "six==1.16.0",
    "wcwidth==0.2.13",
];
const SCRIPT: &str = "
import sys, types, yaml
# Signing in to Amazon is another part of the program, with a large library of its own.
for name in ['boto3', 'aws_requests_auth', 'aws_requests_auth.aws_auth']:
    sys.modules[name] = types.ModuleType(name)
sys.modules['aws_requests_auth.aws_auth'].AWSRequestsAuth = object
from elastalert.alerters.httppost2 import HTTPPost2Alerter
rule = yaml.safe_load(open(sys.argv[1]))
rule['http_post2_url'] = sys.argv[2]
rule['http_post2_headers']['Authorization'] = sys.argv[3]
HTTPPost2Alerter(rule).alert([{'host': 'host-1'}, {'host': 'host-2'}, {'host': 'host-1'}])
print('all well')
";

async fn alerting() -> (Running, Served, String) {
    let alerts = ServiceManagementFixture::start(Options::default()).await.unwrap();
    let served = Served::start("").await;
    let connector = json!({
        "name": "Operations", "connector_type_id": ".jira-service-management",
        "config": { "apiUrl": alerts.base_url() }, "secrets": { "apiKey": KEY },
    });
    let id = served.made(&connector).await;
    (alerts, served, id)
}

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recipes").join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn elastalert2_opens_alerts_by_the_rule_in_docs() {
    let (alerts, served, id) = alerting().await;
    let python = environment();
    let url = format!("{}/api/actions/connector/{id}/_execute", served.url);
    // elastic:changeme
    let authorization = "Basic ZWxhc3RpYzpjaGFuZ2VtZQ==";
    let mut command = Command::new(python);
    command
        .args(["-c", SCRIPT])
        .arg(recipe("elastalert2.yml"))
        .args([&url, authorization]);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("all well"), "{said}");
    let made: Vec<(String, u64)> = alerts
        .alerts()
        .into_iter()
        .map(|alert| (alert.message, alert.count))
        .collect();
    assert_eq!(
        made,
        [
            ("disk full on host-1".to_owned(), 2),
            ("disk full on host-2".to_owned(), 1)
        ]
    );
}

/// An interpreter with the program, kept for the next run.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elastalert2");
    let python = folder.join("bin/python");
    let works = |python: &Path| {
        let asked = Command::new(python)
            .args(["-c", "import elastalert, texttable, yaml"])
            .output();
        asked.is_ok_and(|asked| asked.status.success())
    };
    if !works(&python) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ];
        run(Command::new(&python).args(install).args(ELASTALERT).args(FURTHER));
    }
    python
}

fn run(command: &mut Command) {
    let done = command.output().expect("python3 with venv is there");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_alertmanager_or_grafana_opens_and_closes_one_alert() {
    let (alerts, served, id) = alerting().await;
    let body = |status: &str| {
        json!({
            "version": "4", "groupKey": format!("{{}}:{{alertname=\"Disk\", id=\"{id}\"}}"), "status": status, "receiver": "ops",
            "groupLabels": { "alertname": "Disk" }, "commonLabels": { "alertname": "Disk", "severity": "page" },
            "commonAnnotations": { "summary": "disk full" }, "externalURL": "http://alertmanager:9093", "truncatedAlerts": 0,
            "alerts": [{ "status": status, "labels": { "host": "a" }, "annotations": {}, "startsAt": "2026-12-01T10:00:00Z" }],
            "orgId": 1, "state": "alerting",
        })
    };
    for (path, status) in [
        ("_alertmanager", "firing"),
        ("_webhook", "firing"),
        ("_alertmanager", "resolved"),
    ] {
        let path = format!("/api/actions/connector/{id}/{path}");
        let (code, answer) = served.call("POST", &path, Some(body(status))).await;
        assert_eq!((code, &answer["status"]), (200, &"ok".into()), "{answer}");
    }
    let made = alerts.alerts();
    assert_eq!(
        (made.len(), made[0].count, json!(made[0].status)),
        (1, 2, json!("closed")),
        "{made:?}"
    );
    let path = format!("/api/actions/connector/{id}/_alertmanager");
    let (code, _) = served.call("POST", &path, Some(json!({ "status": "firing" }))).await;
    assert_eq!(code, 400, "a sender that repeats 5xx must not repeat this");
    let mut odd = body("firing");
    odd["commonLabels"] = json!({ "host": 5 });
    let (code, answer) = served.call("POST", &path, Some(odd)).await;
    assert_eq!(code, 400, "{answer}");
    assert!(
        answer["message"].as_str().unwrap().contains("commonLabels.host"),
        "{answer}"
    );
    alerts.change(|settings| settings.requests_per_minute = Some(0));
    let (code, answer) = served.call("POST", &path, Some(body("firing"))).await;
    assert_eq!(code, 503, "{answer}");
}

#[test]
fn recipes_hold_what_their_programs_can_read() {
    let watch: Value = serde_json::from_str(&std::fs::read_to_string(recipe("watcher.json")).unwrap()).unwrap();
    let body = watch["actions"]["open"]["webhook"]["body"].as_str().unwrap();
    let body = body
        .replace("{{ctx.payload.hits.total}}", "3")
        .replace("{{ctx.watch_id}}", "w");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["params"]["subAction"], "createAlert");
    let config = std::fs::read_to_string(recipe("alertmanager.yml")).unwrap();
    let config: Value = serde_saphyr::from_str(&config).unwrap();
    let url = config["receivers"][0]["webhook_configs"][0]["url"].as_str().unwrap();
    assert!(url.ends_with("/_alertmanager"), "{url}");
}
