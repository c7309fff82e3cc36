//! Both sides in memory, with what can go wrong, and a record of the order in which things happened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use futures::future::BoxFuture;
use serde_json::{Map, Value};

use super::ports::{AccessStore, People, PermissionSource, Presence, StoredIdentity, UserKey};
use crate::access_control::{ANYONE, Identity, Known, NOBODY, Person, Site, Token, TokensInUse};
use crate::sync::{SinkError, SourceError, WriteFence, WriteRefused};

/// Jira's side.
#[derive(Debug, Default)]
pub(super) struct MemoryPermissions {
    pub(super) people: Vec<Person>,
    pub(super) inactive: HashSet<String>,
    /// Facts about those who are asked about one by one; nobody else is there.
    pub(super) presences: HashMap<String, Presence>,
    pub(super) site: Site,
    /// The account changes when it is asked about for this time.
    pub(super) account_changes_at: Option<u32>,
    pub(super) asked: Mutex<u32>,
    pub(super) hidden: bool,
}

impl PermissionSource for MemoryPermissions {
    async fn people(&mut self) -> Result<Known<People>, SourceError> {
        if self.hidden {
            return Ok(Known::Refused("users are hidden".into()));
        }
        Ok(Known::Read(People {
            people: self.people.clone(),
            inactive: self.inactive.clone(),
            may_lack_some: false,
        }))
    }

    async fn look_up(&mut self, name: &str) -> Result<Presence, SourceError> {
        Ok(self.presences.get(name).cloned().unwrap_or(Presence::Gone))
    }

    async fn site(&mut self, _: &TokensInUse) -> Result<Site, SourceError> {
        Ok(std::mem::take(&mut self.site))
    }

    async fn confirm_account(&self) -> Result<(), SourceError> {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        if self.account_changes_at == Some(*asked) {
            return Err(SourceError::new("another account answers", true).fatal());
        }
        Ok(())
    }

    fn requests(&self) -> u64 {
        7
    }
}

/// The content of the index, and its history.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) identities: BTreeMap<String, Value>,
    pub(super) documents: BTreeMap<String, BTreeSet<String>>,
    pub(super) keys: Vec<UserKey>,
    /// Such as `fence`, `write ada`, `remove ada`, `invalidate key-1`, `mark`.
    pub(super) events: Vec<String>,
    /// Identities of these are refused when they hold tokens, or always.
    pub(super) refuses: BTreeSet<String>,
    pub(super) refuses_even_empty: bool,
    refused: BTreeSet<String>,
    /// The fence refuses after so many answers.
    pub(super) leave_ends_after: Option<usize>,
}

/// Elasticsearch's side, which is the fence too.
#[derive(Debug, Default)]
pub(super) struct MemoryStore(pub(super) Mutex<State>);

impl MemoryStore {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn tokens_of(&self, name: &str) -> BTreeSet<String> {
        Identity::stored(&self.state().identities[name]).tokens
    }
}

impl WriteFence for MemoryStore {
    fn before_write(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        let mut state = self.state();
        let asked = state.events.iter().filter(|event| *event == "fence").count();
        state.events.push("fence".into());
        let lost = state.leave_ends_after.is_some_and(|most| asked >= most);
        let answer = if lost { Err(WriteRefused("lost".into())) } else { Ok(()) };
        Box::pin(std::future::ready(answer))
    }

    fn before_delete(&self) -> BoxFuture<'_, Result<(), WriteRefused>> {
        self.before_write()
    }
}

impl AccessStore for MemoryStore {
    async fn access_field(&self) -> Result<String, SinkError> {
        Ok("access".into())
    }

    async fn stored(&self) -> Result<HashMap<String, StoredIdentity>, SinkError> {
        let names = self.state().identities.keys().cloned().collect::<Vec<_>>();
        Ok(names
            .into_iter()
            .map(|name| (name, StoredIdentity { first_written: None }))
            .collect())
    }

    async fn tokens(&self, _: &str, pattern: &str) -> Result<Vec<String>, SinkError> {
        let whole = regex::Regex::new(&format!("^({pattern})$")).unwrap();
        let state = self.state();
        let all: BTreeSet<&String> = state.documents.values().flatten().collect();
        Ok(all.into_iter().filter(|token| whole.is_match(token)).cloned().collect())
    }

    async fn write(&self, id: &str, identity: Map<String, Value>) -> Result<(), SinkError> {
        let mut state = self.state();
        state.events.push(format!("write {id}"));
        let identity = Value::Object(identity);
        let is_empty = Identity::stored(&identity).tokens.is_empty();
        if state.refuses.contains(id) && (!is_empty || state.refuses_even_empty) {
            state.refused.insert(id.to_owned());
        } else {
            state.identities.insert(id.to_owned(), identity);
        }
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result<(), SinkError> {
        let mut state = self.state();
        state.events.push(format!("remove {id}"));
        state.identities.remove(id);
        Ok(())
    }

    async fn flush(&self) -> Result<BTreeSet<String>, SinkError> {
        Ok(std::mem::take(&mut self.state().refused))
    }

    async fn mark_public(&self, _: &str, public: &BTreeSet<Token>) -> Result<u64, SinkError> {
        let texts: BTreeSet<String> = public.iter().map(ToString::to_string).collect();
        let mut state = self.state();
        state.events.push("mark".into());
        for tokens in state.documents.values_mut() {
            if tokens.is_disjoint(&texts) {
                tokens.remove(ANYONE);
            } else {
                tokens.insert(ANYONE.into());
            }
        }
        Ok(0)
    }

    async fn deny_unmarked(&self, _: &str) -> Result<u64, SinkError> {
        let mut state = self.state();
        state.events.push("deny".into());
        let unmarked = state.documents.values_mut().filter(|tokens| tokens.is_empty());
        Ok(unmarked.map(|tokens| tokens.insert(NOBODY.into())).count() as u64)
    }

    async fn count(&self, _: &str, tokens: &BTreeSet<String>, without: Option<&str>) -> Result<u64, SinkError> {
        let state = self.state();
        let named = state.documents.values().filter(|of| !of.is_disjoint(tokens));
        let counted = named.filter(|of| without.is_none_or(|prefix| !of.iter().any(|token| token.starts_with(prefix))));
        Ok(counted.count() as u64)
    }

    async fn keys(&self) -> Result<Vec<UserKey>, SinkError> {
        Ok(self.state().keys.clone())
    }

    async fn invalidate(&self, key: &str) -> Result<(), SinkError> {
        let mut state = self.state();
        state.events.push(format!("invalidate {key}"));
        state.keys.retain(|one| one.id != key);
        Ok(())
    }
}
