//! A fixture and our client for it.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::Map;
use serde_json::Value;
use servicenow_client::Credential;
use servicenow_client::ServiceNow;
use servicenow_fixture::Options;
use servicenow_fixture::Running;
use servicenow_fixture::ServiceNowFixture;

pub(crate) async fn start() -> (Running, ServiceNow) {
    let running = ServiceNowFixture::start(Options::default()).await.unwrap();
    let client = client(&running, basic("elastic.integration", "fixture-password"));
    (running, client)
}

pub(crate) fn basic(username: &str, password: &str) -> Credential {
    Credential::Basic {
        username: username.to_owned(),
        password: SecretString::from(password),
    }
}

pub(crate) fn client(running: &Running, credential: Credential) -> ServiceNow {
    let http = reqwest::Client::builder().build().unwrap();
    let client = ServiceNow::new(http, &running.base_url().parse().unwrap(), credential);
    client.answering_within(Duration::from_millis(700))
}

pub(crate) fn columns(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}
