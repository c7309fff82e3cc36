//! TLS: certificates are checked unless that is switched off by name, and messages say what to set.

use std::io::Write as _;
use std::sync::Arc;

use elastic_client::{ElasticClient, ElasticConfig, ElasticError};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CertifiedKey, IsCa, KeyPair,
    generate_simple_self_signed,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{config, root_answer};

/// A server with a certificate that signed itself for `name`, which answers like Elasticsearch's root.
async fn tls_server(name: &str) -> (String, tempfile::NamedTempFile) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    serve(&cert, &signing_key).await
}

/// What `openssl req -x509` makes by default: an authority that is named in its subject alone.
async fn openssl_server() -> (String, tempfile::NamedTempFile) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    serve(&params.self_signed(&key).unwrap(), &key).await
}

/// A certificate for `name` by an authority, whose certificate is in the file.
async fn signed_server(name: &str) -> (String, tempfile::NamedTempFile) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let (host, pem) = serve(&params.signed_by(&key, &authority).unwrap(), &key).await;
    std::fs::write(pem.path(), authority.pem()).unwrap();
    (host, pem)
}

async fn serve(cert: &Certificate, signing_key: &KeyPair) -> (String, tempfile::NamedTempFile) {
    let mut pem = tempfile::NamedTempFile::new().unwrap();
    pem.write_all(cert.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let tls = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            // A client that refuses the certificate ends here, which is what some of the tests are about.
            let Ok(mut stream) = acceptor.accept(connection).await else {
                continue;
            };
            let mut buffer = [0; 4096];
            assert!(
                stream.read(&mut buffer).await.unwrap() > 0,
                "a request comes after the handshake"
            );
            let body = root_answer().to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    });
    (format!("https://127.0.0.1:{port}"), pem)
}

async fn info(config: ElasticConfig) -> Result<String, ElasticError> {
    Ok(ElasticClient::new(config)?.info().await?.version)
}

#[tokio::test]
async fn an_unknown_authority_is_refused_with_the_cure() {
    let (host, _) = tls_server("127.0.0.1").await;
    let error = info(config(&host)).await.unwrap_err();
    assert!(matches!(error, ElasticError::Tls { .. }), "{error:?}");
    assert!(!error.is_retryable() && !error.is_unreachable());
    assert!(error.to_string().contains("elasticsearch.ca_certs"), "{error}");
}

#[tokio::test]
async fn the_configured_authority_is_accepted() {
    let (host, pem) = signed_server("127.0.0.1").await;
    let mut config = config(&host);
    config.ca_certs = Some(pem.path().to_owned());
    assert_eq!(info(config).await.unwrap(), "8.19.21");
}

#[tokio::test]
async fn a_certificate_that_was_named_itself_is_trusted_whatever_it_says() {
    for (host, pem) in [tls_server("elsewhere.example").await, openssl_server().await] {
        assert!(matches!(info(config(&host)).await, Err(ElasticError::Tls { .. })));
        let mut config = config(&host);
        config.ca_certs = Some(pem.path().to_owned());
        assert_eq!(info(config).await.unwrap(), "8.19.21");
    }
}

#[tokio::test]
async fn naming_an_authority_is_not_advised_to_whom_has_named_one() {
    let (host, _) = tls_server("127.0.0.1").await;
    let (_, another) = openssl_server().await;
    let mut config = config(&host);
    config.ca_certs = Some(another.path().to_owned());
    let error = info(config).await.unwrap_err();
    assert!(matches!(error, ElasticError::Tls { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("elasticsearch.ca_certs holds neither"), "{text}");
    assert!(!text.contains("name the signing authority"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (host, pem) = signed_server("elsewhere.example").await;
    let mut config = config(&host);
    config.ca_certs = Some(pem.path().to_owned());
    let error = info(config).await.unwrap_err();
    assert!(matches!(error, ElasticError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn verification_is_off_only_when_asked_for() {
    let (host, _) = tls_server("elsewhere.example").await;
    let mut config = config(&host);
    config.verify_certs = false;
    assert_eq!(info(config).await.unwrap(), "8.19.21");
}

#[tokio::test]
async fn https_to_a_plain_server_hints_at_the_scheme() {
    let server = wiremock::MockServer::start().await;
    let error = info(config(&server.uri().replace("http://", "https://")))
        .await
        .unwrap_err();
    assert!(matches!(error, ElasticError::Tls { .. }), "{error:?}");
    assert!(
        error.to_string().contains("http or https in elasticsearch.host"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unusable_ca_file_is_named_before_anything_is_sent() {
    let mut empty = tempfile::NamedTempFile::new().unwrap();
    empty.write_all(b"no certificate here").unwrap();
    for path in ["/does/not/exist.pem".into(), empty.path().to_owned()] {
        let mut config = config("https://127.0.0.1:1");
        config.ca_certs = Some(path.clone());
        let error = ElasticClient::new(config).unwrap_err();
        assert!(matches!(error, ElasticError::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}
