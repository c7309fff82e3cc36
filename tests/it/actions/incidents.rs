//! Incidents and events over `.servicenow*`: made once for each key, noted, closed; what an instance does in silence is
//! said.

use serde_json::{Value, json};
use servicenow_fixture::{Fault, FaultKind, Options, Running, ServiceNowFixture};

use super::served::Served;

const KEY: &str = include_str!("../../../fixtures/servicenow/keys/jwt.pem");

struct Recording {
    instance: Running,
    served: Served,
}

impl Recording {
    async fn start() -> Self {
        Self {
            instance: ServiceNowFixture::start(Options::default()).await.unwrap(),
            served: Served::start("").await,
        }
    }

    async fn made(&self, kind: &str, config: Value) -> String {
        let mut connector = json!({
            "name": "ServiceNow", "connector_type_id": kind, "config": { "apiUrl": self.instance.base_url() },
            "secrets": { "username": "elastic.integration", "password": "fixture-password" },
        });
        connector["config"]
            .as_object_mut()
            .unwrap()
            .extend(config.as_object().unwrap().clone());
        self.served.made(&connector).await
    }

    async fn ok(&self, id: &str, action: &str, params: Value) -> Value {
        let answer = self.served.run(id, action, params).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        answer["data"].clone()
    }

    fn lose_answer_to(&self, request: &str) {
        self.instance.add_fault(Fault {
            times: Some(1),
            ..Fault::new(request, FaultKind::LostAnswer)
        });
    }
}

fn incident(text: &str, key: &str) -> Value {
    json!({ "incident": { "short_description": text, "correlation_id": key, "urgency": "2" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_has_one_open_incident_by_either_way_of_writing() {
    let recording = Recording::start().await;
    for uses_table_api in [true, false] {
        let id = recording
            .made(".servicenow", json!({ "usesTableApi": uses_table_api }))
            .await;
        let key = format!("host-1:disk:{uses_table_api}");
        if uses_table_api {
            recording.lose_answer_to("POST /api/now");
        }
        let mut push = incident("disk full", &key);
        push["comments"] = json!([{ "commentId": "c1", "comment": "91 %" }, { "commentId": "c2", "comment": "92 %" }]);
        let first = recording.ok(&id, "pushToService", push.clone()).await;
        assert!(first["title"].as_str().unwrap().starts_with("INC"), "{first}");
        assert_eq!(first["comments"].as_array().unwrap().len(), 2, "{first}");
        let second = recording.ok(&id, "pushToService", push.clone()).await;
        assert_eq!(second["id"], first["id"]);
        let records = recording.instance.records();
        let of_key: Vec<_> = records
            .iter()
            .filter(|record| record.get("correlation_id") == key)
            .collect();
        assert_eq!(
            (of_key.len(), of_key[0].journal.len()),
            (1, 2),
            "{:?}",
            of_key[0].journal
        );
        assert_eq!(of_key[0].get("urgency"), "2");

        // What agents changed meanwhile stays.
        let closing = json!({ "incident": { "correlation_id": key } });
        let closed = recording.ok(&id, "closeIncident", closing.clone()).await;
        assert_eq!(closed["id"], first["id"], "{closed}");
        let again = recording.ok(&id, "closeIncident", closing).await;
        assert_eq!(again["alreadyClosed"], true, "{again}");
        if uses_table_api {
            let third = recording.ok(&id, "pushToService", incident("disk full", &key)).await;
            assert_ne!(third["id"], first["id"], "a new incident after the old one was closed");
        } else {
            let third = recording.ok(&id, "pushToService", incident("disk full", &key)).await;
            let warnings = third["warnings"].to_string();
            assert!(
                warnings.contains("no new incident was made"),
                "an alert in a closed incident: {third}"
            );
        }
    }
    for uses_table_api in [true, false] {
        let config = json!({ "onClosed": "reopen", "usesTableApi": uses_table_api });
        let id = recording.made(".servicenow", config).await;
        let key = format!("reopened:{uses_table_api}");
        let first = recording.ok(&id, "pushToService", incident("a", &key)).await;
        recording.lose_answer_to(if uses_table_api {
            "PATCH /api/now"
        } else {
            "POST /api/now"
        });
        let closing = json!({ "incident": { "externalId": first["id"] } });
        recording.ok(&id, "closeIncident", closing).await;
        let second = recording.ok(&id, "pushToService", incident("b", &key)).await;
        assert_eq!(
            (&second["id"], &second["warnings"]),
            (&first["id"], &Value::Null),
            "{second}"
        );
        let read = recording
            .ok(&id, "getIncident", json!({ "externalId": first["id"] }))
            .await;
        assert_eq!(
            (&read["state"], &read["short_description"]),
            (&"2".into(), &"b".into()),
            "{read}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_alert_does_not_vanish_in_an_incident_that_was_resolved() {
    let recording = Recording::start().await;
    let id = recording
        .made(".servicenow", json!({ "close": { "state": "6" } }))
        .await;
    let first = recording.ok(&id, "pushToService", incident("a", "resolved")).await;
    let closing = json!({ "incident": { "correlation_id": "resolved" } });
    recording.ok(&id, "closeIncident", closing.clone()).await;
    let again = recording.ok(&id, "closeIncident", closing).await;
    assert_eq!(again["alreadyClosed"], true, "{again}");
    let second = recording.ok(&id, "pushToService", incident("b", "resolved")).await;
    assert_ne!(second["id"], first["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn additional_fields_win_over_our_defaults_and_never_over_the_key() {
    let recording = Recording::start().await;
    let id = recording.made(".servicenow", json!({})).await;
    let push = |additional: Value| json!({ "incident": { "short_description": "a", "additional_fields": additional } });
    for name in ["correlation_id", "externalId", "elastic_incident_id"] {
        let refused = recording
            .served
            .run(&id, "pushToService", push(json!({ name: "x" })))
            .await;
        assert_eq!(
            (&refused["status"], &refused["retry"]),
            (&"error".into(), &false.into()),
            "{refused}"
        );
    }
    assert!(recording.instance.records().is_empty());
    let additional = json!({ "caller_id": "abel", "u_count": 5, "work_notes": "once" });
    let pushed = recording.ok(&id, "pushToService", push(additional)).await;
    let warnings = pushed["warnings"].to_string();
    assert!(
        warnings.contains("u_count was dropped") && !warnings.contains("work_notes"),
        "{warnings}"
    );
    let update = json!({ "incident": {
        "short_description": "b", "externalId": pushed["id"], "additional_fields": { "work_notes": "twice" },
    } });
    recording.lose_answer_to("PATCH /api/now");
    let lost = recording.served.run(&id, "pushToService", update).await;
    assert_eq!(lost["status"], "error", "{lost}");
    let records = recording.instance.records();
    assert_eq!((records.len(), records[0].get("caller_id")), (1, "abel"));
    assert_eq!(records[0].journal.len(), 2, "{:?}", records[0].journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_instance_does_in_silence_is_said() {
    let recording = Recording::start().await;
    let id = recording.made(".servicenow", json!({})).await;
    let push = json!({ "incident": {
        "short_description": "x".repeat(300), "correlation_id": "a^ORactive=true",
        "additional_fields": { "u_nowhere": "1", "cmdb_ci": "host-1", "nowhere": "2" },
    } });
    let pushed = recording.ok(&id, "pushToService", push).await;
    let warnings = pushed["warnings"].to_string();
    for text in [
        "short_description cut from 300 to 160",
        "nowhere was dropped",
        "correlation_id stands as sha-",
    ] {
        assert!(warnings.contains(text), "{text} in {warnings}");
    }
    let blank = recording
        .served
        .run(&id, "closeIncident", json!({ "incident": { "correlation_id": "  " } }))
        .await;
    assert_eq!(
        (&blank["status"], &blank["retry"]),
        (&"error".into(), &false.into()),
        "{blank}"
    );
    let nobody = recording
        .ok(
            &id,
            "closeIncident",
            json!({ "incident": { "correlation_id": "nobody" } }),
        )
        .await;
    assert!(
        nobody["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with("nothing was closed"),
        "{nobody}"
    );

    let fields = recording.ok(&id, "getFields", json!({})).await;
    assert!(
        fields
            .as_array()
            .unwrap()
            .iter()
            .any(|field| field["element"] == "short_description"),
        "{fields}"
    );
    let choices = recording.ok(&id, "getChoices", json!({ "fields": ["urgency"] })).await;
    assert!(choices.is_array(), "{choices}");
    let path = format!("/api/actions/connector/{id}/_test");
    let (_, tested) = recording.served.call("POST", &path, None).await;
    assert_eq!(tested["checks"][1]["name"], "effective_api", "{tested}");
    let (_, shown) = recording
        .served
        .call("GET", &format!("/api/actions/connector/{id}"), None)
        .await;
    assert_eq!(
        (&shown["is_deprecated"], &shown["config"]["usesTableApi"]),
        (&true.into(), &true.into()),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn security_incidents_and_events_are_made_with_an_access_token() {
    let recording = Recording::start().await;
    let oauth = json!({
        "isOAuth": true, "clientId": "fixture-client", "userIdentifierValue": "elastic.integration", "jwtKeyId": "fixture-key",
        "apiUrl": recording.instance.base_url(),
    });
    let connector = json!({
        "name": "SecOps", "connector_type_id": ".servicenow-sir", "config": oauth,
        "secrets": { "clientSecret": "fixture-secret", "privateKey": KEY },
    });
    let id = recording.served.made(&connector).await;
    let push = json!({ "incident": { "short_description": "malware", "dest_ip": ["10.0.0.1", "10.0.0.2"] } });
    let pushed = recording.ok(&id, "pushToService", push).await;
    assert!(pushed["title"].as_str().unwrap().starts_with("SIR"), "{pushed}");
    let closing = json!({ "incident": { "externalId": pushed["id"] } });
    recording.ok(&id, "closeIncident", closing).await;
    let state = recording.instance.records()[0].get("state").to_owned();
    assert_eq!(state, "3", "7 means cancelled in security operations");
    let mut half = connector;
    half["secrets"] = json!({ "clientSecret": "fixture-secret" });
    let (status, answer) = recording
        .served
        .call("POST", "/api/actions/connector", Some(half))
        .await;
    assert_eq!(status, 400);
    let text = "error validating action type connector: privateKey must be provided when isOAuth = true";
    assert_eq!(answer["message"], text, "{answer}");

    let id = recording.made(".servicenow-itom", json!({})).await;
    let event = json!({ "source": "jira-connector", "severity": 1, "node": "host-1", "message_key": "host-1:disk",
        "time_of_event": "2026-12-01T10:00:00Z", "additional_info": null });
    recording.ok(&id, "addEvent", event.clone()).await;
    let stored = recording
        .instance
        .records()
        .into_iter()
        .find(|record| record.table == "em_event")
        .unwrap();
    assert_eq!(stored.get("time_of_event"), "2026-12-01 10:00:00", "{stored:?}");
    recording.instance.change(|settings| settings.loses_events = true);
    let lost = recording.served.run(&id, "addEvent", event).await;
    assert_eq!(lost["status"], "error", "{lost}");
    let choices = recording.ok(&id, "getChoices", json!({ "fields": ["severity"] })).await;
    assert!(choices.as_array().unwrap().len() >= 6, "{choices}");
}
