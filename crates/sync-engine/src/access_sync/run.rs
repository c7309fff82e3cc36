//! The steps of an access control sync, in their order.
//!
//! Identities first, then the marks on documents, then keys, and at last identities of users who are gone: whatever
//! stops it in between, nobody sees more than before or than Jira shows them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::error::AccessSyncError;
use super::ports::{AccessStore, People, PermissionSource, StoredIdentity};
use super::who_is_missing::{Missing, look_for_missing};
use crate::access_control::{Gap, Identity, Known, Person, READERS, Site, Token, TokensInUse, identity_document};
use crate::sync::{DeletionGuard, GuardVerdict, Phase, Progress, SinkError, WriteFence};

/// Reasons that a job lists; there may be one for every project.
const MOST_REASONS: usize = 50;

/// One access control sync.
pub struct AccessSync<'a, P, S> {
    /// Jira's side.
    pub permissions: P,
    /// Elasticsearch's side.
    pub store: &'a S,
    /// Asked before everything that is written.
    pub fence: &'a dyn WriteFence,
    /// Receives its counts and notes.
    pub progress: &'a Progress,
    /// The number of identities that may go unasked.
    pub guard: DeletionGuard,
    /// The time that identities carry.
    pub now: DateTime<Utc>,
}

impl<P: PermissionSource, S: AccessStore> AccessSync<'_, P, S> {
    /// Runs it. When it fails, nobody sees more than before or than Jira shows them.
    pub async fn run(mut self) -> Result<(), AccessSyncError> {
        let field = self.store.access_field().await?;
        self.progress.enter(Phase::Syncing);
        let mut people = self.people().await?;
        let stored = self.store.stored().await?;
        let missing = look_for_missing(&mut self.permissions, &mut people, &stored, self.progress).await?;
        let in_use = TokensInUse::from_tokens(self.store.tokens(&field, Token::UNFORESEEN).await?);
        let site = self.permissions.site(&in_use).await?;
        self.permissions.confirm_account().await?;
        self.progress.requests(self.permissions.requests());

        let current = self
            .write_identities(&people, &missing, &site, &in_use, &stored, &field)
            .await?;
        self.mark_documents(&site, &field).await?;
        let gaps = site.gaps();
        self.report(&gaps);
        self.progress
            .denied(count_denied(self.store, &site, &in_use, &field).await?);
        // Before identities go: a key must not outlive them.
        self.invalidate_keys(&current).await?;
        self.progress.enter(Phase::Reconciling);
        self.remove(&missing.gone, &stored, &field).await?;
        self.progress.requests(self.permissions.requests());
        self.progress.enter(Phase::Finished);
        match count_by_kind(gaps.iter().filter(|gap| gap.failed)) {
            failed if failed.is_empty() => Ok(()),
            failed => Err(AccessSyncError::Unresolved(failed)),
        }
    }

    async fn people(&mut self) -> Result<People, AccessSyncError> {
        let people = match self.permissions.people().await? {
            Known::Read(people) => people,
            Known::Refused(words) | Known::Failed(words) => return Err(AccessSyncError::UsersHidden(words)),
        };
        if people.may_lack_some {
            self.progress.note(
                "jira shows no complete list of its users: a new user whose name begins with a letter of another script may \
                 have no identity"
                    .to_owned(),
            );
        }
        Ok(people)
    }

    /// Writes everybody's identity. Returns their fingerprints.
    async fn write_identities(
        &self,
        people: &People,
        missing: &Missing,
        site: &Site,
        in_use: &TokensInUse,
        stored: &HashMap<String, StoredIdentity>,
        field: &str,
    ) -> Result<BTreeMap<String, String>, AccessSyncError> {
        let mut current = BTreeMap::new();
        for person in &people.people {
            let identity = Identity::of(&person.account, site, in_use).unwrap_or_else(|error| {
                warn!(identity.id = person.name, error = %error, "a user is denied everything");
                self.progress
                    .skipped(&format!("user {}", person.name), &error.to_string());
                Identity::default()
            });
            self.write(person, &identity, field, stored).await?;
            current.insert(person.name.clone(), identity.fingerprint());
        }
        for person in &missing.unknown {
            self.write(person, &Identity::default(), field, stored).await?;
        }
        self.progress.enter(Phase::Flushing);
        let refused = self.store.flush().await?;
        if !refused.is_empty() {
            // What was there before may let them see more than Jira does.
            self.empty(&refused, stored, field).await?;
            current.retain(|name, _| !refused.contains(name));
        }
        Ok(current)
    }

    async fn write(
        &self,
        person: &Person,
        identity: &Identity,
        field: &str,
        stored: &HashMap<String, StoredIdentity>,
    ) -> Result<(), SinkError> {
        let first = stored
            .get(&person.name)
            .and_then(|known| known.first_written.as_deref());
        let document = identity_document(person, identity, field, &self.now.to_rfc3339(), first);
        self.store.write(&person.name, document).await?;
        self.progress.processed(1);
        Ok(())
    }

    /// Leaves these users an identity that lets them see nothing.
    async fn empty(
        &self,
        names: &BTreeSet<String>,
        stored: &HashMap<String, StoredIdentity>,
        field: &str,
    ) -> Result<(), AccessSyncError> {
        for name in names {
            self.write(&Person::nameless(name), &Identity::default(), field, stored)
                .await?;
        }
        match self.store.flush().await?.len() as u64 {
            0 => Ok(()),
            refused => Err(AccessSyncError::NotEmptied(refused)),
        }
    }

    async fn mark_documents(&self, site: &Site, field: &str) -> Result<(), AccessSyncError> {
        self.fence.before_write().await?;
        let marked = self.store.mark_public(field, &site.public_tokens()).await?;
        if marked > 0 {
            info!(documents = marked, "brought the mark of public documents up to date");
        }
        self.fence.before_write().await?;
        let unmarked = self.store.deny_unmarked(field).await?;
        if unmarked > 0 {
            let reason = format!(
                "{unmarked} documents carried no access tokens and are for nobody now; a full sync, which is needed after \
                 document level security was switched on, says who may see them"
            );
            warn!("{reason}");
            self.progress.note(reason);
        }
        Ok(())
    }

    /// Says what is denied because it could not be resolved: how much of what, and the reasons as far as they fit.
    fn report(&self, gaps: &[Gap]) {
        if gaps.is_empty() {
            return;
        }
        let counts = count_by_kind(gaps.iter());
        self.progress
            .note(format!("denied, because not everything could be resolved: {counts}"));
        for Gap { text, .. } in gaps.iter().take(MOST_REASONS) {
            warn!(reason = text, "denied, because it could not be resolved");
            self.progress.note(format!("denied: {text}"));
        }
        if gaps.len() > MOST_REASONS {
            let more = gaps.len() - MOST_REASONS;
            self.progress
                .note(format!("denied: {more} more that could not be resolved"));
        }
    }

    /// Makes those of our API keys unusable that were made for what a user may not see any more. A key that cannot be
    /// dealt with expires soon, so it does not fail the sync.
    async fn invalidate_keys(&self, current: &BTreeMap<String, String>) -> Result<(), AccessSyncError> {
        let keys = match self.store.keys().await {
            Ok(keys) => keys,
            Err(error) => {
                warn!(error = %error, "could not look for API keys of users whose access changed");
                self.progress.note(format!(
                    "API keys of users were not looked at, and expire by themselves: {error}"
                ));
                return Ok(());
            }
        };
        let outdated = keys
            .into_iter()
            .filter(|key| current.get(&key.identity) != Some(&key.fingerprint));
        for key in outdated {
            self.fence.before_write().await?;
            match self.store.invalidate(&key.id).await {
                Ok(()) => info!(
                    api_key.id = key.id,
                    "invalidated an API key, because what its user may see changed"
                ),
                Err(error) => {
                    warn!(api_key.id = key.id, error = %error, "could not invalidate an API key");
                    self.progress
                        .note(format!("API key {} was not invalidated: {error}", key.id));
                }
            }
        }
        Ok(())
    }

    /// Removes the identities of users who are gone by Jira's own word. When there are too many of them to be removed
    /// unasked, they are denied everything: that takes nothing away that the next sync does not bring back.
    async fn remove(
        &self,
        gone: &BTreeSet<String>,
        stored: &HashMap<String, StoredIdentity>,
        field: &str,
    ) -> Result<(), AccessSyncError> {
        if gone.is_empty() {
            return Ok(());
        }
        self.permissions.confirm_account().await?;
        let (vanishing, all) = (gone.len() as u64, stored.len() as u64);
        if self.guard.judge(vanishing, all) == GuardVerdict::Refused {
            self.empty(gone, stored, field).await?;
            return Err(AccessSyncError::TooManyGone {
                vanishing,
                stored: all,
                max_percent: self.guard.max_percent,
            });
        }
        for name in gone {
            self.store.remove(name).await?;
        }
        match self.store.flush().await?.len() as u64 {
            0 => Ok(()),
            refused => Err(AccessSyncError::NotEmptied(refused)),
        }
    }
}

/// Counts documents that nobody can find, because their readers are unknown.
pub async fn count_denied<S: AccessStore>(
    store: &S,
    site: &Site,
    in_use: &TokensInUse,
    field: &str,
) -> Result<u64, SinkError> {
    let plain = site.undetermined(store.tokens(field, Token::PLAIN).await?);
    let asked_about = site.undetermined(in_use.readers_texts());
    let unknown = store.count(field, &plain, Some(READERS)).await?;
    Ok(unknown + store.count(field, &asked_about, None).await?)
}

/// `3 pairs of project and role, 1 groups`.
fn count_by_kind<'g>(gaps: impl Iterator<Item = &'g Gap>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for gap in gaps {
        *counts.entry(gap.kind).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    counts.join(", ")
}
