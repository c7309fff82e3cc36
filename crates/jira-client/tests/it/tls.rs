//! Certificates: trusted, foreign, for another name; and what each setting makes of them.
//!
//! The certificates are made for each test; none is kept in the repository.

use std::sync::Arc;

use jira_client::{Edition, ErrorKind, JiraClient, TlsVerification};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use test_case::test_case;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::fake_jira::{config, raw};

pub(crate) struct TlsJira {
    pub(crate) address: String,
    pub(crate) ca_pem: String,
}

/// A Jira whose certificate is issued for the name by an authority that no system knows.
pub(crate) async fn jira_named(name: &str) -> TlsJira {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let server = ServerConfig::builder_with_provider(Arc::new(tokio_rustls::rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0u8; 4096];
                drop(stream.read(&mut buffer).await);
                let answer = raw("200 OK", &["Content-Type: application/json"], 2, b"[]");
                drop(stream.write_all(&answer).await);
                drop(stream.shutdown().await);
            });
        }
    });
    TlsJira {
        address,
        ca_pem: authority.pem(),
    }
}

#[derive(Clone, Copy)]
enum Ca {
    None,
    Given,
    /// As it is after a one-line form field.
    OnOneLine,
}

#[test_case("127.0.0.1", Ca::None, TlsVerification::Full => Some(ErrorKind::Tls); "unknown authority")]
#[test_case("127.0.0.1", Ca::None, TlsVerification::Certificate => Some(ErrorKind::Tls); "unknown authority, name unchecked")]
#[test_case("127.0.0.1", Ca::None, TlsVerification::None => None; "nothing checked")]
#[test_case("127.0.0.1", Ca::Given, TlsVerification::Full => None; "authority given")]
#[test_case("127.0.0.1", Ca::OnOneLine, TlsVerification::Full => None; "authority given on one line")]
#[test_case("jira.internal", Ca::Given, TlsVerification::Full => Some(ErrorKind::Tls); "another name")]
#[test_case("jira.internal", Ca::Given, TlsVerification::Certificate => None; "another name, unchecked")]
#[tokio::test]
async fn verification(name: &'static str, ca: Ca, verification: TlsVerification) -> Option<ErrorKind> {
    let jira = jira_named(name).await;
    let mut config = config(&jira.address, Edition::Cloud);
    config.tls.verification = verification;
    config.tls.ca_pem = match ca {
        Ca::None => None,
        Ca::Given => Some(jira.ca_pem),
        Ca::OnOneLine => Some(jira.ca_pem.replace("\r\n", " ").replace('\n', " ")),
    };
    let client = JiraClient::new(config).unwrap();
    let outcome = client.fields().await;
    if let Err(error) = &outcome {
        let text = error.to_string();
        assert!(text.contains("ssl_ca") && text.contains("ssl_verification"), "{text}");
        assert_eq!(
            client.stats().requests,
            1,
            "a certificate does not change by asking again"
        );
    }
    outcome.err().map(|error| error.kind())
}

#[test_case("no certificate at all"; "other text")]
#[test_case("-----BEGIN CERTIFICATE----- AAAA"; "no end")]
#[test_case("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----"; "no base64")]
#[test_case("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"; "no certificate inside")]
fn a_bad_authority_is_named(pem: &str) {
    let mut config = config("https://jira.example.com", Edition::Cloud);
    config.tls.ca_pem = Some(pem.to_owned());
    let error = JiraClient::new(config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("ssl_ca"), "{error}");
}
