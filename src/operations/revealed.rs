//! Secrets that are made here and handed to whoever asked for them, once. Everywhere else secrets do not serialize.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serializer;

pub(super) fn revealed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
