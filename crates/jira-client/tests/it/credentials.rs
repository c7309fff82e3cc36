//! A credential that is bad, lacks a scope, lacks a permission, or comes from the wrong place: each has its own message,
//! with what to do.

use jira_client::{Auth, Edition, ErrorKind, JiraClient, JiraError};
use test_case::test_case;
use wiremock::matchers::{header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{SECRET, config, html, ok};

fn bearer() -> Auth {
    Auth::Bearer(SECRET.into())
}

/// The error that `myself` fails with.
async fn refused_with(answer: ResponseTemplate, edition: Edition, auth: Option<Auth>) -> JiraError {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let mut config = config(&server.uri(), edition);
    config.retries = 0;
    config.auth = auth.unwrap_or(config.auth);
    JiraClient::new(config).unwrap().myself().await.unwrap_err()
}

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

fn captcha(status: u16, login_reason: &str) -> ResponseTemplate {
    html(
        status,
        "<p>Basic Authentication Failure - Reason : AUTHENTICATION_DENIED",
    )
    .insert_header("X-Seraph-LoginReason", login_reason)
    .insert_header(
        "X-Authentication-Denied-Reason",
        "CAPTCHA_CHALLENGE; login-url=https://jira.example.com/login.jsp",
    )
}

const PASSWORDS_OFF: &str =
    r#"{"message":"Basic Authentication has been disabled on this instance.","status-code":403}"#;
const NO_CONNECT: &str = r#"{"error":"Failed to parse Connect Session Auth Token"}"#;
const NO_PERMISSION: &str = r#"{"errorMessages":["Vous n'avez pas la permission"],"errors":{}}"#;
const NO_SCOPE: &str = r#"{"code":401,"message":"Unauthorized; scope does not match"}"#;
const ADDRESS: &str =
    "The IP address has been rejected because it is not included in the allowlist. IP address = 203.0.113.7";

#[test_case(html(401, "Client must be authenticated"), Edition::Cloud, None, "api_token" => ErrorKind::Unauthorized; "a bad token")]
#[test_case(json(401, NO_SCOPE), Edition::Cloud, None, "read:jira-work" => ErrorKind::MissingScope; "a missing scope")]
#[test_case(json(403, "{}").insert_header("WWW-Authenticate", "Bearer error=\"insufficient_scope\""), Edition::Cloud, Some(bearer()), "read:jira-work" => ErrorKind::MissingScope; "a missing scope in a header")]
#[test_case(json(403, NO_PERMISSION), Edition::Cloud, None, "needs the permission" => ErrorKind::Forbidden; "a missing permission")]
#[test_case(html(403, ADDRESS), Edition::Cloud, None, "IP allowlist" => ErrorKind::Forbidden; "an address that is not let in")]
#[test_case(json(403, NO_CONNECT), Edition::DataCenter, Some(bearer()), "set data_source to jira_cloud" => ErrorKind::Forbidden; "a personal access token for a cloud site")]
#[test_case(json(403, NO_CONNECT), Edition::Cloud, Some(bearer()), "account_email and api_token" => ErrorKind::Forbidden; "a token of cloud without its account")]
#[test_case(captcha(403, "AUTHENTICATION_DENIED"), Edition::DataCenter, None, "CAPTCHA" => ErrorKind::Forbidden; "a captcha")]
#[test_case(captcha(403, "AUTHENTICATED_FAILED"), Edition::Server, None, "CAPTCHA" => ErrorKind::Forbidden; "a captcha after a failed login")]
#[test_case(captcha(401, "AUTHENTICATION_DENIED"), Edition::Server, None, "CAPTCHA" => ErrorKind::Unauthorized; "a captcha with 401")]
#[test_case(json(403, PASSWORDS_OFF), Edition::DataCenter, None, "personal_access_token" => ErrorKind::Forbidden; "passwords are switched off")]
#[test_case(html(401, ""), Edition::DataCenter, None, "version 11 has basic authentication off" => ErrorKind::Unauthorized; "a bad password")]
#[test_case(html(401, ""), Edition::DataCenter, Some(bearer()), "data_center_personal_access_token" => ErrorKind::Unauthorized; "a bad personal access token")]
#[tokio::test]
async fn what_is_wrong_and_what_to_do(
    answer: ResponseTemplate,
    edition: Edition,
    auth: Option<Auth>,
    cure: &'static str,
) -> ErrorKind {
    let error = refused_with(answer, edition, auth).await;
    let text = error.to_string();
    assert!(text.contains(cure), "{text}");
    assert!(!text.contains(SECRET), "{text}");
    error.kind()
}

#[tokio::test]
async fn credential_scope_and_permission_are_three_messages() {
    let mut starts = Vec::new();
    for answer in [html(401, ""), json(401, NO_SCOPE), json(403, NO_PERMISSION)] {
        let text = refused_with(answer, Edition::Cloud, None).await.to_string();
        starts.push(text.split(':').next().unwrap().to_owned());
    }
    assert_eq!(
        starts,
        [
            "jira does not accept the credential",
            "the token lacks a scope for the request",
            "jira forbids the request"
        ]
    );
}

#[test_case(None, "Basic cm9ib3RAZXhhbXBsZS5jb206czNjcjN0LXQwa2VuLXZhbHVl"; "name and secret")]
#[test_case(Some(bearer()), "Bearer s3cr3t-t0ken-value"; "a token by itself")]
#[tokio::test]
async fn the_credential_is_sent_as_documented(auth: Option<Auth>, value: &'static str) {
    let server = MockServer::start().await;
    Mock::given(header("authorization", value))
        .and(header("accept", "application/json"))
        .respond_with(json(200, "[]"))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::DataCenter);
    config.auth = auth.unwrap_or(config.auth);
    assert!(JiraClient::new(config).unwrap().fields().await.unwrap().is_empty());
}

#[test_case("RateLimit-Reason", "jira-quota-tenant-based", "the limit jira-quota-tenant-based is used up"; "a quota")]
#[test_case("X-RateLimit-Limit", "0", "no requests at all"; "a blocked account")]
#[test_case("X-RateLimit-Limit", "70", "a limit of requests is used up"; "a limit without a name")]
#[tokio::test]
async fn a_limit_is_named(name: &'static str, value: &'static str, says: &'static str) {
    let answer = html(429, "").insert_header(name, value);
    let error = refused_with(answer, Edition::DataCenter, None).await;
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.to_string().contains(says), "{error}");
}

#[test_case("\"s3cr3t-t0ken-value\""; "quotes")]
#[test_case("Bearer s3cr3t-t0ken-value"; "a scheme in front")]
#[test_case("s3cr3t-\u{200b}t0ken-value\u{feff}"; "characters that nobody sees")]
#[tokio::test]
async fn a_token_that_was_pasted_with_more_around_it_is_accepted(pasted: &str) {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer s3cr3t-t0ken-value"))
        .respond_with(ok(serde_json::json!([])))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::DataCenter);
    config.auth = Auth::Bearer(pasted.into());
    JiraClient::new(config).unwrap().fields().await.unwrap();
}
