//! Random worlds: whoever Jira's rules let see a document has one of its tokens, and nobody else has.
//!
//! The rules are written here a second time, straight from the definition, without any token.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::collection::{btree_set, hash_set, vec};
use proptest::prelude::*;

use super::*;

const ACCOUNTS: u64 = 5;
const GROUPS: u64 = 3;
const ROLES: u64 = 2;
const PROJECTS: u64 = 2;
const LEVELS: u64 = 3;
const FIELDS: u64 = 2;

fn account(number: u64) -> Account {
    Account::new(&format!("acc:{number}"))
}

fn group(number: u64) -> Group {
    if number == 0 {
        Group::name("Staff & Co")
    } else {
        Group::id(&format!("g-{number}"))
    }
}

fn field(number: u64) -> Relation {
    Relation::field(&format!("customfield_{number}"))
}

fn holder() -> impl Strategy<Value = Holder> {
    prop_oneof![
        1 => Just(Holder::Anyone),
        1 => Just(Holder::LoggedIn),
        3 => (0..GROUPS).prop_map(|number| Holder::Group(group(number))),
        3 => (0..ROLES).prop_map(Holder::Role),
        2 => (0..ACCOUNTS).prop_map(|number| Holder::User(account(number))),
        2 => prop_oneof![Just("jira-software"), Just("jira-servicedesk"), Just("missing")]
            .prop_map(|key| Holder::Application(key.into())),
        1 => Just(Holder::ProjectLead),
        2 => Just(Holder::Related(Relation::Reporter)),
        2 => Just(Holder::Related(Relation::Assignee)),
        2 => (0..FIELDS).prop_map(|number| Holder::Related(field(number))),
        2 => (0..FIELDS).prop_map(|number| Holder::RelatedGroup(field(number))),
        1 => Just(Holder::CustomerPortal),
        1 => Just(Holder::Unknown("new".into())),
    ]
}

fn known<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Known<T>> {
    prop_oneof![9 => value.prop_map(Known::Read), 1 => Just(Known::Refused("forbidden".into()))]
}

fn site() -> impl Strategy<Value = Site> {
    let project = (
        known(vec(holder(), 0..3)),
        proptest::option::of(0..ACCOUNTS),
        btree_set(0..LEVELS, 0..3),
    );
    let actors = known((hash_set(0..ACCOUNTS, 0..2), btree_set(0..GROUPS, 0..2)));
    (
        vec(project, PROJECTS as usize),
        vec(known(vec(holder(), 0..3)), LEVELS as usize),
        vec(actors, (PROJECTS * ROLES) as usize),
        vec(known(hash_set(0..ACCOUNTS, 0..5)), GROUPS as usize),
        (btree_set(0..GROUPS, 1..3), btree_set(0..GROUPS, 0..2)),
    )
        .prop_map(|(projects, levels, roles, groups, (software, desk))| {
            let named = |numbers: BTreeSet<u64>| numbers.into_iter().map(group).collect::<BTreeSet<Group>>();
            let projects = (0..).zip(projects).map(|(id, (browse, lead, levels))| {
                (
                    id,
                    Project {
                        key: format!("P{id}"),
                        lead: lead.map(account),
                        browse,
                        levels,
                    },
                )
            });
            let roles = (0..).zip(roles).map(|(at, actors): (u64, _)| {
                let actors = match actors {
                    Known::Read((accounts, groups)) => Known::Read(RoleActors {
                        accounts: accounts.into_iter().map(account).collect(),
                        groups: named(groups),
                        unknown: BTreeSet::new(),
                    }),
                    Known::Refused(reason) | Known::Failed(reason) => Known::Failed(reason),
                };
                ((at / ROLES, at % ROLES), actors)
            });
            let groups = (0..).zip(groups).map(|(number, members): (u64, Known<HashSet<u64>>)| {
                let members = match members {
                    Known::Read(members) => Known::Read(members.into_iter().map(account).collect()),
                    Known::Refused(reason) | Known::Failed(reason) => Known::Failed(reason),
                };
                (group(number), members)
            });
            let products = [
                ("jira-software".to_owned(), named(software)),
                ("jira-servicedesk".to_owned(), named(desk)),
            ];
            Site {
                projects: projects.collect(),
                levels: (0..).zip(levels).collect(),
                roles: roles.collect(),
                groups: groups.collect(),
                products: Products::OfGroups(BTreeMap::from(products)),
                readers: BTreeMap::new(),
                readers_looked_at: None,
            }
        })
}

fn facts() -> impl Strategy<Value = IssueFacts> {
    let security = prop_oneof![
        3 => Just(SecurityLevel::None),
        3 => (0..LEVELS).prop_map(SecurityLevel::Level),
        1 => Just(SecurityLevel::Unreadable),
    ];
    let restriction = prop_oneof![
        3 => Just(Restriction::None),
        1 => btree_set(0..ROLES, 0..3).prop_map(Restriction::Roles),
        1 => Just(Restriction::Unreadable),
    ];
    let relation = prop_oneof![
        (0..ACCOUNTS).prop_map(|number| (Relation::Reporter, Subject::Account(account(number)))),
        (0..ACCOUNTS).prop_map(|number| (Relation::Assignee, Subject::Account(account(number)))),
        (0..FIELDS, 0..ACCOUNTS).prop_map(|(at, number)| (field(at), Subject::Account(account(number)))),
        (0..FIELDS, 0..GROUPS).prop_map(|(at, number)| (field(at), Subject::Group(group(number)))),
    ];
    (0..PROJECTS, security, restriction, btree_set(relation, 0..4)).prop_map(
        |(project, security, restriction, related)| IssueFacts {
            project,
            security,
            restriction,
            related,
        },
    )
}

fn visibility() -> impl Strategy<Value = Visibility> {
    prop_oneof![
        (0..ROLES).prop_map(Visibility::Role),
        (0..GROUPS).prop_map(|number| Visibility::Group(group(number))),
        Just(Visibility::Internal),
        Just(Visibility::Unreadable),
    ]
}

/// Jira's rules, for an active account or nobody.
struct Jira<'a>(&'a Site);

impl Jira<'_> {
    fn in_group(&self, who: &Account, group: &Group) -> bool {
        matches!(&self.0.groups[group], Known::Read(members) if members.contains(who))
    }

    fn in_role(&self, who: &Account, project: u64, role: u64) -> bool {
        match &self.0.roles[&(project, role)] {
            Known::Read(actors) => {
                actors.accounts.contains(who) || actors.groups.iter().any(|group| self.in_group(who, group))
            }
            Known::Refused(_) | Known::Failed(_) => false,
        }
    }

    fn uses(&self, who: &Account, key: &str) -> bool {
        let Products::OfGroups(products) = &self.0.products else {
            return false;
        };
        products
            .get(key)
            .is_some_and(|groups| groups.iter().any(|group| self.in_group(who, group)))
    }

    /// Nobody signs in without a product.
    fn signed_in<'w>(&self, who: Option<&'w Account>) -> Option<&'w Account> {
        who.filter(|who| {
            ["jira-software", "jira-servicedesk"]
                .iter()
                .any(|key| self.uses(who, key))
        })
    }

    fn holds(&self, who: Option<&Account>, holder: &Holder, issue: &IssueFacts) -> bool {
        if *holder == Holder::Anyone {
            return true;
        }
        let Some(who) = self.signed_in(who) else { return false };
        let names =
            |relation: &Relation, subject: &Subject| issue.related.contains(&(relation.clone(), subject.clone()));
        match holder {
            Holder::Anyone | Holder::LoggedIn => true,
            Holder::Group(group) => self.in_group(who, group),
            Holder::Role(role) => self.in_role(who, issue.project, *role),
            Holder::User(user) => user == who,
            Holder::Application(key) => self.uses(who, key),
            Holder::ProjectLead => self.0.projects[&issue.project].lead.as_ref() == Some(who),
            Holder::Related(relation) => names(relation, &Subject::Account(who.clone())),
            Holder::RelatedGroup(relation) => (0..GROUPS)
                .map(group)
                .any(|group| names(relation, &Subject::Group(group.clone())) && self.in_group(who, &group)),
            Holder::CustomerPortal | Holder::Unknown(_) => false,
        }
    }

    fn any(&self, who: Option<&Account>, holders: &Known<Vec<Holder>>, issue: &IssueFacts) -> bool {
        matches!(holders, Known::Read(all) if all.iter().any(|holder| self.holds(who, holder, issue)))
    }

    fn sees(&self, who: Option<&Account>, issue: &IssueFacts) -> bool {
        let project = &self.0.projects[&issue.project];
        let level = match issue.security {
            SecurityLevel::None => true,
            SecurityLevel::Level(id) => project.levels.contains(&id) && self.any(who, &self.0.levels[&id], issue),
            SecurityLevel::Unreadable => false,
        };
        let unrestricted = match &issue.restriction {
            Restriction::None => true,
            Restriction::Roles(roles) => {
                let who = self.signed_in(who);
                who.is_some_and(|who| roles.iter().any(|role| self.in_role(who, issue.project, *role)))
            }
            Restriction::Unreadable => false,
        };
        self.any(who, &project.browse, issue) && level && unrestricted
    }

    /// Grants that look at an issue's fields show the project to everybody who is signed in.
    fn shows_project(&self, who: Option<&Account>, id: u64) -> bool {
        let nothing_said = IssueFacts {
            project: id,
            security: SecurityLevel::None,
            restriction: Restriction::None,
            related: BTreeSet::new(),
        };
        let Known::Read(holders) = &self.0.projects[&id].browse else {
            return false;
        };
        holders.iter().any(|holder| match holder {
            Holder::Related(_) | Holder::RelatedGroup(_) => self.signed_in(who).is_some(),
            _ => self.holds(who, holder, &nothing_said),
        })
    }

    fn sees_comment(&self, who: Option<&Account>, issue: &IssueFacts, visibility: &Visibility) -> bool {
        let within = self.signed_in(who).is_some_and(|who| match visibility {
            Visibility::Role(role) => self.in_role(who, issue.project, *role),
            Visibility::Group(group) => self.in_group(who, group),
            Visibility::Internal => true,
            Visibility::Unreadable => false,
        });
        within && self.sees(who, issue)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn tokens_let_through_whom_jira_lets_through(
        site in site(),
        issues in vec((facts(), vec(visibility(), 0..3)), 1..12),
    ) {
        let jira = Jira(&site);
        let public = site.public_tokens();
        let documents: Vec<(&IssueFacts, Option<&Visibility>, DocumentTokens)> = issues.iter().flat_map(|(facts, comments)| {
            let issue = DocumentTokens::issue(facts).with_public(&public);
            let of = |seen: &Visibility| issue.restricted_to(seen, facts.project);
            let comments: Vec<_> = comments.iter().map(|seen| (facts, Some(seen), of(seen))).collect();
            std::iter::once((facts, None, issue.clone())).chain(comments).collect::<Vec<_>>()
        }).collect();
        let in_use = TokensInUse::from_tokens(
            documents.iter().flat_map(|(_, _, tokens)| tokens.iter()).filter(|token| !token.contains('=')),
        );
        let everybody = std::iter::once(None).chain((0..ACCOUNTS).map(|number| Some(account(number))));
        for who in everybody {
            let identity = match &who {
                Some(who) => Identity::of(who, &site, &in_use).unwrap(),
                None => Identity::anonymous(),
            };
            for id in 0..PROJECTS {
                let project = DocumentTokens::project(id).with_public(&public);
                prop_assert_eq!(project.intersects(&identity.tokens), jira.shows_project(who.as_ref(), id), "{:?}", who);
            }
            for (facts, comment, tokens) in &documents {
                let expected = match comment {
                    None => jira.sees(who.as_ref(), facts),
                    Some(visibility) => jira.sees_comment(who.as_ref(), facts, visibility),
                };
                prop_assert!(tokens.iter().next().is_some());
                prop_assert_eq!(
                    tokens.intersects(&identity.tokens), expected,
                    "{:?} and {:?} {:?}: {:?} against {:?}", who, facts, comment, tokens, identity
                );
            }
        }
    }
}
