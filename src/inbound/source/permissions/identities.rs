//! Reads everything that decides what each user may see: roles, groups and products that some grant names, and users.
//!
//! Nothing is read for its own sake: a group or role that no grant, level or document names is left alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{JiraClient, JiraError, Permitted, Project as JiraProject, RoleActor, User};
use sync_engine::access_control::{Account, Group, Known, Person, Products, RoleActors, Site, TokensInUse};
use sync_engine::access_sync::{People, PermissionSource, Presence};
use sync_engine::sync::SourceError;

use super::denial::known;
use super::holders::{account, group, group_name};
use super::issue_readers;
use super::logins::Logins;
use super::schemes::read_schemes;
use crate::inbound::source::engine_terms::source_error;

const AT_ONCE: usize = 8;

const ROLE_CURE: &str = "its actors cannot be read; give the account that Jira is read with the global permission \
                         \"Administer Jira\", or \"Administer Projects\" in this project";
const GROUP_CURE: &str = "its members cannot be read; give the account that Jira is read with the global permission \
                          \"Browse users and groups\" (\"Administer Jira\" on Data Center)";
const PRODUCT_CURE: &str = "it is not known whether they can sign in; give the account that Jira is read with the global \
                            permission \"Administer Jira\"";

/// The text for a Jira that does not show its users.
pub fn cannot_list_users(words: &str) -> String {
    format!(
        "Jira does not list its users to this account; give it the global permission \"Browse users and groups\" \
         (\"Administer Jira\" on Data Center): {words}"
    )
}

/// Reads permissions for identities.
#[derive(Debug)]
pub struct IdentityReader {
    client: JiraClient,
    projects: Vec<JiraProject>,
    logins: Logins,
    /// Accounts with an identity and its `_id`; members of groups are kept as far as they are among them.
    known: HashMap<Account, String>,
}

impl IdentityReader {
    pub(in crate::inbound::source) fn new(client: JiraClient, projects: Vec<JiraProject>) -> Self {
        Self {
            client,
            projects,
            logins: Logins::default(),
            known: HashMap::new(),
        }
    }
}

impl PermissionSource for IdentityReader {
    /// On servers, logins are turned into accounts by what this learns.
    async fn people(&mut self) -> Result<Known<People>, SourceError> {
        let list = match self.client.users().await.map_err(source_error)? {
            Permitted::Read(list) => list,
            Permitted::Refused(words) => return Ok(Known::Refused(cannot_list_users(&words))),
        };
        self.logins = Logins::of(&list.users);
        let (active, others): (Vec<User>, Vec<User>) = list.users.into_iter().partition(has_identity);
        let names = others.into_iter().filter_map(person).map(|person| person.name);
        let inactive = names.collect();
        let people: Vec<Person> = active.into_iter().filter_map(person).collect();
        people.iter().for_each(|person| self.know(person));
        Ok(Known::Read(People {
            may_lack_some: list.may_lack_some,
            inactive,
            people,
        }))
    }

    async fn look_up(&mut self, name: &str) -> Result<Presence, SourceError> {
        Ok(match self.client.user(name).await.map_err(source_error)? {
            Permitted::Read(None) => Presence::Gone,
            Permitted::Read(Some(user)) if has_identity(&user) => {
                self.logins.learn(&user);
                let person = person(user);
                person.iter().for_each(|person| self.know(person));
                person.map_or_else(|| Presence::Unknown("Jira gave no id".to_owned()), Presence::Here)
            }
            Permitted::Read(Some(_)) => Presence::Gone,
            Permitted::Refused(words) => Presence::Unknown(words),
        })
    }

    /// Members of roles and groups are kept as far as they are among the users that were read before.
    async fn site(&mut self, in_use: &TokensInUse) -> Result<Site, SourceError> {
        self.read_site(in_use).await.map_err(source_error)
    }

    async fn confirm_account(&self) -> Result<(), SourceError> {
        self.client.confirm_account().await.map_err(source_error)
    }

    fn requests(&self) -> u64 {
        self.client.stats().requests
    }
}

impl IdentityReader {
    fn know(&mut self, person: &Person) {
        self.known.insert(person.account.clone(), person.name.clone());
    }

    async fn read_site(&self, in_use: &TokensInUse) -> Result<Site, JiraError> {
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
        site.products = self.products().await?;
        site.groups = self.groups(site.granted_groups(in_use)).await?;
        site.readers = issue_readers::read(&self.client, &self.known, in_use.issues()).await?;
        site.readers_looked_at = issue_readers::looked_at(&self.client, self.known.len());
        Ok(site)
    }

    async fn roles(&self, wanted: BTreeSet<(u64, u64)>) -> Result<HashMap<(u64, u64), Known<RoleActors>>, JiraError> {
        stream::iter(wanted)
            .map(|(project, role)| async move {
                let actors = known(self.client.role_actors(project, role).await)?;
                let actors = actors.map(|actors| self.actors(actors));
                Ok(((project, role), actors.with_cure(ROLE_CURE)))
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
        let known = members.iter().filter_map(|id| self.known.get_key_value(id.as_str()));
        known.map(|(account, _)| account.clone()).collect()
    }

    /// Where the groups behind the products are not told, each user is asked about.
    async fn products(&self) -> Result<Products, JiraError> {
        if let Known::Read(roles) = known(self.client.application_roles().await)? {
            let groups = |names: Vec<_>| names.iter().map(group).collect();
            return Ok(Products::OfGroups(
                roles.into_iter().map(|(key, names)| (key, groups(names))).collect(),
            ));
        }
        let of_accounts = stream::iter(self.known.clone())
            .map(|(account, name)| async move {
                let products = known(self.client.products_of_user(&name).await)?;
                Ok((account, products.with_cure(PRODUCT_CURE)))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Products::OfAccounts(of_accounts))
    }

    async fn groups(&self, wanted: BTreeSet<Group>) -> Result<HashMap<Group, Known<HashSet<Account>>>, JiraError> {
        stream::iter(wanted)
            .map(|group| async move {
                let members = known(self.client.group_members(&group_name(&group)).await)?;
                let members = members.map(|members| self.with_identity(&members));
                Ok((group, members.with_cure(GROUP_CURE)))
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
