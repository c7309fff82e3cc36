//! Holds Jira's permissions and judges whether one account satisfies them. The documents that this opens are left to
//! `identity`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::in_use::TokensInUse;
use super::principal::{Account, Group, Holder, Known, Relation};
use super::tokens::{NOBODY, browse, level};

/// One project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its key, for messages.
    pub key: String,
    /// Its lead.
    pub lead: Option<Account>,
    /// Holders of the Browse Projects permission.
    pub browse: Known<Vec<Holder>>,
    /// The security levels that its issues can have.
    pub levels: BTreeSet<u64>,
}

/// The actors of a role in one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleActors {
    /// Single accounts.
    pub accounts: HashSet<Account>,
    /// Groups.
    pub groups: BTreeSet<Group>,
    /// Types of actors that this version does not know: nobody is let in by them.
    pub unknown: BTreeSet<String>,
}

/// The permissions of a whole Jira.
#[derive(Debug)]
pub struct Site {
    /// The projects, by id.
    pub projects: BTreeMap<u64, Project>,
    /// Members of the security levels, by id of the level. A level that is missing is not known.
    pub levels: BTreeMap<u64, Known<Vec<Holder>>>,
    /// Actors, by project and role.
    pub roles: HashMap<(u64, u64), Known<RoleActors>>,
    /// Members of the groups.
    pub groups: HashMap<Group, Known<HashSet<Account>>>,
    /// The groups behind the application roles.
    pub applications: Known<HashMap<String, BTreeSet<Group>>>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            projects: BTreeMap::new(),
            levels: BTreeMap::new(),
            roles: HashMap::new(),
            groups: HashMap::new(),
            applications: Known::Read(HashMap::new()),
        }
    }
}

impl Site {
    /// Whether an active account holds this in a project, leaving aside what only single issues say.
    pub fn holds(&self, account: &Account, holder: &Holder, project_id: u64) -> bool {
        match holder {
            Holder::Anyone | Holder::LoggedIn => true,
            Holder::User(user) => user == account,
            Holder::Group(group) => self.is_member(account, group),
            Holder::Role(role) => self.is_actor(account, project_id, *role),
            Holder::Application(key) => self.uses(account, key),
            Holder::ProjectLead => {
                let project = self.projects.get(&project_id);
                project.and_then(|project| project.lead.as_ref()) == Some(account)
            }
            Holder::Related(_) | Holder::RelatedGroup(_) | Holder::CustomerPortal | Holder::Unknown(_) => false,
        }
    }

    /// Whether an account is in a group. Unknown means no.
    pub fn is_member(&self, account: &Account, group: &Group) -> bool {
        let members = self.groups.get(group).and_then(Known::read);
        members.is_some_and(|members| members.contains(account))
    }

    /// Whether an account is an actor of a role. Unknown means no.
    pub fn is_actor(&self, account: &Account, project: u64, role: u64) -> bool {
        let actors = self.roles.get(&(project, role)).and_then(Known::read);
        actors.is_some_and(|actors| {
            actors.accounts.contains(account) || actors.groups.iter().any(|group| self.is_member(account, group))
        })
    }

    /// Whether an account works in Jira, with whichever product, and so may see internal comments of a service desk
    /// where it sees the issue. Unknown means no.
    pub fn is_licensed(&self, account: &Account) -> bool {
        let mut groups = self.applications.read().into_iter().flat_map(HashMap::values).flatten();
        groups.any(|group| self.is_member(account, group))
    }

    fn uses(&self, account: &Account, application: &str) -> bool {
        let groups = self
            .applications
            .read()
            .and_then(|applications| applications.get(application));
        groups.is_some_and(|groups| groups.iter().any(|group| self.is_member(account, group)))
    }

    /// The tokens of documents that are open to everybody.
    pub fn public_tokens(&self) -> BTreeSet<String> {
        let is_public = |holders: &Known<Vec<Holder>>| holders.read().is_some_and(|all| all.contains(&Holder::Anyone));
        let mut tokens = BTreeSet::new();
        for (id, project) in self.projects.iter().filter(|(_, project)| is_public(&project.browse)) {
            tokens.insert(browse(*id));
            let levels = project
                .levels
                .iter()
                .filter(|id| self.levels.get(id).is_some_and(is_public));
            tokens.extend(levels.map(|level_id| format!("{}{}", browse(*id), level(*level_id))));
        }
        tokens
    }

    /// Every holder of a permission or member of a level of one of the projects.
    fn holders(&self) -> impl Iterator<Item = &Holder> {
        let used: BTreeSet<u64> = self
            .projects
            .values()
            .flat_map(|project| &project.levels)
            .copied()
            .collect();
        let levels = used.into_iter().filter_map(|level| self.levels.get(&level));
        let browse = self.projects.values().map(|project| &project.browse);
        browse.chain(levels).filter_map(Known::read).flatten()
    }

    /// The fields of issues that some permission or level looks at.
    pub fn relations(&self) -> BTreeSet<Relation> {
        self.holders()
            .filter_map(|holder| match holder {
                Holder::Related(relation) | Holder::RelatedGroup(relation) => Some(relation.clone()),
                _ => None,
            })
            .collect()
    }

    /// The roles whose actors matter, as project and role.
    pub fn granted_roles(&self) -> BTreeSet<(u64, u64)> {
        let role = |holder: &Holder| match holder {
            Holder::Role(id) => Some(*id),
            _ => None,
        };
        let mut granted = BTreeSet::new();
        for (id, project) in &self.projects {
            let levels = project.levels.iter().filter_map(|level| self.levels.get(level));
            let holders = std::iter::once(&project.browse)
                .chain(levels)
                .filter_map(Known::read)
                .flatten();
            granted.extend(holders.filter_map(role).map(|role| (*id, role)));
        }
        granted
    }

    /// The groups whose members matter: named by a permission, a level, an actor of a role, a product that is granted,
    /// or a document.
    pub fn granted_groups(&self, in_use: &TokensInUse) -> BTreeSet<Group> {
        let mut groups = in_use.groups();
        let mut applications = BTreeSet::new();
        if in_use.names_internal() {
            let all = self.applications.read().into_iter().flat_map(HashMap::keys);
            applications.extend(all.map(String::as_str));
        }
        for holder in self.holders() {
            match holder {
                Holder::Group(group) => drop(groups.insert(group.clone())),
                Holder::Application(key) => drop(applications.insert(key.as_str())),
                _ => {}
            }
        }
        groups.extend(
            self.roles
                .values()
                .filter_map(Known::read)
                .flat_map(|actors| actors.groups.iter().cloned()),
        );
        let read = self.applications.read();
        let granted = applications
            .into_iter()
            .filter_map(|key| read.and_then(|all| all.get(key)));
        groups.extend(granted.flatten().cloned());
        groups
    }

    /// Everything that could not be read, in words.
    pub fn unreadable(&self) -> Vec<String> {
        let mut all = Vec::new();
        for project in self.projects.values() {
            if let Some(reason) = project.browse.reason() {
                all.push(format!("project {}: {reason}", project.key));
            }
            for holder in project.browse.read().into_iter().flatten() {
                if let Holder::Unknown(kind) = holder {
                    all.push(format!(
                        "project {}: holders of type \"{kind}\" are not known",
                        project.key
                    ));
                }
            }
        }
        for (id, members) in &self.levels {
            if let Some(reason) = members.reason() {
                all.push(format!("security level {id}: {reason}"));
            }
            for holder in members.read().into_iter().flatten() {
                if let Holder::Unknown(kind) = holder {
                    all.push(format!("security level {id}: members of type \"{kind}\" are not known"));
                }
            }
        }
        for ((project, role), actors) in &self.roles {
            let key = self.projects.get(project).map_or("?", |project| project.key.as_str());
            let kinds = actors.read().into_iter().flat_map(|actors| &actors.unknown);
            let unknown = kinds.map(|kind| format!("actors of type \"{kind}\" are not known"));
            let reasons = actors.reason().map(str::to_owned).into_iter().chain(unknown);
            all.extend(reasons.map(|reason| format!("role {role} in project {key}: {reason}")));
        }
        for (group, members) in &self.groups {
            if let Some(reason) = members.reason() {
                all.push(format!("group {group}: {reason}"));
            }
        }
        if let Some(reason) = self.applications.reason() {
            all.push(format!("application roles: {reason}"));
        }
        all.sort();
        all
    }

    /// Those of these tokens whose holders are not known, because a permission or a level could not be read. Of tokens
    /// with further conditions the first two parts count.
    pub fn undetermined<'t>(&self, tokens: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
        let unknown = tokens
            .into_iter()
            .filter(|token| *token == NOBODY || !self.determines(token));
        unknown.map(str::to_owned).collect()
    }

    fn determines(&self, token: &str) -> bool {
        let mut parts = token.split('&');
        let id = parts
            .next()
            .and_then(|part| part.strip_prefix("browse:")?.parse::<u64>().ok());
        let Some(project) = id.and_then(|id| self.projects.get(&id)) else {
            return false;
        };
        let level = parts
            .next()
            .and_then(|part| part.strip_prefix("level:")?.parse::<u64>().ok());
        let level_known =
            level.is_none_or(|id| project.levels.contains(&id) && self.levels.get(&id).is_some_and(is_told));
        is_told(&project.browse) && level_known
    }
}

/// Whether some holder is told. Where there are only ones of unknown types, nobody can be let in for lack of information.
fn is_told(holders: &Known<Vec<Holder>>) -> bool {
    let opens = |holder: &Holder| !matches!(holder, Holder::Unknown(_) | Holder::CustomerPortal);
    let holders = holders.read();
    holders.is_some_and(|all| all.iter().any(opens) || !all.iter().any(|one| matches!(one, Holder::Unknown(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unknown_holders_are_a_lack_of_information() {
        let of = |browse: &[Holder]| {
            let project = Project {
                key: "A".into(),
                lead: None,
                browse: Known::Read(browse.to_vec()),
                levels: BTreeSet::new(),
            };
            let site = Site {
                projects: BTreeMap::from([(1, project)]),
                ..Site::default()
            };
            !site.undetermined(["browse:1"]).is_empty()
        };
        let unknown = || Holder::Unknown("team".into());
        assert!(of(&[unknown()]));
        assert!(of(&[unknown(), Holder::CustomerPortal]));
        assert!(!of(&[unknown(), Holder::LoggedIn]));
        assert!(!of(&[Holder::CustomerPortal]), "nobody may browse, and that is known");
        assert!(!of(&[]));
    }

    /// Teams, say, as actors of a role: nobody comes in by them, the others do, and it is said.
    #[test]
    fn actors_that_are_not_known_open_nothing_and_are_named() {
        let (ada, bob) = (Account::new("ada"), Account::new("bob"));
        let actors = RoleActors {
            accounts: HashSet::from([ada.clone()]),
            unknown: BTreeSet::from(["atlassian-team-role-actor".to_owned()]),
            ..RoleActors::default()
        };
        let site = Site {
            roles: HashMap::from([
                ((1, 5), Known::Read(actors)),
                ((2, 5), Known::Unreadable("forbidden".into())),
            ]),
            ..Site::default()
        };
        assert!(site.is_actor(&ada, 1, 5) && !site.is_actor(&bob, 1, 5));
        assert!(!site.is_actor(&ada, 2, 5), "the same role of another project");
        assert_eq!(
            site.unreadable(),
            [
                "role 5 in project ?: actors of type \"atlassian-team-role-actor\" are not known",
                "role 5 in project ?: forbidden",
            ]
        );
    }
}
