//! Users who have an identity and whom no list of users showed: each is asked about by itself, because a list that lacks
//! somebody proves nothing.

use std::collections::{BTreeSet, HashMap};

use tracing::warn;

use super::ports::{People, PermissionSource, Presence, StoredIdentity};
use crate::access_control::Person;
use crate::sync::{Progress, SourceError};

/// Users with an identity whom no list showed.
#[derive(Default)]
pub(super) struct Missing {
    /// Gone by the source's own word.
    pub(super) gone: BTreeSet<String>,
    /// Nobody can say.
    pub(super) unknown: Vec<Person>,
}

/// Asks about everybody who is missing. Those who are there after all are added to the people.
pub(super) async fn look_for_missing<P: PermissionSource>(
    permissions: &mut P,
    people: &mut People,
    stored: &HashMap<String, StoredIdentity>,
    progress: &Progress,
) -> Result<Missing, SourceError> {
    let listed: BTreeSet<&str> = people.people.iter().map(|person| person.name.as_str()).collect();
    let mut missing = Missing::default();
    let mut found = Vec::new();
    for name in stored.keys().filter(|name| !listed.contains(name.as_str())) {
        if people.inactive.contains(name) {
            missing.gone.insert(name.clone());
            continue;
        }
        match permissions.look_up(name).await? {
            Presence::Gone => drop(missing.gone.insert(name.clone())),
            Presence::Here(person) => found.push(person),
            Presence::Unknown(reason) => {
                warn!(
                    identity.id = name,
                    reason, "nobody can say whether a user is still there: denied everything"
                );
                progress.skipped(&format!("user {name}"), &reason);
                missing.unknown.push(Person::nameless(name));
            }
        }
    }
    people.people.extend(found);
    progress.listed((people.people.len() + missing.unknown.len()) as u64);
    progress.listing_ended();
    Ok(missing)
}
