//! Access tokens of service accounts, and the gateway where they are accepted.
//!
//! `refusals.rs` tests how a refused credential is worded.

use jira_client::{Auth, Edition, ErrorKind, JiraClient, JiraConfig, gateway_address};
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{config, ok};

fn service_account(server: &MockServer) -> JiraConfig {
    let mut config = config(&format!("{}/ex/jira/cloud-1", server.uri()), Edition::Cloud);
    config.auth = Auth::ClientCredentials {
        token_url: Url::parse(&format!("{}/oauth/token", server.uri())).unwrap(),
        client_id: "the-client".to_owned(),
        client_secret: SecretString::from("hunter2-secret".to_owned()),
    };
    config
}

async fn give_token(server: &MockServer, token: &str, seconds: u64, times: u64) {
    let body = json!({
        "audience": "api.atlassian.com", "grant_type": "client_credentials",
        "client_id": "the-client", "client_secret": "hunter2-secret",
    });
    Mock::given(method("POST"))
        .and(path("/oauth/token"))
        .and(body_json(body))
        .respond_with(ok(
            json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}),
        ))
        .up_to_n_times(times)
        .mount(server)
        .await;
}

async fn accept(server: &MockServer, token: &str, times: u64) {
    Mock::given(path("/ex/jira/cloud-1/rest/api/2/field"))
        .and(header("authorization", format!("Bearer {token}").as_str()))
        .respond_with(ok(json!([])))
        .up_to_n_times(times)
        .mount(server)
        .await;
}

async fn token_requests(server: &MockServer) -> usize {
    let all = server.received_requests().await.unwrap();
    all.iter()
        .filter(|request| request.url.path() == "/oauth/token")
        .count()
}

#[tokio::test]
async fn one_token_serves_many_requests() {
    let server = MockServer::start().await;
    give_token(&server, "first", 3600, 9).await;
    accept(&server, "first", 99).await;
    let client = JiraClient::new(service_account(&server)).unwrap();
    let (one, two, three) = tokio::join!(client.fields(), client.fields(), client.fields());
    one.and(two).and(three).unwrap();
    assert_eq!(token_requests(&server).await, 1);
}

#[tokio::test]
async fn a_token_that_ended_early_is_renewed_once() {
    let server = MockServer::start().await;
    give_token(&server, "first", 3600, 1).await;
    give_token(&server, "second", 3600, 1).await;
    accept(&server, "first", 1).await;
    accept(&server, "second", 99).await;
    Mock::given(path("/ex/jira/cloud-1/rest/api/2/field"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&server)
        .await;
    let client = JiraClient::new(service_account(&server)).unwrap();
    client.fields().await.unwrap();
    client.fields().await.unwrap();
    assert_eq!(token_requests(&server).await, 2);
}

#[tokio::test]
async fn a_refused_client_is_named_without_its_secret() {
    let server = MockServer::start().await;
    let refusal = json!({"error": "access_denied", "error_description": "Unauthorized: hunter2-secret"});
    Mock::given(path("/oauth/token"))
        .respond_with(ResponseTemplate::new(403).set_body_json(refusal))
        .mount(&server)
        .await;
    let client = JiraClient::new(service_account(&server)).unwrap();
    let error = client.myself().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    let text = format!("{error} {error:?} {client:?}");
    assert!(
        text.contains("oauth_client_id") && text.contains("Unauthorized: [redacted]"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn the_cloud_id_is_asked_for_without_the_credential() {
    let server = MockServer::start().await;
    Mock::given(path("/_edge/tenant_info"))
        .respond_with(ok(json!({"cloudId": "11-22"})))
        .mount(&server)
        .await;
    let site = config(&server.uri(), Edition::Cloud);
    let gateway = Url::parse("https://api.example.com").unwrap();
    let address = gateway_address(&site, &gateway).await.unwrap();
    assert_eq!(address.as_str(), "https://api.example.com/ex/jira/11-22/");
    let asked = server.received_requests().await.unwrap();
    assert!(!asked[0].headers.contains_key("authorization"));
    // Pasted as it is: nothing to ask.
    let mut pasted = site;
    pasted.base_url = address.clone();
    assert_eq!(gateway_address(&pasted, &gateway).await.unwrap(), address);
}

#[tokio::test]
async fn an_address_without_a_cloud_id_is_named() {
    let server = MockServer::start().await;
    let error = gateway_address(
        &config(&server.uri(), Edition::Cloud),
        &Url::parse("https://api.example.com").unwrap(),
    )
    .await
    .unwrap_err();
    assert!(
        error.to_string().contains("jira_url") && error.to_string().contains("cloud id"),
        "{error}"
    );
}
