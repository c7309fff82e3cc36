//! Web pages and redirects where data was expected: never taken for data, never followed by the API.
//!
//! The downloads have their own.

use jira_client::ErrorKind;
use test_case::test_case;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{cloud, html};

async fn kind_of(answer: ResponseTemplate) -> (ErrorKind, String, usize) {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    let error = cloud(&server.uri()).fields().await.unwrap_err();
    (
        error.kind(),
        error.to_string(),
        server.received_requests().await.unwrap().len(),
    )
}

#[tokio::test]
async fn a_login_form_with_200_is_no_answer() {
    let (kind, text, requests) = kind_of(html(200, "<html><title>Log in - Acme</title>")).await;
    assert_eq!(
        (kind, requests),
        (ErrorKind::LoginPage, 3),
        "a proxy that restarts shows one, too"
    );
    assert!(text.contains("Log in - Acme"), "{text}");
}

#[test_case("/login.jsp?os_destination=%2Frest" => ErrorKind::LoginPage; "jira's own form")]
#[test_case("https://sso.example.com/saml2/idp?SAMLRequest=signed" => ErrorKind::LoginPage; "single sign-on")]
#[test_case("https://jira.example.com/rest/api/2/field" => ErrorKind::UnsafeRedirect; "another host")]
#[test_case("http://[" => ErrorKind::UnsafeRedirect; "nothing readable")]
#[tokio::test]
async fn redirects_of_the_api_are_not_followed(location: &'static str) -> ErrorKind {
    let (kind, text, requests) = kind_of(ResponseTemplate::new(302).insert_header("location", location)).await;
    assert_eq!(requests, if kind == ErrorKind::LoginPage { 3 } else { 1 });
    assert!(!text.contains("signed") && !text.contains("os_destination"), "{text}");
    kind
}

#[tokio::test]
async fn text_is_no_json() {
    let answer = ResponseTemplate::new(200).set_body_raw("[]", "text/plain");
    let (kind, text, _) = kind_of(answer).await;
    assert_eq!(kind, ErrorKind::BadAnswer);
    assert!(text.contains("text/plain"), "{text}");
}
