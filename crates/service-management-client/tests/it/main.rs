//! The client against the fixture: what it sends comes to something, and what does not is told.

#![expect(clippy::unwrap_used, reason = "everything here is a test, also what the tests share")]

use std::time::Duration;

use http_kit::{NotDone, Protocols, Tls};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use service_management_client::{ServiceManagementClient, alerts_address};
use service_management_fixture::{Options, Running, ServiceManagementFixture};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(5);

async fn fixture() -> Running {
    ServiceManagementFixture::start(Options::default()).await.unwrap()
}

fn client(fixture: &Running, key: &str) -> ServiceManagementClient {
    let http = Tls::default().client_builder(Protocols::Http1).build().unwrap();
    let alerts = alerts_address(&Url::parse(fixture.base_url()).unwrap(), true);
    ServiceManagementClient::new(http, alerts, SecretString::from(key))
}

fn body(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn an_alert_is_opened_and_closed_by_any_alias() {
    let fixture = fixture().await;
    let client = client(&fixture, "fixture-genie-key");
    for alias in ["rule:1", "a/b?c#d", "a%2Fb", "ü b", "..."] {
        let accepted = client
            .create(&body(json!({ "message": "disk full", "alias": alias })))
            .await
            .unwrap();
        let processed = client.followed(&accepted.request_id, PATIENCE).await.unwrap().unwrap();
        assert!(processed.is_success, "{alias}: {processed:?}");
        assert_eq!(processed.alias.as_deref(), Some(alias));
        let accepted = client.on_alert(alias, "close", &Map::new()).await.unwrap();
        let processed = client.followed(&accepted.request_id, PATIENCE).await.unwrap().unwrap();
        assert!(processed.is_success, "{alias}: {processed:?}");
    }
    let alerts = fixture.alerts();
    assert!(alerts.iter().all(|alert| json!(alert.status) == "closed"), "{alerts:?}");
}

#[tokio::test]
async fn a_wrong_key_is_told_with_its_cure_and_never_shown() {
    let fixture = fixture().await;
    let client = client(&fixture, "wrong-key-123");
    let error = client.probe().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, NotDone::Refused { status: 401 | 422, .. }), "{text}");
    assert!(
        text.contains("API integration") && !text.contains("wrong-key-123"),
        "{text}"
    );
}

#[tokio::test]
async fn a_probe_makes_nothing() {
    let fixture = fixture().await;
    client(&fixture, "fixture-genie-key").probe().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(fixture.alerts().is_empty());
}

#[tokio::test]
async fn throttling_is_told_with_the_wait() {
    let fixture = fixture().await;
    fixture.change(|settings| settings.requests_per_minute = Some(0));
    let error = client(&fixture, "fixture-genie-key")
        .create(&body(json!({ "message": "x", "alias": "a" })))
        .await
        .unwrap_err();
    assert!(matches!(error, NotDone::Throttled { .. }), "{error:?}");
}

#[tokio::test]
async fn what_nobody_listens_to_was_not_sent() {
    let http = Tls::default().client_builder(Protocols::Http1).build().unwrap();
    let alerts = alerts_address(&Url::parse("http://127.0.0.1:1").unwrap(), true);
    let client = ServiceManagementClient::new(http, alerts, SecretString::from("k"));
    let error = client
        .create(&body(json!({ "message": "x", "alias": "a" })))
        .await
        .unwrap_err();
    assert!(matches!(error, NotDone::NotSent(_)), "{error:?}");
}
