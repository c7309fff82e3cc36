//! Asks Jira for the readers of single issues: those whose readers no list tells.
//!
//! Cloud is asked about each user, for a thousand issues at a time; elsewhere each issue is asked about, and a Jira looks
//! among its first thousand users only, which is said where there are more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{ISSUES_OF_ONE_CHECK, JiraClient, JiraError, READERS_LOOKED_AT};
use sync_engine::access_control::{Account, Known};

use super::denial::known;
use super::holders::account;

/// Requests side by side; the client has limits of its own.
const AT_ONCE: usize = 8;
/// Issues whose keys are asked for in one request.
const KEYS_AT_ONCE: usize = 100;

const CURE: &str = "Jira does not say who reads it; give the account that Jira is read with the global permission \
                    \"Administer Jira\"";

/// Who is not among the users that a Jira looks at is named by none of these answers.
pub(super) fn looked_at(client: &JiraClient, people: usize) -> Option<u64> {
    (!client.edition().is_cloud() && people as u64 > READERS_LOOKED_AT).then_some(READERS_LOOKED_AT)
}

type Readers = BTreeMap<u64, Known<Arc<HashSet<Account>>>>;

/// Asks about these issues. `people`: everybody with an identity, with its `_id`.
pub(super) async fn read(
    client: &JiraClient,
    people: &HashMap<Account, String>,
    issues: BTreeSet<u64>,
) -> Result<Readers, JiraError> {
    match issues.is_empty() {
        true => Ok(Readers::new()),
        false if client.edition().is_cloud() => ask_about_people(client, people, issues).await,
        false => ask_about_issues(client, people, issues).await,
    }
}

async fn ask_about_people(
    client: &JiraClient,
    people: &HashMap<Account, String>,
    issues: BTreeSet<u64>,
) -> Result<Readers, JiraError> {
    let all: Vec<u64> = issues.iter().copied().collect();
    let parts: Vec<&[u64]> = all.chunks(ISSUES_OF_ONE_CHECK).collect();
    let mut questions: Vec<(Account, usize)> = Vec::new();
    for person in people.keys() {
        questions.extend((0..parts.len()).map(|part| (person.clone(), part)));
    }
    let parts = &parts;
    let answers: Vec<(Account, usize, Known<Vec<u64>>)> = stream::iter(questions)
        .map(|(person, part)| async move {
            let seen = known(client.issues_of_reader(person.as_str(), parts[part]).await)?;
            Ok::<_, JiraError>((person, part, seen))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut readers: BTreeMap<u64, HashSet<Account>> = issues.iter().map(|issue| (*issue, HashSet::new())).collect();
    let mut unknown: BTreeMap<u64, Known<Vec<u64>>> = BTreeMap::new();
    for (person, part, seen) in answers {
        match seen {
            Known::Read(seen) => {
                for issue in seen {
                    if let Some(readers) = readers.get_mut(&issue) {
                        readers.insert(person.clone());
                    }
                }
            }
            // Without one answer the readers of all these issues are not known whole.
            unread => unknown.extend(parts[part].iter().map(|issue| (*issue, unread.clone()))),
        }
    }
    let mut shared = Shared::default();
    let whole = readers
        .into_iter()
        .map(|(issue, readers)| match unknown.remove(&issue) {
            Some(unread) => (issue, unread.map(|_| Arc::default()).with_cure(CURE)),
            None => (issue, Known::Read(shared.one(readers))),
        });
    Ok(whole.collect())
}

async fn ask_about_issues(
    client: &JiraClient,
    people: &HashMap<Account, String>,
    issues: BTreeSet<u64>,
) -> Result<Readers, JiraError> {
    // Tokens name issues by id, which no move changes, and this resource takes keys.
    let mut keys: BTreeMap<u64, String> = BTreeMap::new();
    for some in Vec::from_iter(issues.iter().copied()).chunks(KEYS_AT_ONCE) {
        let found = client.fetch_issues(some, &["project"]).await?;
        keys.extend(found.issues.into_iter().map(|issue| (issue.id, issue.key)));
    }
    let answers: Vec<(u64, Known<HashSet<Account>>)> = stream::iter(keys)
        .map(|(issue, key)| async move {
            let users = known(client.readers_of_issue(&key).await)?;
            let readers = users.map(|users| {
                let accounts = users.iter().filter_map(account);
                accounts.filter(|account| people.contains_key(account)).collect()
            });
            Ok::<_, JiraError>((issue, readers.with_cure(CURE)))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut shared = Shared::default();
    let mut readers: Readers = answers
        .into_iter()
        .map(|(issue, readers)| (issue, readers.map(|readers| shared.one(readers))))
        .collect();
    for issue in issues {
        let hidden = || Known::Refused("Jira does not show it to this account any more".to_owned());
        readers.entry(issue).or_insert_with(hidden);
    }
    Ok(readers)
}

/// Issues of one level mostly have the same readers, so each set is kept once.
#[derive(Default)]
struct Shared(BTreeMap<Vec<Account>, Arc<HashSet<Account>>>);

impl Shared {
    fn one(&mut self, readers: HashSet<Account>) -> Arc<HashSet<Account>> {
        let mut sorted: Vec<Account> = readers.iter().cloned().collect();
        sorted.sort();
        Arc::clone(self.0.entry(sorted).or_insert_with(|| Arc::new(readers)))
    }
}
