//! Two services on the same connectors, one of them killed amid its calls, while Jira loses answers: callers ask again
//! until they are told that it is done, and then each key has exactly one issue.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jira_fixture::{Dialect, Fault, Options};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::served::Served;
use crate::harness::Jira;

const KEYS: usize = 40;
/// Nobody else touches a reservation of a killed service for two minutes.
const PATIENCE: Duration = Duration::from_secs(240);

/// One caller, who knows the addresses of both services and asks the other one when the first does not answer.
async fn pushed(addresses: Arc<RwLock<[String; 2]>>, connector: String, number: usize) -> String {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let incident = json!({ "summary": format!("crash {number}"), "correlation_id": format!("crash:{number}") });
    let comments = json!([{ "commentId": "one", "comment": format!("comment of {number}") }]);
    let params = json!({ "incident": incident, "comments": comments });
    let body = json!({ "params": { "subAction": "pushToService", "subActionParams": params } });
    let began = Instant::now();
    for turn in number.. {
        let address = addresses.read().await[turn % 2].clone();
        let request = http.post(format!("{address}/api/actions/connector/{connector}/_execute"));
        let sent = request.basic_auth("elastic", Some("changeme")).json(&body).send().await;
        let answer: Value = match sent {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        };
        let has_comment = answer["data"]["comments"]
            .as_array()
            .is_some_and(|comments| comments.len() == 1);
        if answer["status"] == "ok" && has_comment {
            return answer["data"]["id"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "never done: {answer}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    unreachable!("the turns do not end")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_has_two_issues_and_none_has_none_though_a_service_is_killed_and_answers_are_lost() {
    let jira = Jira::start(Options {
        latency_ms: 100,
        ..Options::default()
    })
    .await;
    jira.site.set(|settings| settings.search_lag_ms = 30_000);
    for fault in [
        json!({ "endpoint": "create_issue", "kind": "reset", "after": 3, "times": 4 }),
        json!({ "endpoint": "create_issue", "kind": "status", "status": 503, "after": 9, "times": 2 }),
        json!({ "endpoint": "create_issue", "kind": "status", "status": 502, "commits": true, "after": 14, "times": 2 }),
        json!({ "endpoint": "comments", "method": "POST", "kind": "reset", "after": 5, "times": 3 }),
    ] {
        jira.site.add_fault(serde_json::from_value::<Fault>(fault).unwrap());
    }
    let doomed = Served::start("").await;
    let other = Served::start("").await;
    let connector = doomed
        .made(&json!({
            "name": "Tickets", "connector_type_id": ".jira",
            "config": { "apiUrl": jira.url(), "projectKey": "FIX" },
            "secrets": { "email": "admin@example.com", "apiToken": "fixture-token" },
        }))
        .await;
    assert_eq!(Dialect::Cloud, Options::default().dialect);
    let addresses = Arc::new(RwLock::new([doomed.url.clone(), other.url.clone()]));
    let callers: Vec<_> = (0..KEYS)
        .map(|number| tokio::spawn(pushed(Arc::clone(&addresses), connector.clone(), number)))
        .collect();
    // In the middle of its calls: some issues are made, and not all.
    while jira.requests_to("create_issue") < 8 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(doomed);
    let again = Served::start("").await;
    addresses.write().await[0] = again.url.clone();
    let mut told = Vec::new();
    for caller in callers {
        told.push(caller.await.unwrap());
    }

    let body =
        json!({ "jql": "project = FIX AND created >= -1d", "maxResults": 1000, "fields": ["summary", "comment"] });
    jira.site.set(|settings| settings.search_lag_ms = 0);
    let found = jira.post("rest/api/2/search/jql", &body).await;
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for issue in found["issues"].as_array().unwrap() {
        let summary = issue["fields"]["summary"].as_str().unwrap();
        if summary.starts_with("crash ") {
            made.entry(summary.to_owned())
                .or_default()
                .push(issue["id"].as_str().unwrap().to_owned());
            assert_eq!(
                issue["fields"]["comment"]["total"], 1,
                "{summary}: {}",
                issue["fields"]["comment"]
            );
        }
    }
    for (number, told) in told.iter().enumerate() {
        assert_eq!(
            made.get(&format!("crash {number}")),
            Some(&vec![told.clone()]),
            "key {number}"
        );
    }
    assert_eq!(made.len(), KEYS);
}
