//! The access control sync: an identity for every user of Jira, and what has to follow when permissions changed.
//!
//! `access_control` decides what a user may see; `source` reads Jira, `sink` writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::Utc;
use elastic_client::{ElasticClient, ElasticError};
use jira_client::{JiraError, Permitted};
use serde_json::{Value, json};
use sync_engine::access_control::{ANYONE, Identity, Person, Site, TokensInUse, identity_document};
use sync_engine::sync::{
    DeletionGuard, DocumentId, GuardVerdict, Operation, Phase, Progress, Sink, SinkError, WriteFence, WriteRefused,
};
use thiserror::Error;
use tracing::{info, warn};

use crate::inbound::sink::{AccessIndexError, IdentityIndex, StoredIdentity};
use crate::inbound::source::permissions::{IdentityReader, People, Presence, cannot_list_users};

/// Keys for single users begin with this and the name of their index.
pub const KEY_PREFIX: &str = "jira-access-";
/// Reasons that a job lists; there may be one for every project.
const MOST_REASONS: usize = 50;

/// The reason why an access control sync failed.
#[derive(Debug, Error)]
pub enum AccessControlError {
    /// The subscription does not include it.
    #[error(
        "document level security needs an active platinum, enterprise or trial licence of Elasticsearch, and this is \
         {0}; nobody's access was changed. Change the licence, or switch document level security off for this connector"
    )]
    License(String),
    /// The connector does not want it.
    #[error(
        "document level security is not switched on for this connector, so there is nobody to let in: switch on \
         \"Enable document level security\" (use_document_level_security) and run a full sync"
    )]
    SwitchedOff,
    /// The connector's features say no.
    #[error("the connector's features do not allow document level security (features.document_level_security.enabled)")]
    FeatureOff,
    /// Jira does not show its users.
    #[error("{0}")]
    UsersHidden(String),
    /// More identities would go than the guard allows.
    #[error(
        "no identity was removed: {vanishing} of {stored} users are gone or inactive in Jira, more than \
         max_deletion_percent = {max_percent} allows. They find nothing until Jira shows them again. If they really left, allow it once with `jira-connector sync \
         start --type access_control --allow-deletions {vanishing}`. The identities of all others are up to date"
    )]
    TooManyGone {
        /// Users.
        vanishing: u64,
        /// Identities.
        stored: u64,
        /// The guard's share.
        max_percent: u64,
    },
    /// Jira failed.
    #[error(transparent)]
    Jira(#[from] JiraError),
    /// The indices cannot be used.
    #[error(transparent)]
    Index(#[from] AccessIndexError),
    /// Elasticsearch failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// Writing failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The job may be somebody else's by now.
    #[error(transparent)]
    Refused(#[from] WriteRefused),
}

/// Refuses a licence without document level security.
pub async fn check_license(client: &ElasticClient) -> Result<(), AccessControlError> {
    let license = client.license().await?;
    if license.permits_document_level_security() {
        return Ok(());
    }
    let (kind, status) = (license.license_type, license.status);
    Err(AccessControlError::License(
        format!("{kind:?}, {status}").to_lowercase(),
    ))
}

/// The number of documents that nobody can find, because their readers are unknown.
pub async fn denied_documents(index: &IdentityIndex, site: &Site, field: &str) -> Result<u64, AccessControlError> {
    let tokens = index.tokens(field, TokensInUse::PLAIN).await?;
    let undetermined = site.undetermined(tokens.iter().map(String::as_str));
    Ok(index.count_without_accounts(field, &undetermined, "account=").await?)
}

/// One access control sync.
pub(crate) struct AccessControlSync<'a, K> {
    /// For API keys.
    pub(crate) client: &'a ElasticClient,
    pub(crate) reader: IdentityReader,
    pub(crate) index: IdentityIndex,
    /// Writes to the index of identities.
    pub(crate) sink: &'a K,
    /// Asked before anything else is written.
    pub(crate) fence: &'a dyn WriteFence,
    pub(crate) progress: &'a Arc<Progress>,
    pub(crate) guard: DeletionGuard,
    pub(crate) content_index: &'a str,
}

impl<K: Sink> AccessControlSync<'_, K> {
    pub(crate) async fn run(mut self) -> Result<(), AccessControlError> {
        let field = self.index.access_field().await?;
        self.progress.enter(Phase::Syncing);
        let mut people = match self.reader.people().await? {
            Permitted::Read(people) => people,
            Permitted::Refused(words) => return Err(AccessControlError::UsersHidden(cannot_list_users(&words))),
        };
        if people.may_lack_some {
            self.progress.note(
                "jira shows no complete list of its users: a new user whose name begins with a letter of another script may \
                 have no identity"
                    .to_owned(),
            );
        }
        let stored = self.index.stored().await?;
        let missing = self.look_for_missing(&mut people, &stored).await?;
        let tokens = self.index.tokens(&field, TokensInUse::PATTERN).await?;
        let in_use = TokensInUse::from_tokens(tokens.iter().map(String::as_str));
        let site = self.reader.site(&in_use).await?;
        self.reader.confirm_account().await?;
        self.progress.requests(self.reader.requests());
        let mut current = BTreeMap::new();
        for person in &people.people {
            let identity = Identity::of(&person.account, &site, &in_use).unwrap_or_else(|error| {
                warn!(identity.id = person.name, error = %error, "a user is denied everything");
                self.progress
                    .skipped(&format!("user {}", person.name), &error.to_string());
                Identity::default()
            });
            self.write(person, &identity, &field, stored.get(&person.name)).await?;
            current.insert(person.name.clone(), identity.fingerprint());
        }
        for person in &missing.unknown {
            self.write(person, &Identity::default(), &field, stored.get(&person.name))
                .await?;
        }
        self.progress.enter(Phase::Flushing);
        self.sink.flush().await?;

        let public = site.public_tokens();
        self.fence.before_write().await?;
        let marked = self.index.mark_public(&field, ANYONE, &public).await?;
        if marked > 0 {
            info!(documents = marked, "brought the mark of public documents up to date");
        }
        let unmarked = self.index.deny_unmarked(&field).await?;
        if unmarked > 0 {
            let reason = format!(
                "{unmarked} documents carried no access tokens and are for nobody now; a full sync, which is needed after \
                 document level security was switched on, says who may see them"
            );
            warn!("{reason}");
            self.progress.note(reason);
        }
        self.report(&site, &field).await?;
        // Before identities go: a key must not outlive them.
        self.invalidate_keys(&current).await;
        self.progress.enter(Phase::Reconciling);
        self.remove(missing.gone, &stored, &field).await?;
        self.progress.requests(self.reader.requests());
        self.progress.enter(Phase::Finished);
        Ok(())
    }

    /// Asks about everybody who has an identity and was not listed. Those who are there after all are listed from now on.
    async fn look_for_missing(
        &mut self,
        people: &mut People,
        stored: &HashMap<String, StoredIdentity>,
    ) -> Result<Missing, AccessControlError> {
        let listed: BTreeSet<&str> = people.people.iter().map(|person| person.name.as_str()).collect();
        let mut missing = Missing::default();
        let mut found = Vec::new();
        for name in stored.keys().filter(|name| !listed.contains(name.as_str())) {
            if people.inactive.contains(name) {
                missing.gone.insert(name.clone());
                continue;
            }
            match self.reader.look_up(name).await? {
                Presence::Gone => drop(missing.gone.insert(name.clone())),
                Presence::Here(person) => found.push(person),
                Presence::Unknown(reason) => {
                    warn!(
                        identity.id = name,
                        reason, "nobody can say whether a user is still there: denied everything"
                    );
                    self.progress.skipped(&format!("user {name}"), &reason);
                    missing.unknown.push(Person::nameless(name));
                }
            }
        }
        people.people.extend(found);
        self.progress
            .listed((people.people.len() + missing.unknown.len()) as u64);
        self.progress.listing_ended();
        Ok(missing)
    }

    async fn write(
        &self,
        person: &Person,
        identity: &Identity,
        field: &str,
        stored: Option<&StoredIdentity>,
    ) -> Result<(), AccessControlError> {
        let now = Utc::now().to_rfc3339();
        let first = stored.and_then(|known| known.first_written.as_deref());
        let document = Value::Object(identity_document(person, identity, field, &now, first));
        self.sink
            .write(Operation::Index {
                id: DocumentId::new(person.name.clone()),
                issue_id: None,
                ticket: None,
                with_content: false,
                source: document.to_string().into(),
            })
            .await?;
        self.progress.processed(1);
        Ok(())
    }

    /// Says what is denied because it could not be read.
    async fn report(&self, site: &Site, field: &str) -> Result<(), AccessControlError> {
        let unreadable = site.unreadable();
        for reason in unreadable.iter().take(MOST_REASONS) {
            warn!(reason, "denied, because it could not be read");
            self.progress.note(format!("denied: {reason}"));
        }
        if unreadable.len() > MOST_REASONS {
            self.progress.note(format!(
                "denied: {} more that could not be read",
                unreadable.len() - MOST_REASONS
            ));
        }
        self.progress.denied(denied_documents(&self.index, site, field).await?);
        Ok(())
    }

    /// Makes those of our API keys unusable that were made for what a user may not see any more. A key that cannot be
    /// dealt with expires soon, so it does not fail the sync.
    async fn invalidate_keys(&self, current: &BTreeMap<String, String>) {
        let prefix = format!("{KEY_PREFIX}{}-", self.content_index);
        let keys = match self.client.api_keys().list(&prefix).await {
            Ok(keys) => keys,
            Err(error) => {
                warn!(error = %error, "could not look for API keys of users whose access changed");
                self.progress.note(format!(
                    "API keys of users were not looked at, and expire by themselves: {error}"
                ));
                return;
            }
        };
        for key in keys.into_iter().filter(|key| !key.invalidated) {
            let noted = |member: &str| key.metadata["jira_connector"][member].as_str().unwrap_or_default();
            if noted("index") != self.content_index || noted("identity").is_empty() {
                continue;
            }
            if current.get(noted("identity")).map(String::as_str) == Some(noted("fingerprint")) {
                continue;
            }
            match self.client.api_keys().invalidate(&key.id).await {
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
    }

    /// Removes the identities of users who are gone by Jira's own word. When there are too many of them to be removed
    /// unasked, they are denied everything: that takes nothing away that the next sync does not bring back.
    async fn remove(
        &self,
        gone: BTreeSet<String>,
        stored: &HashMap<String, StoredIdentity>,
        field: &str,
    ) -> Result<(), AccessControlError> {
        if gone.is_empty() {
            return Ok(());
        }
        self.reader.confirm_account().await?;
        let (vanishing, all) = (gone.len() as u64, stored.len() as u64);
        if self.guard.judge(vanishing, all) == GuardVerdict::Refused {
            for name in &gone {
                let nobody = Person::nameless(name);
                self.write(&nobody, &Identity::default(), field, stored.get(name))
                    .await?;
            }
            self.sink.flush().await?;
            return Err(AccessControlError::TooManyGone {
                vanishing,
                stored: all,
                max_percent: self.guard.max_percent,
            });
        }
        for id in gone {
            self.sink.write(Operation::Delete { id }).await?;
        }
        self.sink.flush().await?;
        Ok(())
    }
}

/// Users with an identity whom no list showed.
#[derive(Default)]
struct Missing {
    gone: BTreeSet<String>,
    unknown: Vec<Person>,
}

/// The note on an API key for one user.
pub fn key_metadata(connector_id: &str, content_index: &str, identity: &str, fingerprint: &str) -> Value {
    json!({ "jira_connector": {
        "connector_id": connector_id, "index": content_index, "identity": identity, "fingerprint": fingerprint,
    } })
}
