//! People, groups, roles, schemes, levels, issues and comments, made from a seed, and who of the people sees what.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

/// How large a world is.
pub(crate) const USERS: usize = 40;
pub(crate) const GROUPS: usize = 8;
pub(crate) const ROLES: [u64; 3] = [10_002, 10_100, 10_101];
pub(crate) const PROJECTS: u64 = 6;
pub(crate) const LEVELS: u64 = 6;
pub(crate) const ISSUES: u64 = 200;
/// A user picker and a group picker.
pub(crate) const USER_FIELD: &str = "customfield_10030";
pub(crate) const GROUP_FIELD: &str = "customfield_10040";

/// Whom a permission is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    Anyone,
    LoggedIn,
    Application(&'static str),
    Group(usize),
    Role(u64),
    User(usize),
    Lead,
    Reporter,
    Assignee,
    UserField,
    GroupField,
    Portal,
}

/// How a comment is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Role(u64),
    Group(usize),
    Agents,
    Everybody,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) active: bool,
    pub(crate) kind: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) lead: usize,
    pub(crate) browse: Vec<Holder>,
    /// Security scheme; its levels are two in a row.
    pub(crate) scheme: Option<u64>,
    /// Whether the service account may read its permission scheme.
    pub(crate) readable: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) id: u64,
    pub(crate) project: u64,
    pub(crate) level: Option<u64>,
    pub(crate) restriction: BTreeSet<u64>,
    pub(crate) reporter: usize,
    pub(crate) assignee: Option<usize>,
    pub(crate) users: Vec<usize>,
    pub(crate) groups: Vec<usize>,
    pub(crate) comments: Vec<(u64, Seen)>,
    pub(crate) linked: u64,
    /// Milliseconds.
    pub(crate) updated: i64,
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<BTreeSet<usize>>,
    pub(crate) applications: BTreeMap<&'static str, Vec<usize>>,
    pub(crate) projects: Vec<Project>,
    pub(crate) levels: BTreeMap<u64, Vec<Holder>>,
    pub(crate) roles: BTreeMap<(u64, u64), (BTreeSet<usize>, BTreeSet<usize>)>,
    pub(crate) issues: BTreeMap<u64, Issue>,
    /// Issues that are listed and that Jira fails to show.
    pub(crate) broken: BTreeSet<u64>,
    pub(crate) now: i64,
}

impl Holder {
    pub(crate) fn any(dice: &mut Rng) -> Self {
        match dice.u32(0..18) {
            0 => Self::Anyone,
            1 => Self::LoggedIn,
            2 => Self::Application("jira-software"),
            3..=5 => Self::Group(dice.usize(0..GROUPS)),
            6..=8 => Self::Role(ROLES[dice.usize(0..ROLES.len())]),
            9..=10 => Self::User(dice.usize(0..USERS)),
            11 => Self::Lead,
            12 => Self::Reporter,
            13 => Self::Assignee,
            14 => Self::UserField,
            15 => Self::GroupField,
            _ => Self::Portal,
        }
    }
}

impl Issue {
    pub(crate) fn any(dice: &mut Rng, id: u64, updated: i64) -> Self {
        let project = dice.u64(0..PROJECTS);
        let some =
            |dice: &mut Rng, most: usize, of: usize| (0..dice.usize(0..most)).map(|_| dice.usize(0..of)).collect();
        let comments = (0..dice.u64(0..3)).map(|at| (id * 10 + at, Seen::any(dice))).collect();
        Self {
            id,
            project,
            level: None,
            restriction: BTreeSet::new(),
            reporter: dice.usize(0..USERS),
            assignee: dice.bool().then(|| dice.usize(0..USERS)),
            users: some(dice, 3, USERS),
            groups: some(dice, 3, GROUPS),
            comments,
            linked: dice.u64(0..ISSUES),
            updated,
        }
    }
}

impl Seen {
    fn any(dice: &mut Rng) -> Self {
        match dice.u32(0..4) {
            0 => Self::Role(ROLES[dice.usize(0..ROLES.len())]),
            1 => Self::Group(dice.usize(0..GROUPS)),
            2 => Self::Agents,
            _ => Self::Everybody,
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let now = 1_790_000_000_000;
        let users = (0..USERS).map(|at| User {
            id: if at % 3 == 0 {
                format!("557058:{at:08x}-aaaa")
            } else {
                format!("5b10a2844c20165700ed{at:04}")
            },
            active: at % 13 != 5,
            kind: match at % 17 {
                3 => "app",
                9 => "customer",
                _ => "atlassian",
            },
        });
        let mut world = Self {
            users: users.collect(),
            groups: (0..GROUPS)
                .map(|_| (0..8).map(|_| dice.usize(0..USERS)).collect())
                .collect(),
            applications: BTreeMap::from([("jira-software", vec![0, 1]), ("jira-servicedesk", vec![2])]),
            projects: Vec::new(),
            levels: BTreeMap::new(),
            roles: BTreeMap::new(),
            issues: BTreeMap::new(),
            broken: BTreeSet::new(),
            now,
        };
        for level in 0..LEVELS {
            let members = (0..dice.usize(1..4)).map(|_| Holder::any(&mut dice)).collect();
            world.levels.insert(level, members);
        }
        for id in 0..PROJECTS {
            // The first is public, the last one cannot be read; the others have two or three holders.
            let mut browse: Vec<Holder> = (0..dice.usize(2..4)).map(|_| Holder::any(&mut dice)).collect();
            if id == 0 {
                browse.push(Holder::Anyone);
            } else {
                browse.retain(|holder| *holder != Holder::Anyone);
            }
            let scheme = (id % 2 == 0).then_some(id / 2);
            let (key, lead, readable) = (format!("P{id}"), dice.usize(0..USERS), id + 1 != PROJECTS);
            world.projects.push(Project {
                id,
                key,
                lead,
                browse,
                scheme,
                readable,
            });
            for role in ROLES {
                let accounts = (0..dice.usize(0..4)).map(|_| dice.usize(0..USERS)).collect();
                let groups = (0..dice.usize(0..2)).map(|_| dice.usize(0..GROUPS)).collect();
                world.roles.insert((id, role), (accounts, groups));
            }
        }
        for id in 0..ISSUES {
            let mut issue = Issue::any(&mut dice, id, now + id as i64);
            if world.projects[issue.project as usize].scheme.is_some() && dice.u32(0..3) == 0 {
                issue.level = Some(world.level_of(issue.project, &mut dice));
            }
            if dice.u32(0..10) == 0 {
                issue.restriction.insert(ROLES[dice.usize(0..ROLES.len())]);
            }
            world.issues.insert(id, issue);
        }
        world
    }

    /// One of the levels that issues of this project can have; a project without a scheme is team-managed, and its
    /// levels are in no list.
    pub(crate) fn level_of(&self, project: u64, dice: &mut Rng) -> u64 {
        match self.projects[project as usize].scheme {
            Some(scheme) => scheme * 2 + dice.u64(0..2),
            None => 900 + project,
        }
    }

    /// Whether somebody sees an issue; none is somebody who is not logged in.
    pub(crate) fn may_see(&self, who: Option<usize>, issue: &Issue) -> bool {
        if who.is_some_and(|who| !self.users[who].active) {
            return false;
        }
        let who = self.signed_in(who);
        let project = &self.projects[issue.project as usize];
        let member = |holders: &[Holder]| holders.iter().any(|holder| self.holds(who, holder, issue));
        let level = match issue.level {
            None => true,
            Some(level) => self.levels.get(&level).is_some_and(|members| member(members)),
        };
        let unrestricted = issue.restriction.is_empty()
            || who.is_some_and(|who| {
                issue
                    .restriction
                    .iter()
                    .any(|role| self.is_actor(who, issue.project, *role))
            });
        member(&project.browse) && level && unrestricted
    }

    /// Nobody signs in without a product.
    fn signed_in(&self, who: Option<usize>) -> Option<usize> {
        who.filter(|who| self.applications.keys().any(|key| self.uses(*who, key)))
    }

    /// Whether a project itself is shown: a grant that looks at the fields of issues shows it to everybody signed in.
    pub(crate) fn shows_project(&self, who: Option<usize>, project: &Project) -> bool {
        let who = self.signed_in(who);
        project.readable
            && project.browse.iter().any(|holder| match (holder, who) {
                (Holder::Anyone, _) => true,
                (_, None) => false,
                (Holder::Reporter | Holder::Assignee | Holder::UserField | Holder::GroupField, Some(_)) => true,
                (Holder::LoggedIn, Some(_)) => true,
                (Holder::Portal, Some(_)) => false,
                (Holder::Application(key), Some(who)) => self.uses(who, key),
                (Holder::Group(group), Some(who)) => self.groups[*group].contains(&who),
                (Holder::Role(role), Some(who)) => self.is_actor(who, project.id, *role),
                (Holder::User(user), Some(who)) => *user == who,
                (Holder::Lead, Some(who)) => project.lead == who,
            })
    }

    pub(crate) fn may_see_comment(&self, who: Option<usize>, issue: &Issue, seen: Seen) -> bool {
        let who_is_known = who.filter(|who| self.users[*who].active);
        let among = match (seen, self.signed_in(who_is_known)) {
            (Seen::Everybody, _) => true,
            (_, None) => false,
            (Seen::Role(role), Some(who)) => self.is_actor(who, issue.project, role),
            (Seen::Group(group), Some(who)) => self.groups[group].contains(&who),
            (Seen::Agents, Some(_)) => true,
        };
        among && self.may_see(who, issue)
    }

    /// Whether the account that reads Jira can tell who sees the issue.
    pub(crate) fn is_readable(&self, issue: &Issue) -> bool {
        let listed = issue.level.is_none_or(|level| self.levels.contains_key(&level));
        self.projects[issue.project as usize].readable && listed
    }

    fn holds(&self, who: Option<usize>, holder: &Holder, issue: &Issue) -> bool {
        let Some(who) = who else {
            return *holder == Holder::Anyone;
        };
        match holder {
            Holder::Anyone | Holder::LoggedIn => true,
            Holder::Application(key) => self.uses(who, key),
            Holder::Group(group) => self.groups[*group].contains(&who),
            Holder::Role(role) => self.is_actor(who, issue.project, *role),
            Holder::User(user) => *user == who,
            Holder::Lead => self.projects[issue.project as usize].lead == who,
            Holder::Reporter => issue.reporter == who,
            Holder::Assignee => issue.assignee == Some(who),
            Holder::UserField => issue.users.contains(&who),
            Holder::GroupField => issue.groups.iter().any(|group| self.groups[*group].contains(&who)),
            Holder::Portal => false,
        }
    }

    fn is_actor(&self, who: usize, project: u64, role: u64) -> bool {
        let (users, groups) = &self.roles[&(project, role)];
        users.contains(&who) || groups.iter().any(|group| self.groups[*group].contains(&who))
    }

    fn uses(&self, who: usize, application: &str) -> bool {
        self.applications[application]
            .iter()
            .any(|group| self.groups[*group].contains(&who))
    }
}
