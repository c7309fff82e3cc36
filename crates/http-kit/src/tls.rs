//! Decides which servers are trusted: by the authorities of the system, or because a person named the certificate.
//!
//! Messages with the names of settings are made by each client.

use std::sync::Arc;

use reqwest::{ClientBuilder, redirect};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::certificates::Certificates;

/// How far the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Chain and host name.
    #[default]
    Full,
    /// Chain only: any name in the certificate is accepted.
    Certificate,
    /// Nothing is checked.
    None,
}

/// Whom a client trusts. The default trusts the authorities of the system and checks everything.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// How far the certificate is checked.
    pub verification: Verification,
    /// Certificates that a person named. A server that shows one of them, byte for byte, is trusted whatever the
    /// certificate says about itself: its name, its dates, whether it is an authority. A server whose certificate one
    /// of them signed is trusted as by any other authority.
    pub named: Certificates,
    /// Trust nobody but `named`.
    pub named_only: bool,
}

/// The protocols that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 where the server offers it.
    Http2,
}

impl Tls {
    /// The beginning of a client: this trust, these protocols, and no redirects of its own, because a redirect could
    /// take a credential elsewhere.
    pub fn client_builder(&self, protocols: Protocols) -> ClientBuilder {
        let mut config = self.config();
        config.alpn_protocols = match protocols {
            Protocols::Http1 => vec![b"http/1.1".to_vec()],
            Protocols::Http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        let builder = reqwest::Client::builder()
            .use_preconfigured_tls(config)
            .redirect(redirect::Policy::none());
        match protocols {
            Protocols::Http1 => builder.http1_only(),
            Protocols::Http2 => builder,
        }
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider speaks TLS 1.2 and 1.3");
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(self, provider)))
            .with_no_client_auth()
    }

    /// Unreadable certificates of the system are passed over: the others and the built-in ones still work.
    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        if !self.named_only {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots.add_parsable_certificates(self.named.0.iter().cloned());
        roots
    }
}

#[derive(Debug)]
struct Verifier {
    verification: Verification,
    named: Vec<CertificateDer<'static>>,
    roots: Arc<RootCertStore>,
    /// None only when there is no authority at all to ask.
    full: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(tls: &Tls, provider: Arc<CryptoProvider>) -> Self {
        let roots = Arc::new(tls.roots());
        let full = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider)).build();
        Self {
            verification: tls.verification,
            named: tls.named.0.clone(),
            roots,
            full: full.ok(),
            provider,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The handshake's signature is checked in each case: the server has the key of the certificate that it shows.
        if self.verification == Verification::None || self.named.iter().any(|named| named == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        if self.verification == Verification::Certificate {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            rustls::client::verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.roots,
                intermediates,
                now,
                algorithms,
            )?;
            return Ok(ServerCertVerified::assertion());
        }
        let full = self.full.as_ref().ok_or(rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer,
        ))?;
        full.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_has_certificates_verified() {
        assert_eq!(Verification::default(), Verification::Full);
        let usual = Tls::default();
        assert_eq!((usual.verification, usual.named_only), (Verification::Full, false));
    }
}
