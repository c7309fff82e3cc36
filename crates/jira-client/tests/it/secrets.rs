//! The credential shows up in no text that this crate makes.
//!
//! That it is sent to Jira alone is tested with the downloads.

use jira_client::{Auth, Edition, JiraClient, JiraConfig};
use url::Url;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{SECRET, cloud, config};

#[test]
fn debug_texts_hide_token_user_and_address_password() {
    let mut config = config("https://jira.example.com/jira", Edition::Cloud);
    let client = JiraClient::new(config.clone()).unwrap();
    config.base_url.set_password(Some("address-password")).unwrap();
    for text in [format!("{config:?}"), format!("{client:?}")] {
        assert!(
            !text.contains(SECRET) && !text.contains("robot@") && !text.contains("address-password"),
            "{text}"
        );
        assert!(text.contains("https://jira.example.com/jira"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_token_does_not_bring_it_into_the_error() {
    let server = MockServer::start().await;
    let echo = ResponseTemplate::new(400).set_body_string(format!("unexpected token {SECRET} in request"));
    Mock::given(method("GET")).respond_with(echo).mount(&server).await;
    let error = cloud(&server.uri()).fields().await.unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn a_token_broken_into_lines_is_taken_without_being_shown() {
    let auth = Auth::Bearer("line\nbreak".into());
    let config = JiraConfig::new(
        Url::parse("https://jira.example.com").unwrap(),
        Edition::DataCenter,
        auth,
    );
    let text = format!("{:?}", JiraClient::new(config).unwrap());
    assert!(!text.contains("break"), "{text}");
}
