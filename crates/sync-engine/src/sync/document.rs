//! A document on its way from the source to the sink, and the rules for its `_id`.
//!
//! `source::documents` decides what a document contains; this file only knows what every document has.

use std::fmt;

use md5::{Digest, Md5};
use serde_json::{Map, Value};

pub use crate::access_control::{ACCESS_FIELD, NOBODY};

/// Elasticsearch refuses an `_id` of more than this many bytes of UTF-8.
const MAX_ID_BYTES: usize = 512;

/// The `_id` of a document, never longer than Elasticsearch allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(String);

impl DocumentId {
    /// Takes an id as the connector protocol builds it; one that is too long becomes the hexadecimal MD5 of itself,
    /// exactly as the framework does it, so that an index it made is taken over.
    pub fn new(id: String) -> Self {
        if id.len() <= MAX_ID_BYTES {
            return Self(id);
        }
        let digest = Md5::digest(id.as_bytes());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The text that goes into `_id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 64 bits of this id: sets of ids keep these instead of the text, at 8 bytes an id.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(&self.0)
    }
}

/// The fingerprint of an `_id` read back from the index. Two ids with one fingerprint, which happens once in some
/// trillion pairs of large indices, could only make a sync keep a document for longer.
pub fn fingerprint(id: &str) -> u64 {
    let digest: [u8; 16] = Md5::digest(id.as_bytes()).into();
    u64::from_be_bytes(digest[..8].try_into().expect("eight bytes are eight bytes"))
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The families of documents. An issue's own `Type` is its issue type's name, so families cannot be told by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A Jira project.
    Project,
    /// A Jira issue with its public comments and worklogs.
    #[default]
    Issue,
    /// One file attached to an issue.
    Attachment,
    /// A comment that only some readers of its issue may see.
    Comment,
    /// A worklog that only some readers of its issue may see.
    Worklog,
    /// One entry of an issue's history.
    Changelog,
    /// A board.
    Board,
    /// A sprint.
    Sprint,
}

/// A document ready to be encoded.
#[derive(Clone, Debug)]
pub struct Document {
    /// The `_id`.
    pub id: DocumentId,
    /// The family it belongs to.
    pub kind: DocumentKind,
    /// Numeric id of the Jira object.
    pub jira_id: u64,
    /// Numeric id of the issue that this document belongs to; the issue's own id for an issue, none for a project.
    pub issue_id: Option<u64>,
    /// The fields to index.
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_stays_as_it_is() {
        assert_eq!(DocumentId::new("Alpha-AL-1".into()).as_str(), "Alpha-AL-1");
    }

    #[test]
    fn an_id_of_exactly_512_bytes_stays_and_one_more_byte_is_hashed() {
        let longest = "é".repeat(256);
        assert_eq!(DocumentId::new(longest.clone()).as_str(), longest);
        let hashed = DocumentId::new(format!("{longest}x"));
        assert_eq!(hashed.as_str().len(), 32);
        assert!(hashed.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
