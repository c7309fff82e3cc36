//! What the ledger knows of one key.

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::port::External;

/// What the ledger knows of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The connector.
    pub connector: String,
    /// The key, unique within the connector.
    pub key: String,
    /// How far it is.
    pub state: State,
    /// The call that makes it, while one does.
    pub holder: String,
    /// Until when nobody else looks whether that call is gone.
    pub held_until: DateTime<Utc>,
    /// Since when something may have been made that this entry does not know.
    pub unsure_since: DateTime<Utc>,
    /// The thing, once it is known.
    pub external: Option<External>,
}

/// How far a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A call makes it, or made it and did not live to say so.
    Making,
    /// It was made.
    Made,
    /// There is nothing: the last try was surely not carried out.
    Free,
}

/// A key of a connector as one text of one length, whatever callers take for a key: the id of its entry, and the mark that
/// things in outside systems carry. It tells nobody the key.
pub fn mark(connector: &str, key: &str) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(&(connector.len() as u64).to_be_bytes());
    hash.update(connector.as_bytes());
    hash.update(key.as_bytes());
    let hash = hash.finish();
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
