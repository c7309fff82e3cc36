//! Document level security without the licence for it: refused before anything is read or written, with the cure.

use std::time::Duration;

use elastic_client::{Credentials, ElasticClient, ElasticConfig};
use jira_connector::inbound::jobs::access_control_job::check_license;
use serde_json::json;
use test_case::test_case;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[test_case("platinum", "active", true; "platinum")]
#[test_case("enterprise", "active", true; "enterprise")]
#[test_case("trial", "active", true; "trial")]
#[test_case("trial", "expired", false; "a trial that is over")]
#[test_case("gold", "active", false; "gold")]
#[test_case("standard", "active", false; "standard")]
#[test_case("basic", "active", false; "basic")]
#[test_case("something_new", "active", false; "a licence that nobody knows")]
#[tokio::test]
async fn licences(kind: &str, status: &str, sufficient: bool) {
    let server = MockServer::start().await;
    let license = json!({ "license": { "type": kind, "status": status, "uid": "1" } });
    Mock::given(path("/_license"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(license)
                .insert_header("x-elastic-product", "Elasticsearch"),
        )
        .mount(&server)
        .await;
    let client = ElasticClient::new(ElasticConfig {
        host: server.uri().parse().unwrap(),
        credentials: Credentials::ApiKey("secret-api-key".into()),
        verify_certs: true,
        ca_certs: None,
        headers: Vec::new(),
        request_timeout: Duration::from_secs(10),
        max_retries: 0,
        retry_interval: Duration::from_millis(1),
        retry_on_timeout: false,
        compress: false,
        user_agent: "test".to_owned(),
    })
    .unwrap();
    let checked = check_license(&client).await;
    assert_eq!(checked.is_ok(), sufficient, "{checked:?}");
    if let Err(refused) = checked {
        let text = refused.to_string();
        for words in [
            "active platinum, enterprise or trial licence",
            status,
            "Change the licence",
            "switch",
        ] {
            assert!(text.contains(words), "no \"{words}\" in: {text}");
        }
    }
}
