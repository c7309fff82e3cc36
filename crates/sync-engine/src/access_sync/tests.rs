//! Tests what users and operators notice of an access control sync, over both sides in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::DateTime;
use pretty_assertions::assert_eq;
use serde_json::Value;

use super::memory::{MemoryPermissions, MemoryStore};
use super::*;
use crate::access_control::{
    Account, Group, Holder, Identity, Known, Person, Products, Project, RoleActors, Site, identity_document,
};
use crate::sync::{DeletionGuard, Progress, Snapshot};

const GUARD: DeletionGuard = DeletionGuard {
    max_percent: 20,
    allowed_once: None,
};

fn group() -> Group {
    Group::name("staff")
}

/// Project 1 is browsed by actors of role 5, with a level for the staff; everybody works with Jira.
fn site(names: &[&str]) -> Site {
    let accounts: HashSet<Account> = names.iter().map(|name| Account::new(name)).collect();
    let project = Project {
        key: "A".into(),
        lead: None,
        browse: Known::Read(vec![Holder::Role(5)]),
        levels: BTreeSet::from([3]),
    };
    let actors = RoleActors {
        accounts: accounts.clone(),
        ..RoleActors::default()
    };
    Site {
        projects: BTreeMap::from([(1, project)]),
        levels: BTreeMap::from([(3, Known::Read(vec![Holder::Group(group())]))]),
        roles: HashMap::from([((1, 5), Known::Read(actors))]),
        groups: HashMap::from([(group(), Known::Read(accounts))]),
        products: Products::OfGroups(BTreeMap::from([("jira".to_owned(), BTreeSet::from([group()]))])),
        readers: BTreeMap::new(),
        readers_looked_at: None,
    }
}

/// A Jira of these users.
fn jira(names: &[&str]) -> MemoryPermissions {
    MemoryPermissions {
        people: names.iter().map(|name| Person::nameless(name)).collect(),
        site: site(names),
        ..MemoryPermissions::default()
    }
}

/// An index with identities of these users that let them see project 1.
fn index(names: &[&str]) -> MemoryStore {
    let store = MemoryStore::default();
    let tokens = BTreeSet::from(["browse:1".to_owned()]);
    for name in names {
        let document = identity_document(
            &Person::nameless(name),
            &Identity { tokens: tokens.clone() },
            "access",
            "",
            None,
        );
        store
            .state()
            .identities
            .insert((*name).to_owned(), Value::Object(document));
    }
    store
}

async fn run(jira: MemoryPermissions, store: &MemoryStore) -> (Result<(), AccessSyncError>, Snapshot) {
    let progress = Progress::default();
    let sync = AccessSync {
        permissions: jira,
        store,
        fence: store,
        progress: &progress,
        guard: GUARD,
        now: DateTime::UNIX_EPOCH,
    };
    let done = sync.run().await;
    (done, progress.snapshot())
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("user{at:02}")).collect()
}

#[tokio::test]
async fn everybody_gets_an_identity_with_what_jira_lets_them_see() {
    let store = index(&[]);
    store
        .state()
        .documents
        .insert("a".into(), BTreeSet::from(["browse:1".to_owned()]));
    let (done, snapshot) = run(jira(&["ada", "bob"]), &store).await;
    done.unwrap();
    let tokens = store.tokens_of("ada");
    assert_eq!(
        tokens,
        ["anyone", "browse:1", "browse:1&level:3", "project:1"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(snapshot.denied, 0);
    assert_eq!((snapshot.processed_issues, snapshot.requests), (2, 7));
}

#[tokio::test]
async fn nobody_is_removed_because_a_list_lacks_them() {
    let store = index(&["ada", "bob", "cid", "dan", "eve"]);
    let mut jira = jira(&["ada"]);
    jira.inactive = HashSet::from(["dan".to_owned()]);
    jira.presences = HashMap::from([
        ("bob".to_owned(), Presence::Here(Person::nameless("bob"))),
        ("cid".to_owned(), Presence::Unknown("forbidden".into())),
    ]);
    let (done, snapshot) = run(jira, &store).await;
    done.unwrap();
    assert_eq!(
        store.state().identities.keys().collect::<Vec<_>>(),
        ["ada", "bob", "cid"]
    );
    assert!(store.tokens_of("cid").is_empty(), "nobody can say whether cid is there");
    assert!(
        snapshot
            .skipped_items
            .iter()
            .any(|line| line.contains("user cid: forbidden"))
    );
}

#[tokio::test]
async fn a_mass_of_identities_stays_and_sees_nothing() {
    let names = many(60);
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let store = index(&all);
    let (done, _) = run(jira(&all[..40]), &store).await;
    assert!(matches!(
        done,
        Err(AccessSyncError::TooManyGone {
            vanishing: 20,
            stored: 60,
            ..
        })
    ));
    assert_eq!(store.state().identities.len(), 60);
    assert!(store.tokens_of("user59").is_empty());
    assert!(!store.tokens_of("user39").is_empty(), "the others are up to date");
    let (done, _) = run(jira(&all[..50]), &store).await;
    done.unwrap();
    assert_eq!(store.state().identities.len(), 50, "ten of sixty may go");
}

#[tokio::test]
async fn another_account_removes_nobody() {
    let store = index(&["ada", "bob"]);
    let mut jira = jira(&["ada"]);
    jira.account_changes_at = Some(2);
    let (done, _) = run(jira, &store).await;
    assert!(matches!(done, Err(AccessSyncError::Source(_))));
    assert!(store.state().identities.contains_key("bob"));

    let mut jira = self::jira(&["ada"]);
    jira.account_changes_at = Some(1);
    store.state().events.clear();
    assert!(run(jira, &store).await.0.is_err());
    assert_eq!(
        store.state().events,
        [""; 0],
        "nothing is written by the word of another account"
    );
}

#[tokio::test]
async fn hidden_users_change_nobody_s_access() {
    let store = index(&["ada"]);
    let mut jira = jira(&["ada"]);
    jira.hidden = true;
    assert!(matches!(
        run(jira, &store).await.0,
        Err(AccessSyncError::UsersHidden(_))
    ));
    assert_eq!(store.tokens_of("ada"), BTreeSet::from(["browse:1".to_owned()]));
}

#[tokio::test]
async fn keys_die_before_identities_and_when_their_user_sees_something_else() {
    let store = index(&["ada", "bob", "cid"]);
    let current = Identity::of(&Account::new("ada"), &site(&["ada", "bob"]), &Default::default()).unwrap();
    let key = |id: &str, identity: &str, fingerprint: String| UserKey {
        id: id.into(),
        identity: identity.into(),
        fingerprint,
    };
    store.state().keys = vec![
        key("good", "ada", current.fingerprint()),
        key("of-less", "bob", "older".into()),
        key("of-nobody", "cid", current.fingerprint()),
    ];
    run(jira(&["ada", "bob"]), &store).await.0.unwrap();
    assert_eq!(
        store.state().keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(),
        ["good"]
    );
    let events = store.state().events.clone();
    let at = |event: &str| events.iter().position(|one| one == event).unwrap();
    assert!(at("invalidate of-nobody") < at("remove cid"), "{events:?}");
    assert!(at("write bob") < at("invalidate of-less"), "{events:?}");
}

/// Writes through the sink ask by themselves, for each attempt.
#[tokio::test]
async fn the_fence_is_asked_before_anything_else_is_written() {
    let store = index(&["ada"]);
    store.state().keys = vec![UserKey {
        id: "key".into(),
        identity: "ada".into(),
        fingerprint: "older".into(),
    }];
    run(jira(&["ada"]), &store).await.0.unwrap();
    let events = store.state().events.clone();
    for event in ["mark", "deny", "invalidate key"] {
        let at = events.iter().position(|one| one == event).unwrap();
        assert_eq!(events[at - 1], "fence", "{events:?}");
    }
    for leave in 0..3 {
        store.state().events.clear();
        store.state().leave_ends_after = Some(leave);
        store.state().keys = vec![UserKey {
            id: "key".into(),
            identity: "ada".into(),
            fingerprint: "older".into(),
        }];
        let done = run(jira(&["ada"]), &store).await.0;
        assert!(matches!(done, Err(AccessSyncError::Refused(_))), "{leave}");
        let events = store.state().events.clone();
        assert_eq!(events.last().unwrap(), "fence", "nothing after a refusal: {events:?}");
    }
}

#[tokio::test]
async fn what_is_not_shown_to_us_is_denied_and_said() {
    let store = index(&["ada"]);
    let tokens = [["browse:1&level:3"], ["browse:1"], ["readers:9.f"]];
    for (at, of) in tokens.iter().enumerate() {
        let of = of.iter().map(|token| (*token).to_owned()).collect();
        store.state().documents.insert(at.to_string(), of);
    }
    let mut jira = jira(&["ada"]);
    jira.site.levels.insert(3, Known::Refused("forbidden".into()));
    jira.site.readers.insert(9, Known::Refused("forbidden too".into()));
    let (done, snapshot) = run(jira, &store).await;
    done.unwrap();
    let seen = store.tokens_of("ada");
    assert!(
        !seen
            .iter()
            .any(|token| token.contains("level") || token.contains("readers")),
        "{seen:?}"
    );
    assert_eq!(snapshot.denied, 2);
    let said = snapshot.skipped_items.join("\n");
    for words in [
        "1 issues, 1 security levels",
        "security level 3: forbidden",
        "readers of issue 9",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

/// Every role answers 500: the identities are right for what is known, and nobody calls that complete.
#[tokio::test]
async fn a_sync_that_could_not_read_every_role_does_not_complete() {
    let store = index(&["ada"]);
    let mut jira = jira(&["ada"]);
    jira.site.roles.insert((1, 5), Known::Failed("status 500".into()));
    jira.site.roles.insert((1, 6), Known::Failed("status 500".into()));
    let (done, snapshot) = run(jira, &store).await;
    let text = done.unwrap_err().to_string();
    assert!(text.contains("2 pairs of project and role could not be read"), "{text}");
    assert_eq!(store.tokens_of("ada"), BTreeSet::from(["anyone".to_owned()]));
    assert!(
        snapshot
            .skipped_items
            .iter()
            .any(|line| line.contains("role 5 in project A: status 500"))
    );
}

#[tokio::test]
async fn an_identity_that_cannot_be_written_lets_its_user_see_nothing() {
    let store = index(&["ada", "bob"]);
    store.state().refuses.insert("ada".into());
    run(jira(&["ada", "bob"]), &store).await.0.unwrap();
    assert!(store.tokens_of("ada").is_empty());
    assert!(!store.tokens_of("bob").is_empty());

    store.state().refuses_even_empty = true;
    let (done, _) = run(jira(&["ada", "bob"]), &store).await;
    assert!(matches!(done, Err(AccessSyncError::NotEmptied(1))));
}

#[tokio::test]
async fn documents_become_public_and_stop_being_so() {
    let store = index(&[]);
    let documents = [
        ("a", vec!["browse:1", "anyone"]),
        ("b", vec!["browse:2"]),
        ("c", vec![]),
    ];
    for (id, tokens) in documents {
        let tokens = tokens.into_iter().map(str::to_owned).collect();
        store.state().documents.insert(id.into(), tokens);
    }
    let mut jira = jira(&["ada"]);
    let public = Project {
        key: "B".into(),
        lead: None,
        browse: Known::Read(vec![Holder::Anyone]),
        levels: BTreeSet::new(),
    };
    jira.site.projects.insert(2, public);
    let (done, snapshot) = run(jira, &store).await;
    done.unwrap();
    let state = store.state();
    let of = |id: &str| state.documents[id].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(
        (of("a"), of("b"), of("c")),
        (vec!["browse:1"], vec!["anyone", "browse:2"], vec!["nobody"])
    );
    assert!(
        snapshot
            .skipped_items
            .iter()
            .any(|line| line.contains("carried no access tokens"))
    );
}
