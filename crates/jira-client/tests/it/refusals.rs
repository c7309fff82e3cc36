//! Refusals: each status becomes its own kind of error, with Jira's words and a cure.
//!
//! `retries` tests what is tried again.

use jira_client::{Edition, ErrorKind, JiraClient, JiraError};
use test_case::test_case;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{cloud, config};

async fn refused_with(answer: ResponseTemplate, edition: Edition) -> JiraError {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let mut config = config(&server.uri(), edition);
    config.retries = 0;
    JiraClient::new(config).unwrap().fields().await.unwrap_err()
}

fn plain(status: u16, mime: &str, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, mime)
}

const JSON: &str = "application/json";

#[test_case(400, JSON, r#"{"errorMessages":["Bad JQL"],"errors":null}"#, "Bad JQL" => ErrorKind::BadRequest; "messages, null errors")]
#[test_case(400, JSON, r#"{"errorMessages":"Old server"}"#, "Old server" => ErrorKind::BadRequest; "message as a string")]
#[test_case(400, JSON, r#"{"errorMessages":["Bad"],"warningMessages":["no 'X'"]}"#, "Bad; no 'X'" => ErrorKind::BadRequest; "warnings")]
#[test_case(400, JSON, r#"{"errorMessages":[],"errors":{"maxResults":"too big"}}"#, "maxResults: too big" => ErrorKind::BadRequest; "errors by field")]
#[test_case(400, "application/problem+json", r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"not a number"}"#, "not a number" => ErrorKind::BadRequest; "problem")]
#[test_case(401, "text/html", "Client must be authenticated to access this resource.", "Client must be authenticated" => ErrorKind::Unauthorized; "bare text")]
#[test_case(401, JSON, "Client must be authenticated to access this resource.", "Client must be" => ErrorKind::Unauthorized; "bare text that claims to be json")]
#[test_case(401, JSON, r#"{"code":401,"message":"Unauthorized; scope does not match"}"#, "read:jira-work" => ErrorKind::MissingScope; "scope")]
#[test_case(404, JSON, r#"{"errorMessages":["gone"],"errors":{}}"#, "gone" => ErrorKind::NotFound; "not found")]
#[test_case(409, JSON, r#"{"errorMessages":["slow"]}"#, "slow" => ErrorKind::Refused; "conflict")]
#[test_case(410, JSON, r#"{"errorMessages":["The requested API has been removed."]}"#, "data_source" => ErrorKind::Gone; "removed")]
#[test_case(413, "text/plain", "", "413" => ErrorKind::Refused; "too large")]
#[test_case(429, "text/plain", "", "429" => ErrorKind::RateLimited; "rate limit without a word")]
#[test_case(500, JSON, r#"{"message":"NPE","status-code":500,"stack-trace":"at ..."}"#, "NPE" => ErrorKind::ServerError; "stack trace")]
#[test_case(503, "text/html", "<html><head><style>p{}</style><script>x<y</script></head><p>Down for <b>maintenance</b></html>", ": Down for maintenance" => ErrorKind::ServerError; "html")]
#[tokio::test]
async fn kind_and_words(status: u16, mime: &'static str, body: &'static str, shown: &'static str) -> ErrorKind {
    let error = refused_with(plain(status, mime, body), Edition::Cloud).await;
    let text = error.to_string();
    assert!(text.contains(shown), "{text}");
    assert!(text.contains("GET /rest/api/2/field"), "{text}");
    assert_eq!(error.status(), Some(status));
    error.kind()
}

#[test_case(Edition::Cloud, "api_token")]
#[test_case(Edition::Server, "username and password")]
#[test_case(Edition::DataCenter, "data_center_password")]
#[tokio::test]
async fn a_refused_credential_names_the_settings_to_look_at(edition: Edition, setting: &'static str) {
    let text = refused_with(plain(401, "text/plain", ""), edition).await.to_string();
    assert!(text.contains(setting), "{text}");
}

#[tokio::test]
async fn long_words_are_cut() {
    let error = refused_with(plain(400, "text/plain", &"ä ".repeat(50_000)), Edition::Cloud).await;
    assert!(error.answer().unwrap().words.chars().count() <= 201);
}

#[tokio::test]
async fn faults_in_an_answer_are_located() {
    let server = MockServer::start().await;
    let body = r#"[{"id": "summary"}, {"name": "no id"}]"#;
    Mock::given(method("GET"))
        .respond_with(plain(200, JSON, body))
        .mount(&server)
        .await;
    let error = cloud(&server.uri()).fields().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadAnswer);
    assert!(error.to_string().contains("[1]"), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
