//! Seals the secrets of one record. A random data key encrypts them, the master key encrypts the data key: a rotation of
//! the master key wraps the data key anew and touches nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;

use super::keyring::{KEY_LENGTH, Keyring};

const VERSION: u8 = 1;

/// Sealed secrets, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    v: u8,
    /// The id of the master key.
    kid: String,
    /// The data key under the master key: nonce and cipher text in Base64.
    wrapped: String,
    /// The secrets under the data key, likewise.
    data: String,
}

/// The secrets cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvelopeFault {
    /// They were sealed with a key that is not configured.
    #[error(
        "its secrets are sealed with key {kid}, which is neither actions.encryption_key nor one of \
         actions.decryption_only_keys"
    )]
    UnknownKey {
        /// The id of that key.
        kid: String,
    },
    /// They, or what they belong to, were changed by somebody else than this program.
    #[error("its secrets do not belong to its settings: the record was changed by hand; set its secrets again")]
    Changed,
}

impl Envelope {
    /// Seals the secrets of what `owner` describes: another owner cannot open them.
    pub fn seal(secrets: &[u8], owner: &str, keyring: &Keyring) -> Self {
        let data_key = random::<KEY_LENGTH>();
        let master = keyring.current();
        Self {
            v: VERSION,
            kid: master.id.clone(),
            wrapped: encrypt(&master.cipher, &data_key, &wrapping_context(&master.id)),
            data: encrypt(&cipher(&data_key), secrets, owner),
        }
    }

    /// Opens them for the same owner.
    pub fn open(&self, owner: &str, keyring: &Keyring) -> Result<Vec<u8>, EnvelopeFault> {
        let data_key = self.data_key(keyring)?;
        decrypt(&cipher(&data_key), &self.data, owner)
    }

    /// The same under the current master key.
    pub fn rewrapped(&self, keyring: &Keyring) -> Result<Self, EnvelopeFault> {
        let data_key = self.data_key(keyring)?;
        let master = keyring.current();
        Ok(Self {
            kid: master.id.clone(),
            wrapped: encrypt(&master.cipher, &data_key, &wrapping_context(&master.id)),
            ..self.clone()
        })
    }

    /// The id of the master key that it needs.
    pub fn key_id(&self) -> &str {
        &self.kid
    }

    fn data_key(&self, keyring: &Keyring) -> Result<Vec<u8>, EnvelopeFault> {
        let unknown = || EnvelopeFault::UnknownKey { kid: self.kid.clone() };
        let master = keyring.of_id(&self.kid).ok_or_else(unknown)?;
        let key = decrypt(&master.cipher, &self.wrapped, &wrapping_context(&self.kid))?;
        if key.len() == KEY_LENGTH {
            Ok(key)
        } else {
            Err(EnvelopeFault::Changed)
        }
    }
}

fn wrapping_context(kid: &str) -> String {
    json!([VERSION, "data key", kid]).to_string()
}

fn cipher(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("data keys have the length of the algorithm"))
}

fn encrypt(cipher: &LessSafeKey, plain: &[u8], context: &str) -> String {
    let nonce = random::<NONCE_LEN>();
    let mut sealed = plain.to_vec();
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .expect("secrets are far shorter than the limit of the cipher");
    STANDARD.encode([nonce.as_slice(), &sealed].concat())
}

fn decrypt(cipher: &LessSafeKey, text: &str, context: &str) -> Result<Vec<u8>, EnvelopeFault> {
    let bytes = STANDARD.decode(text).map_err(|_| EnvelopeFault::Changed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(EnvelopeFault::Changed)?;
    let mut sealed = sealed.to_vec();
    let plain = cipher
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut sealed)
        .map_err(|_| EnvelopeFault::Changed)?;
    Ok(plain.to_vec())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system has random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use test_case::test_case;

    use super::super::keyring::KeyringFault;
    use super::*;

    const OLD: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    const NEW: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
    const OWNER: &str = r#"["ops",".jira",{"apiUrl":"https://a.example"}]"#;

    fn keyring(current: &str, older: &[&str]) -> Keyring {
        let older: Vec<SecretString> = older.iter().map(|key| SecretString::from(*key)).collect();
        Keyring::new(&SecretString::from(current), &older).unwrap()
    }

    #[test]
    fn a_thief_who_may_write_the_index_cannot_send_the_key_to_his_own_host() {
        let keys = keyring(OLD, &[]);
        let sealed = Envelope::seal(b"secret", OWNER, &keys);
        assert_eq!(sealed.open(OWNER, &keys).unwrap(), b"secret");
        let his = OWNER.replace("a.example", "evil.example");
        assert_eq!(sealed.open(&his, &keys), Err(EnvelopeFault::Changed));
        let stored = serde_json::to_string(&sealed).unwrap();
        assert!(!stored.contains("secret"), "{stored}");
    }

    #[test]
    fn a_new_key_takes_over_without_the_secrets_being_typed_again() {
        let sealed = Envelope::seal(b"secret", OWNER, &keyring(OLD, &[]));
        let only_new = keyring(NEW, &[]);
        assert_eq!(
            sealed.open(OWNER, &only_new),
            Err(EnvelopeFault::UnknownKey {
                kid: sealed.key_id().to_owned()
            })
        );
        let both = keyring(NEW, &[OLD]);
        assert_eq!(sealed.open(OWNER, &both).unwrap(), b"secret");
        let rewrapped = sealed.rewrapped(&both).unwrap();
        assert_eq!(rewrapped.key_id(), only_new.current_id());
        assert_eq!(rewrapped.open(OWNER, &only_new).unwrap(), b"secret");
    }

    #[test_case("wrapped"; "the data key")]
    #[test_case("data"; "the secrets")]
    fn a_changed_byte_is_noticed(member: &str) {
        let keys = keyring(OLD, &[]);
        let mut stored = serde_json::to_value(Envelope::seal(b"secret", OWNER, &keys)).unwrap();
        let mut bytes = STANDARD.decode(stored[member].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        stored[member] = json!(STANDARD.encode(bytes));
        let changed: Envelope = serde_json::from_value(stored).unwrap();
        assert_eq!(changed.open(OWNER, &keys), Err(EnvelopeFault::Changed));
    }

    #[test]
    fn a_passphrase_is_long_or_refused() {
        let read = |text: &str| Keyring::new(&SecretString::from(text), &[]).map(|keys| keys.current_id().len());
        assert_eq!(read("a passphrase of many words, long enough"), Ok(8));
        assert_eq!(read("too short"), Err(KeyringFault::TooShort));
    }
}
