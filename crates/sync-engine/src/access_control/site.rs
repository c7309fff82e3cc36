//! Holds Jira's permissions and judges whether one account satisfies them. The documents that this opens are left to
//! `identity`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::in_use::TokensInUse;
use super::principal::{Account, Group, Holder, Known, Relation};
use super::token::{Browse, Level, Token};

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

/// The users of each product, by the key of its application role. Without any, nobody can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Products {
    /// The groups whose members may.
    OfGroups(BTreeMap<String, BTreeSet<Group>>),
    /// The products that each account was said to have, where the groups are not told.
    OfAccounts(HashMap<Account, Known<BTreeSet<String>>>),
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
    /// The users of each product.
    pub products: Products,
    /// The readers of single issues, by Jira's own word: issues whose readers no list tells.
    pub readers: BTreeMap<u64, Known<Arc<HashSet<Account>>>>,
    /// Among how many users Jira looked for them, when it has more.
    pub readers_looked_at: Option<u64>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            projects: BTreeMap::new(),
            levels: BTreeMap::new(),
            roles: HashMap::new(),
            groups: HashMap::new(),
            products: Products::OfGroups(BTreeMap::new()),
            readers: BTreeMap::new(),
            readers_looked_at: None,
        }
    }
}

impl Site {
    /// Whether an active account that can sign in holds this in a project, leaving aside what only single issues say.
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

    /// Whether an active account can sign in: it has some product. Whoever can may also see internal comments of a service
    /// desk where it sees the issue. Unknown means no.
    pub fn may_sign_in(&self, account: &Account) -> bool {
        match &self.products {
            Products::OfGroups(products) => products.values().flatten().any(|group| self.is_member(account, group)),
            Products::OfAccounts(accounts) => {
                let own = accounts.get(account).and_then(Known::read);
                own.is_some_and(|own| !own.is_empty())
            }
        }
    }

    fn uses(&self, account: &Account, product: &str) -> bool {
        match &self.products {
            Products::OfGroups(products) => {
                let groups = products.get(product);
                groups.is_some_and(|groups| groups.iter().any(|group| self.is_member(account, group)))
            }
            Products::OfAccounts(accounts) => {
                let own = accounts.get(account).and_then(Known::read);
                own.is_some_and(|own| own.contains(product))
            }
        }
    }

    /// Whether Jira named an account as a reader of an issue. Unknown means no.
    pub fn reads(&self, account: &Account, issue: u64) -> bool {
        let readers = self.readers.get(&issue).and_then(Known::read);
        readers.is_some_and(|readers| readers.contains(account))
    }

    /// The tokens of documents that are open to everybody.
    pub fn public_tokens(&self) -> BTreeSet<Token> {
        let is_public = |holders: &Known<Vec<Holder>>| holders.read().is_some_and(|all| all.contains(&Holder::Anyone));
        let mut tokens = BTreeSet::new();
        for (id, project) in self.projects.iter().filter(|(_, project)| is_public(&project.browse)) {
            tokens.extend([Token::Project(*id), Token::browse(*id)]);
            let levels = project
                .levels
                .iter()
                .filter(|id| self.levels.get(id).is_some_and(is_public));
            tokens.extend(levels.map(|level| {
                Token::Browse(Browse {
                    project: *id,
                    by: None,
                    level: Some(Level { id: *level, by: None }),
                    conditions: Vec::new(),
                })
            }));
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

    /// The groups whose members matter: named by a permission, a level, an actor of a role, a product, or a document.
    pub fn granted_groups(&self, in_use: &TokensInUse) -> BTreeSet<Group> {
        let mut groups = in_use.groups();
        groups.extend(self.holders().filter_map(|holder| match holder {
            Holder::Group(group) => Some(group.clone()),
            _ => None,
        }));
        let actors = self.roles.values().filter_map(Known::read);
        groups.extend(actors.flat_map(|actors| actors.groups.iter().cloned()));
        if let Products::OfGroups(products) = &self.products {
            groups.extend(products.values().flatten().cloned());
        }
        groups
    }

    /// Those of these tokens whose holders are not known, because a permission or a level could not be read.
    pub fn undetermined<T: AsRef<str>>(&self, texts: impl IntoIterator<Item = T>) -> BTreeSet<String> {
        let unknown = texts.into_iter().filter(|text| !self.determines(text.as_ref()));
        unknown.map(|text| text.as_ref().to_owned()).collect()
    }

    fn determines(&self, text: &str) -> bool {
        let (id, level) = match text.parse() {
            Ok(Token::Anyone) => return true,
            Ok(Token::Project(id)) => (id, None),
            Ok(Token::Browse(browse)) => (browse.project, browse.level),
            Ok(Token::Readers(readers)) => {
                return self
                    .readers
                    .get(&readers.issue)
                    .is_some_and(|known| known.read().is_some());
            }
            Ok(Token::Nobody) | Err(_) => return false,
        };
        let Some(project) = self.projects.get(&id) else {
            return false;
        };
        let level_known =
            level.is_none_or(|of| project.levels.contains(&of.id) && self.levels.get(&of.id).is_some_and(is_told));
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
                ((2, 5), Known::Refused("forbidden".into())),
            ]),
            ..Site::default()
        };
        assert!(site.is_actor(&ada, 1, 5) && !site.is_actor(&bob, 1, 5));
        assert!(!site.is_actor(&ada, 2, 5), "the same role of another project");
        let gaps = site.gaps();
        let said: Vec<(&str, bool)> = gaps.iter().map(|gap| (gap.text.as_str(), gap.failed)).collect();
        assert_eq!(
            said,
            [
                (
                    "role 5 in project ?: actors of type \"atlassian-team-role-actor\" are not known",
                    false
                ),
                ("role 5 in project ?: forbidden", false),
            ]
        );
    }
}
