//! An answer made for nobody, or for somebody else, is never believed.
//!
//! That expired tokens give such answers is what makes deletion by absence dangerous.

use jira_client::{Account, ErrorKind, JiraClient, Next};
use serde_json::json;
use test_case::test_case;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::fake_jira::{cloud, data_center, ok};

async fn mount_myself(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path("/rest/api/2/myself"))
        .respond_with(answer)
        .mount(server)
        .await;
}

async fn mount_search(server: &MockServer, answer: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(path("/rest/api/3/search/jql"))
        .respond_with(answer)
        .mount(server)
        .await;
}

fn robot() -> ResponseTemplate {
    ok(
        json!({"accountId": "557058:ab", "displayName": "Robot", "emailAddress": "", "timeZone": "Asia/Kolkata",
        "active": true}),
    )
}

fn empty_page() -> ResponseTemplate {
    ok(json!({"issues": [], "isLast": true}))
}

#[tokio::test]
async fn myself_tells_the_account_and_its_zone() {
    let server = MockServer::start().await;
    mount_myself(&server, robot().insert_header("X-AAccountId", "557058%3Aab")).await;
    let myself = cloud(&server.uri()).myself().await.unwrap();
    assert_eq!(
        myself.account,
        Account::Cloud {
            account_id: "557058:ab".to_owned()
        }
    );
    assert_eq!(myself.time_zone.as_deref(), Some("Asia/Kolkata"));
    assert_eq!(myself.email, None);
}

#[tokio::test]
async fn data_center_account_is_known_by_its_key() {
    let server = MockServer::start().await;
    mount_myself(
        &server,
        ok(json!({"key": "JIRAUSER10100", "name": "robot", "displayName": "Robot"})),
    )
    .await;
    let myself = data_center(&server.uri()).myself().await.unwrap();
    assert_eq!(myself.account.id(), "JIRAUSER10100");
    assert!(myself.active);
}

#[test_case(Some("557058:ab"), None => None; "same account in another encoding")]
#[test_case(Some("557058%3AOTHER"), None => Some(ErrorKind::AccountChanged); "another account")]
#[test_case(None, None => Some(ErrorKind::NotAuthenticated); "no account")]
#[test_case(Some("557058%3Aab"), Some("AUTHENTICATED_FAILED") => Some(ErrorKind::NotAuthenticated); "refused credential")]
#[tokio::test]
async fn later_answers_must_carry_the_account_of_myself(
    account: Option<&'static str>,
    login_reason: Option<&'static str>,
) -> Option<ErrorKind> {
    let server = MockServer::start().await;
    mount_myself(&server, robot().insert_header("X-AAccountId", "557058%3Aab")).await;
    let mut answer = empty_page();
    if let Some(account) = account {
        answer = answer.insert_header("X-AAccountId", account);
    }
    if let Some(reason) = login_reason {
        answer = answer.insert_header("X-Seraph-LoginReason", reason);
    }
    mount_search(&server, answer).await;
    let client = cloud(&server.uri());
    client.myself().await.unwrap();
    client
        .issue_ids("project = A")
        .next_page()
        .await
        .err()
        .map(|error| error.kind())
}

#[test_case("x-seraph-loginreason", "AUTHENTICATED_FAILED"; "refused credential")]
#[test_case("X-AUSERNAME", "anonymous"; "anonymous visitor")]
#[tokio::test]
async fn anonymous_answers_of_data_center_are_refused_even_before_myself(name: &'static str, value: &'static str) {
    let server = MockServer::start().await;
    let answer = ok(json!([])).insert_header(name, value);
    Mock::given(path("/rest/api/2/project"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let mut projects = data_center(&server.uri()).projects(jira_client::ProjectStatus::Live);
    let error = projects.next_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAuthenticated);
    let text = error.to_string();
    assert!(
        text.contains("anonymous") && text.contains("data_center_password"),
        "{text}"
    );
}

#[tokio::test]
async fn a_404_for_an_anonymous_visitor_does_not_say_that_a_project_is_gone() {
    let server = MockServer::start().await;
    mount_myself(&server, robot().insert_header("X-AAccountId", "557058%3Aab")).await;
    let envelope = json!({"errorMessages": ["No project could be found with key 'A'."], "errors": {}});
    let gone = ResponseTemplate::new(404).set_body_json(envelope);
    Mock::given(path("/rest/api/2/project/A"))
        .respond_with(gone.clone())
        .mount(&server)
        .await;
    let proven = gone.insert_header("X-AAccountId", "557058%3Aab");
    Mock::given(path("/rest/api/2/project/B"))
        .respond_with(proven)
        .mount(&server)
        .await;
    let client = cloud(&server.uri());
    client.myself().await.unwrap();
    assert_eq!(
        client.project("A").await.unwrap_err().kind(),
        ErrorKind::NotAuthenticated
    );
    assert_eq!(client.project("B").await.unwrap(), None);
}

async fn listed_to_the_end(client: &JiraClient) {
    let mut listing = client.issue_ids("project = A");
    assert!(matches!(listing.next_page().await.unwrap(), Next::Page(rows) if rows.is_empty()));
    assert!(matches!(listing.next_page().await.unwrap(), Next::End(end) if end.rows() == 0 && end.pages() == 1));
}

#[tokio::test]
async fn without_account_headers_the_account_is_confirmed_by_asking_again() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/api/2/myself"))
        .respond_with(robot())
        .up_to_n_times(2)
        .mount(&server)
        .await;
    mount_search(&server, empty_page()).await;
    let client = cloud(&server.uri());
    client.myself().await.unwrap();
    listed_to_the_end(&client).await;
    client.confirm_account().await.unwrap();

    mount_myself(&server, ok(json!({"accountId": "557058:somebody-else"}))).await;
    assert_eq!(
        client.confirm_account().await.unwrap_err().kind(),
        ErrorKind::AccountChanged
    );
}

#[tokio::test]
async fn with_account_headers_nothing_more_is_asked() {
    let server = MockServer::start().await;
    mount_myself(&server, robot().insert_header("X-AAccountId", "557058%3Aab")).await;
    let client = cloud(&server.uri());
    client.myself().await.unwrap();
    client.confirm_account().await.unwrap();
    assert_eq!(client.stats().requests, 1);
}

#[tokio::test]
async fn an_account_that_was_never_asked_for_cannot_be_confirmed() {
    let server = MockServer::start().await;
    let error = cloud(&server.uri()).confirm_account().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAuthenticated);
}
