//! Reads certificates that a person pasted or put into a file. Whether a server's certificate is one of them is decided
//! in `tls`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use thiserror::Error;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Certificates that are trusted because a person named them.
#[derive(Debug, Clone, Default)]
pub struct Certificates(pub(crate) Vec<CertificateDer<'static>>);

/// Why a text gives no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertificateFault {
    /// Nothing in PEM form.
    #[error("it holds no certificate in PEM form (-----BEGIN CERTIFICATE----- ...)")]
    None,
    /// Cut off.
    #[error("a certificate has no end line")]
    NoEnd,
    /// Damaged.
    #[error("a certificate is no valid base64 text")]
    NoBase64,
    /// Something else, encoded.
    #[error("what it holds in PEM form is not a certificate that the TLS library can read")]
    Unreadable,
}

impl Certificates {
    /// Reads PEM text whose line breaks may have become blanks or `\n` in letters, as they do in one-line form fields.
    pub fn from_pem(text: &str) -> Result<Self, CertificateFault> {
        let mut found = Vec::new();
        let mut rest = text;
        while let Some(begin) = rest.find(BEGIN) {
            rest = &rest[begin + BEGIN.len()..];
            let end = rest.find(END).ok_or(CertificateFault::NoEnd)?;
            let encoded: String = rest[..end]
                .replace("\\r", "")
                .replace("\\n", "")
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect();
            rest = &rest[end + END.len()..];
            let bytes = BASE64_STANDARD
                .decode(encoded)
                .map_err(|_| CertificateFault::NoBase64)?;
            let certificate = CertificateDer::from(bytes);
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|_| CertificateFault::Unreadable)?;
            found.push(certificate);
        }
        if found.is_empty() {
            return Err(CertificateFault::None);
        }
        Ok(Self(found))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
