//! Records, rows and events that come to what was asked.

use http_kit::NotDone;
use serde_json::json;
use servicenow_client::App;
use servicenow_client::Query;

use crate::site::columns;
use crate::site::start;

#[tokio::test]
async fn an_incident_is_made_changed_commented_and_found() {
    let (running, client) = start().await;
    let made = client
        .create(
            "incident",
            &columns(json!({ "short_description": "disk full", "correlation_id": "rule:1" })),
        )
        .await
        .unwrap();
    assert!(made.text("number").starts_with("INC"));
    let changed = client
        .update("incident", &made.sys_id, &columns(json!({ "urgency": "1" })))
        .await
        .unwrap();
    assert_eq!(changed.text("urgency"), "1");
    client
        .add_entry("incident", &made.sys_id, "work_notes", "looked at")
        .await
        .unwrap();
    let query = Query::default()
        .equals("correlation_id", "rule:1")
        .unwrap()
        .equals("active", "true")
        .unwrap()
        .newest_first();
    let found = client.find("incident", &query, &[]).await.unwrap();
    assert_eq!(
        found.iter().map(|record| &record.sys_id).collect::<Vec<_>>(),
        [&made.sys_id]
    );
    assert_eq!(running.records().len(), 1);
    let read = client
        .get("incident", &made.sys_id, &["short_description"])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.text("short_description"), "disk full");
    assert_eq!(client.get("incident", &"0".repeat(32), &[]).await.unwrap(), None);
}

#[tokio::test]
async fn a_condition_that_the_instance_passes_over_finds_no_stranger() {
    let (_running, client) = start().await;
    client
        .create("incident", &columns(json!({ "short_description": "a stranger's" })))
        .await
        .unwrap();
    let query = Query::default().equals("u_no_such_column", "1").unwrap();
    assert!(matches!(
        client.find("incident", &query, &[]).await,
        Err(NotDone::Refused { .. })
    ));
}

#[tokio::test]
async fn an_id_that_is_none_is_not_sent() {
    let (_running, client) = start().await;
    for id in ["", "../sys_user", "?sysparm_query=active=true"] {
        assert!(matches!(
            client.update("incident", id, &columns(json!({}))).await,
            Err(NotDone::Refused { .. })
        ));
    }
}

#[tokio::test]
async fn a_row_that_came_to_nothing_is_refused_although_the_status_is_201() {
    let (running, client) = start().await;
    let row = columns(json!({ "u_short_description": "disk full", "u_correlation_id": "rule:1" }));
    let first = client.import(App::Incidents, &row).await.unwrap();
    assert_eq!(client.import(App::Incidents, &row).await.unwrap(), first);
    assert_eq!(
        client.app_health(App::Incidents).await.unwrap().unwrap().version,
        "1.0.0"
    );
    running.change(|settings| settings.import_error = Some("no mapping".to_owned()));
    let refused = client.import(App::Incidents, &row).await.unwrap_err();
    assert!(refused.to_string().contains("no mapping"), "{refused}");
    running.change(|settings| settings.apps_installed = false);
    assert_eq!(client.app_health(App::SecurityIncidents).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_is_not_inserted_is_refused() {
    let (running, client) = start().await;
    let event = columns(json!({ "source": "elastic", "severity": "1", "message_key": "rule:1" }));
    client.add_event(&event).await.unwrap();
    running.change(|settings| settings.loses_events = true);
    assert!(matches!(client.add_event(&event).await, Err(NotDone::Refused { .. })));
}

#[tokio::test]
async fn columns_and_choices_are_listed() {
    let (_running, client) = start().await;
    let all = client.columns("incident").await.unwrap();
    assert!(all.iter().any(|column| column.element == "short_description"));
    let choices = client.choices("incident", &["urgency"]).await.unwrap();
    assert!(!choices.is_empty() && choices.iter().all(|choice| choice.element == "urgency"));
}
