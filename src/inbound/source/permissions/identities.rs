//! Reads everything that decides what each user may see: roles, groups and products that some grant names, and users.
//!
//! Nothing is read for its own sake: a group or role that no grant, level or document names is left alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{JiraClient, JiraError, Permitted, Project as JiraProject, RoleActor, User};
use sync_engine::access_control::{Account, Group, Known, Person, RoleActors, Site, TokensInUse};

use super::denial::or_denied;
use super::holders::{account, group, group_name};
use super::logins::Logins;
use super::schemes::read_schemes;

const AT_ONCE: usize = 8;

const ROLE_CURE: &str = "its actors cannot be read; give the account that Jira is read with the global permission \
                         \"Administer Jira\", or \"Administer Projects\" in this project";
const GROUP_CURE: &str = "its members cannot be read; give the account that Jira is read with the global permission \
                          \"Browse users and groups\" (\"Administer Jira\" on Data Center)";
const APPLICATION_CURE: &str = "they cannot be read; give the account that Jira is read with the global permission \
                                \"Administer Jira\"";

/// The text for a Jira that does not show its users.
pub fn cannot_list_users(words: &str) -> String {
    format!(
        "Jira does not list its users to this account; give it the global permission \"Browse users and groups\" \
         (\"Administer Jira\" on Data Center): {words}"
    )
}

/// Users who get an identity.
#[derive(Debug)]
pub struct People {
    /// Active users; app and customer accounts are left out.
    pub people: Vec<Person>,
    /// Users who are listed and have no identity, by the `_id` that it would have.
    pub inactive: HashSet<String>,
    /// Whether there may be more that no search showed.
    pub may_lack_some: bool,
}

/// Jira's facts about one user.
#[derive(Debug)]
pub enum Presence {
    /// There and active, although no list showed them.
    Here(Person),
    /// No longer there, or no longer active.
    Gone,
    /// No clear answer.
    Unknown(String),
}

/// Reads permissions for identities.
#[derive(Debug)]
pub struct IdentityReader {
    client: JiraClient,
    projects: Vec<JiraProject>,
    logins: Logins,
    /// Accounts with an identity; members of groups are kept as far as they are among them.
    known: HashSet<Account>,
}

impl IdentityReader {
    pub(in crate::inbound::source) fn new(client: JiraClient, projects: Vec<JiraProject>) -> Self {
        Self {
            client,
            projects,
            logins: Logins::default(),
            known: HashSet::new(),
        }
    }

    /// Every user with an identity, or Jira's refusal to list them. To be asked first: on servers, logins are turned
    /// into accounts by what it learns.
    pub async fn people(&mut self) -> Result<Permitted<People>, JiraError> {
        let list = match self.client.users().await? {
            Permitted::Read(list) => list,
            Permitted::Refused(words) => return Ok(Permitted::Refused(words)),
        };
        self.logins = Logins::of(&list.users);
        let (active, others): (Vec<User>, Vec<User>) = list.users.into_iter().partition(has_identity);
        let names = others.into_iter().filter_map(person).map(|person| person.name);
        let inactive = names.collect();
        let people: Vec<Person> = active.into_iter().filter_map(person).collect();
        self.known.extend(people.iter().map(|person| person.account.clone()));
        Ok(Permitted::Read(People {
            may_lack_some: list.may_lack_some,
            inactive,
            people,
        }))
    }

    /// The permissions of all projects in scope, with the members of every role and group that matters, as far as they are
    /// among the users that were read before.
    pub async fn site(&self, in_use: &TokensInUse) -> Result<Site, JiraError> {
        let mut site = read_schemes(&self.client, &self.projects).await?;
        for project in &self.projects {
            if let Some(read) = site.projects.get_mut(&project.id) {
                read.lead = self.logins.lead(project.raw.get("lead"));
            }
        }
        let mut roles = site.granted_roles();
        roles.extend(
            in_use
                .roles()
                .into_iter()
                .filter(|(project, _)| site.projects.contains_key(project)),
        );
        site.roles = self.roles(roles).await?;
        site.applications = self.applications().await?;
        site.groups = self.groups(site.granted_groups(in_use)).await?;
        Ok(site)
    }

    /// Requests sent to Jira so far.
    pub fn requests(&self) -> u64 {
        self.client.stats().requests
    }

    /// Proves that the account is still the one that logged in.
    pub async fn confirm_account(&self) -> Result<(), JiraError> {
        self.client.confirm_account().await
    }

    /// Asks about a user who is not listed and has an identity. To be asked before permissions are read, which may name
    /// this user by login.
    pub async fn look_up(&mut self, name: &str) -> Result<Presence, JiraError> {
        Ok(match self.client.user(name).await? {
            Permitted::Read(None) => Presence::Gone,
            Permitted::Read(Some(user)) if has_identity(&user) => {
                self.logins.learn(&user);
                let person = person(user);
                self.known.extend(person.iter().map(|person| person.account.clone()));
                person.map_or_else(|| Presence::Unknown("Jira gave no id".to_owned()), Presence::Here)
            }
            Permitted::Read(Some(_)) => Presence::Gone,
            Permitted::Refused(words) => Presence::Unknown(words),
        })
    }

    async fn roles(&self, wanted: BTreeSet<(u64, u64)>) -> Result<HashMap<(u64, u64), Known<RoleActors>>, JiraError> {
        stream::iter(wanted)
            .map(|(project, role)| async move {
                let actors = match or_denied(self.client.role_actors(project, role).await)? {
                    Permitted::Read(actors) => Known::Read(self.actors(actors)),
                    Permitted::Refused(words) => Known::Unreadable(format!("{ROLE_CURE} ({words})")),
                };
                Ok(((project, role), actors))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    fn actors(&self, listed: Vec<RoleActor>) -> RoleActors {
        let mut actors = RoleActors::default();
        for actor in listed {
            match actor {
                RoleActor::Account(id) => drop(actors.accounts.insert(Account::new(&id))),
                RoleActor::Login(name) => actors.accounts.extend(self.logins.account(&name)),
                RoleActor::Group(name) => drop(actors.groups.insert(group(&name))),
                RoleActor::Unknown(kind) => drop(actors.unknown.insert(kind)),
            }
        }
        actors
    }

    /// Those of these members who have an identity: shared with the list of people, so that large groups cost little.
    fn with_identity(&self, members: &[String]) -> HashSet<Account> {
        let known = members.iter().filter_map(|id| self.known.get(id.as_str()));
        known.cloned().collect()
    }

    async fn applications(&self) -> Result<Known<HashMap<String, BTreeSet<Group>>>, JiraError> {
        Ok(match or_denied(self.client.application_roles().await)? {
            Permitted::Read(roles) => {
                let groups = |names: Vec<_>| names.iter().map(group).collect();
                Known::Read(roles.into_iter().map(|(key, names)| (key, groups(names))).collect())
            }
            Permitted::Refused(words) => Known::Unreadable(format!("{APPLICATION_CURE} ({words})")),
        })
    }

    async fn groups(&self, wanted: BTreeSet<Group>) -> Result<HashMap<Group, Known<HashSet<Account>>>, JiraError> {
        stream::iter(wanted)
            .map(|group| async move {
                let members = match or_denied(self.client.group_members(&group_name(&group)).await)? {
                    Permitted::Read(members) => Known::Read(self.with_identity(&members)),
                    Permitted::Refused(words) => Known::Unreadable(format!("{GROUP_CURE} ({words})")),
                };
                Ok((group, members))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}

/// Active people. Apps search with keys of their own, and customers see issues through the portal only.
fn has_identity(user: &User) -> bool {
    user.active == Some(true) && matches!(user.account_type.as_deref(), None | Some("atlassian"))
}

fn person(user: User) -> Option<Person> {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let account = account(&user)?;
    let name = filled(user.account_id)
        .or_else(|| filled(user.name))
        .unwrap_or_else(|| account.as_str().to_owned());
    Some(Person {
        account,
        name,
        display_name: filled(user.display_name),
        email: filled(user.email_address),
        locale: filled(user.locale),
    })
}
