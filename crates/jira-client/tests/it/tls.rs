//! Certificates: trusted, foreign, for another name; and what each setting makes of them.
//!
//! The certificates are made for each test; none is kept in the repository.

use std::sync::Arc;

use jira_client::{Edition, ErrorKind, JiraClient, JiraError, TlsVerification};
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
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
    TlsJira {
        address: serve(&certificate, &key).await,
        ca_pem: authority.pem(),
    }
}

/// A certificate that signed itself, as `openssl req -x509` makes it: an authority by default, and named only in its
/// subject unless asked for.
fn self_signed(names: &[&str], is_ca: bool) -> (Certificate, KeyPair) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "jira.internal");
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

/// The first connections end before the handshake is over; the others get this answer.
pub(crate) async fn jira_that_resets_first(resets: usize, answer: Vec<u8>) -> TlsJira {
    let (certificate, key) = self_signed(&["127.0.0.1"], false);
    TlsJira {
        address: answering(&certificate, &key, resets, answer).await,
        ca_pem: certificate.pem(),
    }
}

async fn serve(certificate: &Certificate, key: &KeyPair) -> String {
    let answer = raw("200 OK", &["Content-Type: application/json"], 2, b"[]");
    answering(certificate, key, 0, answer).await
}

async fn answering(certificate: &Certificate, key: &KeyPair, mut resets: usize, answer: Vec<u8>) -> String {
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
            if resets > 0 {
                resets -= 1;
                continue;
            }
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0u8; 4096];
                drop(stream.read(&mut buffer).await);
                drop(stream.write_all(&answer).await);
                drop(stream.shutdown().await);
            });
        }
    });
    address
}

/// Asks a server for its fields, when this was pasted into `ssl_ca`.
async fn asked(address: &str, pasted: Option<String>) -> Result<(), JiraError> {
    let mut config = config(address, Edition::DataCenter);
    config.tls.ca_pem = pasted;
    JiraClient::new(config)?.fields().await.map(drop)
}

#[test_case(&["127.0.0.1"], true; "an authority that names the address")]
#[test_case(&[], true; "the defaults of openssl, without a name")]
#[test_case(&[], false; "no authority, without a name")]
#[test_case(&["jira.internal"], false; "another name")]
#[tokio::test]
async fn a_server_certificate_is_refused_until_it_is_pasted(names: &[&str], is_ca: bool) {
    let (certificate, key) = self_signed(names, is_ca);
    let address = serve(&certificate, &key).await;
    let error = asked(&address, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    let pasted = certificate.pem().replace("\r\n", " ").replace('\n', " ");
    asked(&address, Some(pasted)).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_only_looks_like_the_pasted_one_is_refused_and_pasting_is_not_advised_again() {
    let (pasted, _) = self_signed(&["127.0.0.1"], true);
    let (shown, key) = self_signed(&["127.0.0.1"], true);
    let address = serve(&shown, &key).await;
    let error = asked(&address, Some(pasted.pem())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    let text = error.to_string();
    assert!(text.contains("ssl_ca holds neither"), "{text}");
    assert!(!text.contains("give the authority"), "{text}");
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
        assert!(error.to_string().contains("ssl_ca"), "{error}");
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
