//! How secrets lie in an index: sealed with their configuration, so that neither can be changed without the other.
//!
//! Which records there are is left to `store`.

mod envelope;
mod keyring;

pub use envelope::{Envelope, EnvelopeFault};
pub use keyring::{Keyring, KeyringFault};
