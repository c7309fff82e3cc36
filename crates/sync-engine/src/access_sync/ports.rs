//! Declares both sides of an access control sync: the reader of people and permissions, and the index of
//! identities with the marks on documents and the keys beside it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::Future;

use serde_json::{Map, Value};

use crate::access_control::{Known, Person, Site, Token, TokensInUse};
use crate::sync::{SinkError, SourceError};

/// Reads people and permissions.
pub trait PermissionSource: Send {
    /// Every user with an identity, or why they are not shown. To be asked first: permissions may name users by login.
    fn people(&mut self) -> impl Future<Output = Result<Known<People>, SourceError>> + Send;

    /// Asks about a user who is not listed and has an identity. To be asked before permissions are read.
    fn look_up(&mut self, name: &str) -> impl Future<Output = Result<Presence, SourceError>> + Send;

    /// The permissions of all projects in scope, with the members of every role and group that matters.
    fn site(&mut self, in_use: &TokensInUse) -> impl Future<Output = Result<Site, SourceError>> + Send;

    /// Proves that the account is still the one that logged in.
    fn confirm_account(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Requests sent so far.
    fn requests(&self) -> u64;
}

/// Users who get an identity.
#[derive(Debug, Default)]
pub struct People {
    /// Active users; app and customer accounts are left out.
    pub people: Vec<Person>,
    /// Users who are listed and have no identity, by the `_id` that it would have.
    pub inactive: HashSet<String>,
    /// Whether there may be more that no search showed.
    pub may_lack_some: bool,
}

/// Facts about one user.
#[derive(Debug, Clone)]
pub enum Presence {
    /// There and active, although no list showed them.
    Here(Person),
    /// No longer there, or no longer active.
    Gone,
    /// No clear answer.
    Unknown(String),
}

/// An identity that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIdentity {
    /// `_timestamp`: when it was first written.
    pub first_written: Option<String>,
}

/// An API key of ours that was made for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKey {
    /// Its id.
    pub id: String,
    /// `_id` of the identity it was made for.
    pub identity: String,
    /// Fingerprint of that identity at the time.
    pub fingerprint: String,
}

/// Identities, the marks on documents, and keys.
pub trait AccessStore: Send + Sync {
    /// The name under which documents can be searched for exact tokens.
    fn access_field(&self) -> impl Future<Output = Result<String, SinkError>> + Send;

    /// Every identity that is there, by `_id`.
    fn stored(&self) -> impl Future<Output = Result<HashMap<String, StoredIdentity>, SinkError>> + Send;

    /// The tokens of documents that match a pattern of [`Token`].
    fn tokens(&self, field: &str, pattern: &str) -> impl Future<Output = Result<Vec<String>, SinkError>> + Send;

    /// Writes an identity. What became of it is known after [`AccessStore::flush`].
    fn write(&self, id: &str, identity: Map<String, Value>) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Removes an identity. What became of it is known after [`AccessStore::flush`].
    fn remove(&self, id: &str) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Returns when everything written before has an outcome: the identities that were refused since the last time.
    fn flush(&self) -> impl Future<Output = Result<BTreeSet<String>, SinkError>> + Send;

    /// Brings the mark of public documents up to date: those with one of these tokens have it, no others do. Returns how
    /// many changed.
    fn mark_public(&self, field: &str, public: &BTreeSet<Token>)
    -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// Gives documents without any tokens to nobody. Returns how many there were.
    fn deny_unmarked(&self, field: &str) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// Counts the documents with one of these tokens, and none that begins with `without`.
    fn count(
        &self,
        field: &str,
        tokens: &BTreeSet<String>,
        without: Option<&str>,
    ) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// The keys that were made for users of this index and still work.
    fn keys(&self) -> impl Future<Output = Result<Vec<UserKey>, SinkError>> + Send;

    /// Makes a key unusable.
    fn invalidate(&self, key: &str) -> impl Future<Output = Result<(), SinkError>> + Send;
}
