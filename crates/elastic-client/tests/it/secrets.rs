//! No secret is printed, put into an address or sent to anyone but the configured host.

use elastic_client::{Credentials, ElasticClient, ElasticError};
use serde_json::json;
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, config, ok, refusal, requests, root_answer};

const SECRETS: [&str; 4] = ["secret-password", "secret-api-key", "secret-header", "c2VjcmV0"];

fn assert_silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_a_secret() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(refusal(401, "security_exception", "no"))
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.host.set_username("ann").unwrap();
    config.host.set_password(Some("secret-password")).unwrap();
    config
        .headers
        .push(("x-proxy-token".to_owned(), "secret-header".to_owned()));
    for credentials in [
        Credentials::None,
        Credentials::ApiKey("secret-api-key".into()),
        Credentials::Basic {
            username: "ann".to_owned(),
            password: "secret-password".into(),
        },
    ] {
        config.credentials = credentials;
        assert_silent(&format!("{config:?}"));
        let client = ElasticClient::new(config.clone()).unwrap();
        let error = client.info().await.unwrap_err();
        assert_silent(&format!("{client:?} {} {error:?} {error}", client.host()));
    }
}

#[tokio::test]
async fn an_unreachable_host_with_a_password_in_its_address_is_named_without_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let client = ElasticClient::new(config(&format!("http://ann:secret-password@127.0.0.1:{port}"))).unwrap();
    let error = client.info().await.unwrap_err();
    assert!(matches!(error, ElasticError::Connect { .. }), "{error:?}");
    assert_silent(&format!("{error:?} {error}"));
}

#[tokio::test]
async fn a_password_in_the_address_is_used_when_no_other_is_given_and_leaves_the_address() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
    let mut config = config(&server.uri());
    config.host.set_username("ann").unwrap();
    config.host.set_password(Some("p%40ss")).unwrap();
    ElasticClient::new(config.clone()).unwrap().info().await.unwrap();
    config.credentials = Credentials::None;
    ElasticClient::new(config).unwrap().info().await.unwrap();
    let sent = requests(&server).await;
    assert_eq!(sent[0].headers["authorization"], "ApiKey secret-api-key");
    assert_eq!(sent[1].headers["authorization"], "Basic YW5uOnBAc3M=");
}

#[tokio::test]
async fn a_redirect_is_an_error_and_nothing_goes_to_the_other_host() {
    let other = MockServer::start().await;
    let server = MockServer::start().await;
    for status in [301, 302, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("location", other.uri().as_str());
        Mock::given(any())
            .respond_with(redirect)
            .up_to_n_times(1)
            .mount(&server)
            .await;
        let error = client(&server).info().await.unwrap_err();
        assert!(matches!(error, ElasticError::NotElasticsearch { .. }), "{error:?}");
    }
    assert!(requests(&other).await.is_empty());
}

#[tokio::test]
async fn another_connector_s_key_replaces_all_other_credentials() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
    let mut config = config(&server.uri());
    config
        .headers
        .push(("Authorization".to_owned(), "Custom secret-header".to_owned()));
    config.headers.push(("User-Agent".to_owned(), "mine".to_owned()));
    let client = ElasticClient::new(config).unwrap();
    client.info().await.unwrap();
    client
        .with_credentials(Credentials::ApiKey("other".into()))
        .unwrap()
        .info()
        .await
        .unwrap();
    let sent = requests(&server).await;
    assert_eq!(sent[0].headers["authorization"], "Custom secret-header");
    assert_eq!(sent[0].headers["user-agent"], "mine");
    assert_eq!(
        sent[1].headers.get_all("authorization").iter().collect::<Vec<_>>(),
        ["ApiKey other"]
    );
}

#[tokio::test]
async fn a_key_broken_into_lines_is_sent_whole() {
    let server = MockServer::start().await;
    let whole = Mock::given(header("authorization", "ApiKey secret-api-key"));
    whole
        .respond_with(ok(
            json!({ "count": 7, "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 } }),
        ))
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.credentials = Credentials::ApiKey(" secret-\napi-key\n".into());
    let client = ElasticClient::new(config).unwrap();
    assert_eq!(client.indices().count("jira", None).await.unwrap(), 7);
    assert_silent(&format!("{client:?}"));
}

#[tokio::test]
async fn a_new_api_key_is_handed_over_but_does_not_print() {
    let server = MockServer::start().await;
    let created = json!({ "id": "k1", "name": "n", "api_key": "secret-api-key", "encoded": "c2VjcmV0" });
    Mock::given(any()).respond_with(ok(created)).mount(&server).await;
    let key = client(&server)
        .api_keys()
        .create("n", json!({}), json!({}))
        .await
        .unwrap();
    assert_eq!(key.id, "k1");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&key.encoded), "c2VjcmV0");
    assert_silent(&format!("{key:?}"));
}

#[tokio::test]
async fn a_connector_record_does_not_print_its_passwords() {
    let server = MockServer::start().await;
    let source = json!({ "name": "n", "configuration": { "api_token": { "value": "secret-password" } },
                         "connector": { "configuration": { "api_token": { "value": "secret-password" } } } });
    let document = json!({ "_id": "c", "_seq_no": 1, "_primary_term": 1, "found": true, "_source": source });
    Mock::given(any()).respond_with(ok(document)).mount(&server).await;
    let connector = client(&server).connectors().get("c").await.unwrap().unwrap();
    assert_silent(&format!("{connector:?}"));
    assert!(format!("{connector:?}").contains("api_token"));
    let job = client(&server).sync_jobs().get("c").await.unwrap().unwrap();
    assert_silent(&format!("{job:?}"));
}
