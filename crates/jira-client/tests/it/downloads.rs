//! Downloads: every byte, from the right place, with the credential only for Jira.
//!
//! Two servers on different ports stand for Jira and its media host.

use jira_client::{AttachmentRef, Edition, ErrorKind, JiraClient, JiraError};
use percent_encoding::percent_decode_str;
use test_case::test_case;
use wiremock::matchers::{header_exists, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fake_jira::{RawServer, SECRET, cloud, config, data_center, html, raw};

const CONTENT: &str = "/rest/api/2/attachment/content/7";

fn file(name: &str, size: u64) -> AttachmentRef {
    AttachmentRef {
        id: "7".to_owned(),
        filename: name.to_owned(),
        size,
        content_url: None,
    }
}

async fn read(client: &JiraClient, attachment: &AttachmentRef) -> Result<Vec<u8>, JiraError> {
    let mut download = client.attachment(attachment).await?;
    let mut content = Vec::new();
    while let Some(chunk) = download.next_chunk().await? {
        content.extend_from_slice(&chunk);
    }
    assert!(download.next_chunk().await?.is_none());
    Ok(content)
}

fn redirect_to(location: &str) -> ResponseTemplate {
    ResponseTemplate::new(303).insert_header("location", location)
}

#[tokio::test]
async fn the_media_host_never_sees_the_credential() {
    let (jira, media) = (MockServer::start().await, MockServer::start().await);
    let signed = format!("{}/file/binary?token=signature", media.uri());
    Mock::given(path(CONTENT))
        .and(header_exists("authorization"))
        .respond_with(redirect_to(&signed))
        .mount(&jira)
        .await;
    Mock::given(|request: &Request| !request.headers.contains_key("authorization"))
        .and(path("/file/binary"))
        .respond_with(ResponseTemplate::new(200).set_body_raw("hello", "text/plain; charset=utf-8"))
        .mount(&media)
        .await;
    let client = cloud(&jira.uri());
    let mut download = client.attachment(&file("a.txt", 5)).await.unwrap();
    assert_eq!(download.content_type(), "text/plain");
    assert_eq!(&download.next_chunk().await.unwrap().unwrap()[..], b"hello");
    assert!(!format!("{download:?}").contains("signature"));
    assert_eq!(client.stats().requests, 2);
    assert_eq!(client.stats().bytes_received, 5);
}

#[tokio::test]
async fn a_refusal_of_the_media_host_does_not_show_the_signature() {
    let (jira, media) = (MockServer::start().await, MockServer::start().await);
    let signed = format!("{}/file/binary?token=signature", media.uri());
    Mock::given(path(CONTENT))
        .respond_with(redirect_to(&signed))
        .mount(&jira)
        .await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(403))
        .mount(&media)
        .await;
    let error = read(&cloud(&jira.uri()), &file("a.txt", 5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let text = error.to_string();
    assert!(
        text.contains("127.0.0.1") && !text.contains("signature") && !text.contains(SECRET),
        "{text}"
    );
}

#[test_case("a.txt", 5, b"hello" => None; "as announced")]
#[test_case("empty.txt", 0, b"" => None; "no bytes at all")]
#[test_case("a.txt", 6, b"hello" => Some(ErrorKind::Truncated); "short")]
#[test_case("a.txt", 4, b"hello" => Some(ErrorKind::TooLarge); "long")]
#[tokio::test]
async fn length(name: &'static str, size: u64, body: &'static [u8]) -> Option<ErrorKind> {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(body, "application/octet-stream");
    Mock::given(path(CONTENT)).respond_with(answer).mount(&server).await;
    match read(&cloud(&server.uri()), &file(name, size)).await {
        Ok(content) => {
            assert_eq!(content, body);
            None
        }
        Err(error) => Some(error.kind()),
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_an_error() {
    let server = RawServer::start(vec![raw("200 OK", &[], 100, b"hello")]).await;
    let error = read(&cloud(&server.address), &file("a.txt", 100)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[test_case("report.pdf", 9, html(200, "<html>Log in") => Some(ErrorKind::LoginPage); "a login form instead of a file")]
#[test_case("page.html", 12, html(200, "<html>Log in") => None; "a file that is a web page")]
#[test_case("page", 12, html(200, "<html>Log in") => None; "a web page of the right length")]
#[test_case("a.txt", 9, redirect_to("/login.jsp?permissionViolation=true") => Some(ErrorKind::LoginPage); "redirect to a login form")]
#[test_case("a.txt", 9, redirect_to("ftp://media.example.com/a") => Some(ErrorKind::UnsafeRedirect); "another scheme")]
#[test_case("a.txt", 9, redirect_to("/rest/api/2/attachment/content/7") => Some(ErrorKind::UnsafeRedirect); "a circle")]
#[test_case("a.txt", 9, ResponseTemplate::new(303) => Some(ErrorKind::UnsafeRedirect); "a redirect to nowhere")]
#[test_case("a.txt", 9, ResponseTemplate::new(404) => Some(ErrorKind::NotFound); "a missing file")]
#[test_case("a.txt", 9, ResponseTemplate::new(200).insert_header("x-seraph-loginreason", "AUTHENTICATED_FAILED") => Some(ErrorKind::NotAuthenticated); "a refused credential")]
#[tokio::test]
async fn what_is_no_file(name: &'static str, size: u64, answer: ResponseTemplate) -> Option<ErrorKind> {
    let server = MockServer::start().await;
    Mock::given(path(CONTENT)).respond_with(answer).mount(&server).await;
    read(&cloud(&server.uri()), &file(name, size))
        .await
        .err()
        .map(|error| error.kind())
}

#[test_case(None, "/jira/secure/attachment/7/a%20b%2B%C3%A4.txt"; "built from id and name")]
#[test_case(Some("https://public.example.com/jira/secure/attachment/7/a+b.txt"), "/jira/secure/attachment/7/a+b.txt"; "path of another address")]
#[test_case(Some("https://evil.example.com/elsewhere"), "/jira/secure/attachment/7/a%20b%2B%C3%A4.txt"; "an address of something else")]
#[tokio::test]
async fn data_center_files_come_from_the_configured_address(url: Option<&'static str>, wanted: &'static str) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(b"hello"))
        .mount(&server)
        .await;
    let client = data_center(&format!("{}/jira", server.uri()));
    let attachment = AttachmentRef {
        content_url: url.map(str::to_owned),
        ..file("a b+ä.txt", 5)
    };
    assert_eq!(read(&client, &attachment).await.unwrap(), b"hello");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.path(), wanted);
}

/// The name goes out so that a server reads the same name back, from our own encoding and from Jira's address alike.
#[test_case("Budget 2026 (final).xlsx", None; "blanks")]
#[test_case("Übersicht größer.pdf", None; "umlauts")]
#[test_case("100% sure #1? a+b&c=d;e.txt", None; "signs of addresses")]
#[test_case("\"quoted\" 'twice' \\ back/slash.txt", None; "quotes and slashes")]
#[test_case("crab \u{1F980}.png", None; "emoji")]
#[test_case("what?.txt", Some("what?.txt"); "an address with a bare question mark")]
#[test_case("issue #1.txt", Some("issue #1.txt"); "an address with a bare hash")]
#[test_case("100%.txt", Some("100%.txt"); "an address with a bare per cent sign")]
#[test_case("größer.txt", Some("größer.txt"); "an address with bare umlauts")]
#[tokio::test]
async fn odd_names_of_data_center(name: &'static str, in_address: Option<&'static str>) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(b"hello"))
        .mount(&server)
        .await;
    let attachment = AttachmentRef {
        content_url: in_address.map(|name| format!("{}/secure/attachment/7/{name}", server.uri())),
        ..file(name, 5)
    };
    assert_eq!(read(&data_center(&server.uri()), &attachment).await.unwrap(), b"hello");
    let requests = server.received_requests().await.unwrap();
    let url = &requests[0].url;
    let encoded = url.path().strip_prefix("/secure/attachment/7/").unwrap();
    assert_eq!(percent_decode_str(encoded).decode_utf8().unwrap(), name);
    assert_eq!((url.query(), url.fragment()), (None, None));
}

#[tokio::test]
async fn a_login_form_of_data_center_is_no_file() {
    let server = MockServer::start().await;
    Mock::given(path("/secure/attachment/7/a.pdf"))
        .respond_with(html(200, "<html><title>Log in</title>"))
        .mount(&server)
        .await;
    let error = read(&data_center(&server.uri()), &file("a.pdf", 9)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginPage);
}

#[tokio::test]
async fn the_beginning_of_a_download_is_tried_again() {
    let server = MockServer::start().await;
    Mock::given(path(CONTENT))
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path(CONTENT))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(b"hello"))
        .mount(&server)
        .await;
    assert_eq!(read(&cloud(&server.uri()), &file("a.txt", 5)).await.unwrap(), b"hello");
}

#[tokio::test]
async fn open_downloads_do_not_keep_other_requests_waiting() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(b"hello"))
        .mount(&server)
        .await;
    let mut config = config(&server.uri(), Edition::Cloud);
    config.max_concurrent_requests = 1;
    let client = JiraClient::new(config).unwrap();
    let first = client.attachment(&file("a.txt", 5)).await.unwrap();
    assert_eq!(read(&client, &file("b.txt", 5)).await.unwrap(), b"hello");
    drop(first);
}
