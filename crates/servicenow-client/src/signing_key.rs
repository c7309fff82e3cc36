//! Reads private keys and signs assertions with them (RS256). When one is needed is decided in `credential`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;
use ring::signature::RsaKeyPair;
use serde_json::Value;
use thiserror::Error;

/// An RSA key that signs assertions.
#[derive(Debug)]
pub struct SigningKey(Box<RsaKeyPair>);

/// Why a text is no key that can be used. It never shows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFault {
    /// Something else, or cut off.
    #[error(
        "the private key is not in PEM form (-----BEGIN PRIVATE KEY----- ... -----END PRIVATE KEY-----): paste all of it"
    )]
    NoPem,
    /// A password protects it.
    #[error(
        "the private key is encrypted, which is not supported: decrypt it with `openssl pkcs8 -topk8 -nocrypt` first"
    )]
    Encrypted,
    /// Not RSA, too short, or damaged.
    #[error("the private key is no RSA key of 2048 to 8192 bits that can be read: {0}")]
    Unreadable(&'static str),
}

impl SigningKey {
    /// Reads PEM text whose line breaks may have become blanks or `\n` in letters.
    pub fn from_pem(text: &str) -> Result<Self, KeyFault> {
        if text.contains("ENCRYPTED") {
            return Err(KeyFault::Encrypted);
        }
        let pkcs8 = body(text, "PRIVATE KEY");
        let encoded = pkcs8.or_else(|| body(text, "RSA PRIVATE KEY")).ok_or(KeyFault::NoPem)?;
        let encoded = encoded.replace("\\r", "").replace("\\n", "");
        let encoded: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
        let der = BASE64_STANDARD.decode(encoded).map_err(|_| KeyFault::NoPem)?;
        let pair = match pkcs8 {
            Some(_) => RsaKeyPair::from_pkcs8(&der),
            None => RsaKeyPair::from_der(&der),
        };
        pair.map(|pair| Self(Box::new(pair)))
            .map_err(|rejected| KeyFault::Unreadable(reason(&rejected)))
    }

    /// A signed JSON Web Token.
    pub(crate) fn sign(&self, key_id: &str, claims: &Value) -> Result<String, KeyFault> {
        let header = serde_json::json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| KeyFault::Unreadable("it does not sign"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn body<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    Some(rest.split_once(&format!("-----END {label}-----"))?.0)
}

fn reason(rejected: &ring::error::KeyRejected) -> &'static str {
    match rejected.to_string().as_str() {
        "TooSmall" => "it is too short",
        "TooLarge" => "it is too long",
        "WrongAlgorithm" => "it is of another algorithm",
        _ => "it is damaged",
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    const PEM: &str = include_str!("../../../fixtures/servicenow/keys/jwt.pem");

    #[test]
    fn a_key_pasted_into_one_line_is_read() {
        assert!(SigningKey::from_pem(PEM).is_ok());
        assert!(SigningKey::from_pem(&PEM.replace('\n', "\\n")).is_ok());
        assert!(SigningKey::from_pem(&PEM.replace('\n', " ")).is_ok());
    }

    #[test_case("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----" => KeyFault::Encrypted; "encrypted")]
    #[test_case("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----" => KeyFault::Encrypted; "encrypted the old way")]
    #[test_case("secret" => KeyFault::NoPem; "no key")]
    #[test_case("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" => KeyFault::Unreadable("it is damaged"); "damaged")]
    fn a_key_that_cannot_be_used_says_why(text: &str) -> KeyFault {
        SigningKey::from_pem(text).unwrap_err()
    }
}
