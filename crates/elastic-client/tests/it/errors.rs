//! What a caller learns when Elasticsearch, or something in front of it, says no.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{client, config, ok, refusal, root_answer};

async fn error_of(response: ResponseTemplate) -> ElasticError {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(response).mount(&server).await;
    client(&server).has_privileges(json!({})).await.unwrap_err()
}

fn variant(error: &ElasticError) -> &'static str {
    match error {
        ElasticError::Unauthorized { .. } => "unauthorized",
        ElasticError::Forbidden { .. } => "forbidden",
        ElasticError::NotFound { .. } => "not found",
        ElasticError::VersionConflict { .. } => "conflict",
        ElasticError::TooLarge { .. } => "too large",
        ElasticError::TooManyRequests { .. } => "busy",
        ElasticError::BadRequest { .. } => "bad request",
        ElasticError::ClusterBlock { .. } => "block",
        ElasticError::Server { .. } => "server",
        ElasticError::NotElasticsearch { .. } => "not elasticsearch",
        ElasticError::AlreadyExists { .. } => "exists",
        ElasticError::BadAnswer { .. } => "bad answer",
        _ => "other",
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_error_and_keeps_its_status() {
    let cases = [
        (401, "security_exception", "unauthorized", false),
        (403, "security_exception", "forbidden", false),
        (403, "cluster_block_exception", "block", false),
        (429, "cluster_block_exception", "block", true),
        (404, "index_not_found_exception", "not found", false),
        (409, "version_conflict_engine_exception", "conflict", false),
        (413, "content_too_long", "too large", false),
        (429, "es_rejected_execution_exception", "busy", true),
        (400, "parsing_exception", "bad request", false),
        (405, "", "bad request", false),
        (500, "null_pointer_exception", "server", true),
        (501, "", "server", false),
        (503, "cluster_block_exception", "server", true),
    ];
    for (status, kind, expected, retryable) in cases {
        let error = error_of(refusal(status, kind, "some reason")).await;
        assert_eq!(variant(&error), expected, "{status} {kind}: {error:?}");
        assert_eq!(error.status(), Some(status), "{status} {kind}");
        assert_eq!(error.is_retryable(), retryable, "{status} {kind}");
        assert!(
            error.to_string().contains("POST /_security/user/_has_privileges"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn wrong_credentials_name_the_settings_to_look_at() {
    let error = error_of(refusal(
        401,
        "security_exception",
        "unable to authenticate user [elastic]",
    ))
    .await;
    insta::assert_snapshot!(error, @"POST /_security/user/_has_privileges: Elasticsearch did not accept the credentials: unable to authenticate user [elastic]; check elasticsearch.api_key, or elasticsearch.username and elasticsearch.password, or the api_key of this entry of connectors");
}

#[tokio::test]
async fn a_missing_privilege_names_the_action() {
    let reason = "action [indices:data/write/bulk[s]] is unauthorized for API key id [x] of user [u] on indices [jira]";
    let ElasticError::Forbidden { action, .. } = error_of(refusal(403, "security_exception", reason)).await else {
        panic!("not forbidden");
    };
    assert_eq!(action.as_deref(), Some("indices:data/write/bulk[s]"));
}

#[tokio::test]
async fn a_full_disk_is_named_as_such() {
    let reason = "index [jira] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];";
    let error = error_of(refusal(403, "cluster_block_exception", reason)).await;
    assert!(error.to_string().contains("flood-stage watermark"), "{error}");
}

#[tokio::test]
async fn causes_are_told_but_values_of_fields_are_not() {
    let body = json!({ "error": {
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "caused_by": { "type": "query_shard_exception", "reason": "No mapping found for [x]" },
    }});
    let error = error_of(ResponseTemplate::new(400).set_body_json(body)).await;
    assert!(
        error
            .to_string()
            .contains("all shards failed: No mapping found for [x]"),
        "{error}"
    );

    let body = json!({ "error": {
        "type": "document_parsing_exception",
        "reason": "[1:5] failed to parse field [due] of type [date] in document with id 'a'. Preview of field's value: 'Ann's pay'",
        "caused_by": { "type": "illegal_argument_exception", "reason": "failed to parse date field [Ann's pay]" },
    }});
    let error = error_of(ResponseTemplate::new(400).set_body_json(body)).await;
    assert!(error.to_string().contains("failed to parse field [due]"), "{error}");
    assert!(!error.to_string().contains("pay"), "{error}");
}

#[tokio::test]
async fn a_page_of_a_proxy_is_described_not_repeated() {
    let page = ResponseTemplate::new(403).set_body_raw("<html>token=abc</html>", "text/html");
    let error = error_of(page).await;
    assert!(
        error
            .to_string()
            .contains("22 bytes that is not Elasticsearch's (text/html)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_login_page_with_status_200_is_not_elasticsearch() {
    let page = ResponseTemplate::new(200).set_body_raw("<html>please log in</html>", "text/html");
    assert_eq!(variant(&error_of(page).await), "not elasticsearch");
}

#[tokio::test]
async fn another_product_at_this_address_is_found_out() {
    for answer in [
        ok(json!({ "hello": 1 })),
        ok(json!({ "version": { "number": "2.0" }, "tagline": "The OpenSearch Project" })),
        ResponseTemplate::new(404).set_body_json(json!({ "status": 404, "error": "Not Found" })),
    ] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let error = client(&server).info().await.unwrap_err();
        assert_eq!(variant(&error), "not elasticsearch");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_or_of_another_shape_is_an_error_with_its_place() {
    let server = MockServer::start().await;
    let cut = ResponseTemplate::new(200).set_body_raw(r#"{"count": 5, "_sh"#, "application/json");
    Mock::given(any())
        .respond_with(cut)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let wrong = json!({ "count": "five", "_shards": { "total": 1, "failed": 0 } });
    Mock::given(any()).respond_with(ok(wrong)).mount(&server).await;
    let indices = client(&server).indices();
    assert_eq!(variant(&indices.count("jira", None).await.unwrap_err()), "bad answer");
    let ElasticError::BadAnswer { path, .. } = indices.count("jira", None).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(path, "count");
}

#[tokio::test]
async fn a_refused_connection_says_where_and_what_to_check() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = ElasticClient::new(config(&format!("http://{address}"))).unwrap();
    let error = client.info().await.unwrap_err();
    assert!(matches!(error, ElasticError::Connect { .. }), "{error:?}");
    assert!(error.is_retryable() && error.is_unreachable());
    assert!(error.to_string().contains(&format!("http://{address}")), "{error}");
    assert!(error.to_string().contains("elasticsearch.host"), "{error}");
}

#[tokio::test]
async fn a_path_behind_a_proxy_is_kept_and_names_are_encoded() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(root_answer())).mount(&server).await;
    let client = ElasticClient::new(config(&format!("{}/es/", server.uri()))).unwrap();
    client.info().await.unwrap();
    client.get_document("jira", "a/b c?d#e%f").await.unwrap_err();
    let seen = crate::support::seen(&server).await;
    assert_eq!(seen, ["GET /es", "GET /es/jira/_doc/a%2Fb%20c%3Fd%23e%25f"]);
}

#[tokio::test]
async fn an_empty_name_never_reaches_the_server() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(json!({}))).mount(&server).await;
    let indices = client(&server).indices();
    for name in ["", ".", "..", "*", "_all", "a,b"] {
        let error = indices.delete(name).await.unwrap_err();
        assert!(
            matches!(error, ElasticError::InvalidRequest { .. }),
            "{name}: {error:?}"
        );
    }
    assert!(crate::support::seen(&server).await.is_empty());
}
