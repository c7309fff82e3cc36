//! Connectors of the way out on the command line: made, shown, tested, run and deleted, and no secret printed.

use std::path::Path;

use serde_json::{Value, json};
use service_management_fixture::{Options, ServiceManagementFixture};

use crate::harness::{Elastic, Output, run_program};

const KEY: &str = "fixture-genie-key";

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn config(elastic: &Elastic) -> String {
    format!(
        "elasticsearch: {{ host: '{}', username: elastic, password: changeme }}\n\
         actions:\n  encryption_key: a passphrase of many words, long enough\n  allowed_hosts: ['127.0.0.1']\n",
        elastic.url
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_made_tested_run_and_deleted_from_a_shell() {
    let elastic = Elastic::connect().await;
    let alerts = ServiceManagementFixture::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "config.yml", &config(&elastic));
    write(folder, "key.txt", &format!("{KEY}\n"));
    let id = format!("cli-{}", uuid::Uuid::new_v4().simple());
    let id = &id[..30];
    let run = async |arguments: &[&str]| -> Output {
        let output = run_program(folder, &[&["actions"], arguments].concat()).await;
        assert!(!output.text().contains(KEY), "{output}");
        output
    };

    let set_up = run(&["setup"]).await.exits_with(0);
    assert!(set_up.stdout.contains("Missing: http.address"), "{set_up}");
    let types = run(&["types"]).await.exits_with(0);
    assert!(types.stdout.contains(".jira-service-management"), "{types}");
    let form = run(&["types", ".jira"]).await.exits_with(0);
    assert!(
        form.stdout.contains("projectKey") && form.stdout.contains("closeIncident"),
        "{form}"
    );

    let url = format!("apiUrl={}", alerts.base_url());
    let create = [
        "create",
        "--type",
        ".jira-service-management",
        "--name",
        "Shell",
        "--id",
        id,
    ];
    let without = run(&create).await.exits_with(2);
    without.complains_of(&["[apiUrl]: expected value of type [string] but got [undefined]"]);
    let given_openly = run(&[&create[..], &["--set-secret-file", KEY]].concat()).await;
    given_openly.exits_with(2).complains_of(&["has no =", "NAME=FILE"]);
    let made = run(&[&create[..], &["--set", &url, "--set-secret-file", "apiKey=key.txt"]].concat()).await;
    made.exits_with(0);
    let shown = run(&["show", id, "--output", "json"]).await.exits_with(0).json();
    assert_eq!(
        (&shown["kind"], &shown["name"]),
        (&".jira-service-management".into(), &"Shell".into())
    );
    let listed = run(&["list"]).await.exits_with(0);
    assert!(listed.stdout.contains(id), "{listed}");
    let tested = run(&["test", id]).await.exits_with(0);
    assert!(tested.stdout.starts_with("ok "), "{tested}");

    write(
        folder,
        "alert.json",
        &json!({ "message": "from a shell", "alias": id }).to_string(),
    );
    let opened = run(&["execute", id, "createAlert", "--params", "@alert.json", "-o", "json"]).await;
    let opened = opened.exits_with(0).json();
    assert_eq!(opened["data"]["confirmed"], true, "{opened}");
    let failed = run(&["execute", id, "createAlert", "--params", "{\"alias\": \"x\"}"])
        .await
        .exits_with(1);
    assert!(
        failed.stdout.contains("[message]") && failed.stdout.contains("Ask again: no"),
        "{failed}"
    );
    run(&["execute", id, "createAlert", "--params", "[1]"])
        .await
        .exits_with(2)
        .complains_of(&["must be a JSON object"]);
    let executions = run(&["executions", id, "-o", "json"]).await.exits_with(0).json();
    let outcomes: Vec<&Value> = executions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(outcomes, ["refused", "done"], "{executions}");

    run(&["update", id, "--name", "Renamed", "--set-secret-file", "apiKey=key.txt"])
        .await
        .exits_with(0);
    let shown = run(&["show", id]).await.exits_with(0);
    assert!(
        shown.stdout.contains("Renamed") && shown.stdout.contains(alerts.base_url()),
        "{shown}"
    );
    let counted = run(&["rotate-key", "--dry-run", "-o", "json"]).await;
    assert_eq!(counted.json()["dry_run"], true, "{counted}");
    run(&["delete", id]).await.exits_with(2).complains_of(&["give --yes"]);
    run(&["delete", id, "--yes"]).await.exits_with(0);
    run(&["show", id]).await.exits_with(1).complains_of(&["not found"]);
}
