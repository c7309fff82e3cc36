//! The extraction service as its users run it: a file or its path goes there, a text or a complaint comes back.

use std::path::Path;
use std::time::Duration;

use jira_connector::config::ExtractionServiceConfig;
use jira_connector::inbound::text_extraction::{ExtractionFailure, FileText, ServiceExtractor};
use serde_json::json;
use wiremock::matchers::{body_bytes, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn extractor(host: &str, folder: &Path, pointers: bool) -> ServiceExtractor {
    let config = ExtractionServiceConfig {
        host: host.parse().unwrap(),
        timeout: Duration::from_secs(5),
        use_file_pointers: pointers,
        shared_volume_dir: folder.to_owned(),
        stream_chunk_size: 1024,
    };
    ServiceExtractor::new(config, 5).unwrap()
}

async fn ask(server: &MockServer, pointers: bool) -> Result<FileText, ExtractionFailure> {
    let folder = tempfile::tempdir().unwrap();
    let extractor = extractor(&server.uri(), folder.path(), pointers);
    let file = folder.path().join("file");
    std::fs::write(&file, b"content").unwrap();
    extractor.extract(&file).await
}

fn text(text: &str, truncated: bool) -> FileText {
    FileText {
        text: text.into(),
        truncated,
    }
}

#[tokio::test]
async fn the_file_goes_there_whole_and_its_text_is_cut() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/extract_text/"))
        .and(header("content-type", "application/octet-stream"))
        .and(body_bytes(b"content"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "extracted_text": "longer than five" })))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(ask(&server, false).await, Ok(text("longe", true)));
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named_with_its_setting() {
    let server = MockServer::start().await;
    let host = format!("{}/text", server.uri());
    let extractor = extractor(&host, Path::new("/"), false);
    let missing = extractor.ping().await.unwrap_err().to_string();
    assert!(missing.contains("404") && missing.contains(&host), "{missing}");
    assert!(missing.contains("extraction_service.host"), "{missing}");
    let there = Mock::given(method("GET")).and(path("/text/ping/"));
    there.respond_with(ResponseTemplate::new(200)).mount(&server).await;
    assert_eq!(extractor.ping().await, Ok(()));
}

#[tokio::test]
async fn only_the_path_goes_there_when_the_disk_is_shared() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(|request: &wiremock::Request| request.body.is_empty())
        .and(|request: &wiremock::Request| {
            let named = request.url.query_pairs().find(|(name, _)| name == "local_file_path");
            named.is_some_and(|(_, file)| file.ends_with("/file"))
        })
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "extracted_text": "text" })))
        .mount(&server)
        .await;
    assert_eq!(ask(&server, true).await, Ok(text("text", false)));
}

#[tokio::test]
async fn a_complaint_about_the_file_is_told_from_a_service_in_trouble() {
    let server = MockServer::start().await;
    let answer = |status: u16, body: serde_json::Value| ResponseTemplate::new(status).set_body_json(body);
    let cases = [
        (
            answer(200, json!({ "error": "unsupported", "message": "no text" })),
            true,
        ),
        (answer(422, json!({ "message": "encrypted" })), true),
        (answer(500, json!({})), false),
        (answer(429, json!({})), false),
        (answer(404, json!({})), false),
        (answer(200, json!({ "status": "odd" })), false),
    ];
    for (response, about_the_file) in cases {
        server.reset().await;
        Mock::given(method("PUT")).respond_with(response).mount(&server).await;
        let failure = ask(&server, false).await.unwrap_err();
        assert_eq!(
            matches!(failure, ExtractionFailure::File(_)),
            about_the_file,
            "{failure}"
        );
    }
}
