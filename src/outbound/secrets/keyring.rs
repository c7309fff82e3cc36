//! The keys that secrets are sealed with: one that seals, and older ones that still open.

use std::fmt;
use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::pbkdf2;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Bytes of a key.
pub(super) const KEY_LENGTH: usize = 32;
/// Shorter passphrases are guessed.
const SHORTEST_PASSPHRASE: usize = 32;
/// Once for each key and start; slow enough to make guessing dear.
const ROUNDS: u32 = 600_000;
const SALT: &[u8] = b"jira-connector actions.encryption_key v1";
/// Hexadecimal digits of a key's id.
const ID_LENGTH: usize = 8;

/// A key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyringFault {
    /// Neither 32 bytes in Base64 nor a long passphrase.
    #[error(
        "must be 32 bytes in Base64 (`openssl rand -base64 32` makes one) or a passphrase of at least \
         {SHORTEST_PASSPHRASE} characters"
    )]
    TooShort,
}

/// The sealing key and those that were in use before.
pub struct Keyring {
    current: MasterKey,
    older: Vec<MasterKey>,
}

/// A key with its id.
pub(super) struct MasterKey {
    pub(super) id: String,
    pub(super) cipher: LessSafeKey,
}

impl Keyring {
    /// Reads the keys: `current` seals and opens, `older` only open.
    pub fn new(current: &SecretString, older: &[SecretString]) -> Result<Self, KeyringFault> {
        Ok(Self {
            current: MasterKey::read(current)?,
            older: older.iter().map(MasterKey::read).collect::<Result<_, _>>()?,
        })
    }

    /// The id of the key that seals.
    pub fn current_id(&self) -> &str {
        &self.current.id
    }

    /// Whether it holds the key of this id.
    pub fn knows(&self, id: &str) -> bool {
        self.of_id(id).is_some()
    }

    pub(super) fn current(&self) -> &MasterKey {
        &self.current
    }

    pub(super) fn of_id(&self, id: &str) -> Option<&MasterKey> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|key| key.id == id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current.id)
            .finish_non_exhaustive()
    }
}

impl MasterKey {
    fn read(given: &SecretString) -> Result<Self, KeyringFault> {
        let given = given.expose_secret().trim();
        let bytes = match STANDARD.decode(given) {
            Ok(bytes) if bytes.len() == KEY_LENGTH => bytes,
            _ if given.chars().count() >= SHORTEST_PASSPHRASE => derived(given),
            _ => return Err(KeyringFault::TooShort),
        };
        let hash = digest(&SHA256, &bytes);
        let id: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = UnboundKey::new(&AES_256_GCM, &bytes).expect("the key has the length of the algorithm");
        Ok(Self {
            id: id[..ID_LENGTH].to_owned(),
            cipher: LessSafeKey::new(key),
        })
    }
}

fn derived(passphrase: &str) -> Vec<u8> {
    let mut bytes = vec![0; KEY_LENGTH];
    let rounds = NonZeroU32::new(ROUNDS).expect("it is not zero");
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        SALT,
        passphrase.as_bytes(),
        &mut bytes,
    );
    bytes
}
