//! The tokens of a document: alternatives, each of which is full permission. How they are written is left to `token`.
//!
//! A token names facts of the issue (its project, its level, its reporter), not who has which permission: that is what
//! the tokens of an identity are for. So a change of a scheme, role, group or level changes identities only.

use std::collections::BTreeSet;

use super::principal::{Group, Subject};
use super::token::{Browse, Condition, Level, Readers, Token, Way};

/// The field with the tokens of a document.
pub const ACCESS_FIELD: &str = "_allow_access_control";

/// The security level of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityLevel {
    /// None: whoever may browse may see it.
    None,
    /// A level, by id.
    Level(u64),
    /// There is something that could not be understood.
    Unreadable,
}

/// The restriction of an issue in a team-managed project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restriction {
    /// None.
    None,
    /// Only for actors of one of these roles.
    Roles(BTreeSet<u64>),
    /// There is something that could not be understood.
    Unreadable,
}

/// The readers of a comment or worklog, among those of its issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Actors of a role of the project.
    Role(u64),
    /// Members of a group.
    Group(Group),
    /// Whoever works with a product of Jira, but not customers.
    Internal,
    /// There is something that could not be understood.
    Unreadable,
}

/// Facts about the readers of an issue, from its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueFacts {
    /// Its project.
    pub project: u64,
    /// Its security level.
    pub security: SecurityLevel,
    /// Its restriction.
    pub restriction: Restriction,
    /// Whom its fields name.
    pub related: BTreeSet<Way>,
}

/// The tokens of one document; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTokens(BTreeSet<Token>);

impl DocumentTokens {
    /// A document that nobody may see.
    pub fn nobody() -> Self {
        Self(BTreeSet::from([Token::Nobody]))
    }

    /// The document of a project.
    pub fn project(id: u64) -> Self {
        Self(BTreeSet::from([Token::Project(id)]))
    }

    /// A document for those who may browse a whole project.
    pub fn browsers(project: u64) -> Self {
        Self(BTreeSet::from([Token::browse(project)]))
    }

    /// The document of an issue.
    pub fn issue(facts: &IssueFacts) -> Self {
        let project = facts.project;
        let level = match facts.security {
            SecurityLevel::None => None,
            SecurityLevel::Level(id) => Some(id),
            SecurityLevel::Unreadable => return Self::nobody(),
        };
        let restrictions: Vec<Vec<Condition>> = match &facts.restriction {
            Restriction::None => vec![Vec::new()],
            Restriction::Roles(roles) if !roles.is_empty() => {
                let role = |role: &u64| vec![Condition::Role { project, role: *role }];
                roles.iter().map(role).collect()
            }
            Restriction::Roles(_) | Restriction::Unreadable => return Self::nobody(),
        };
        let ways = || std::iter::once(None).chain(facts.related.iter().map(Some));
        let mut tokens = BTreeSet::new();
        for by in ways() {
            let levels: Vec<Option<Level>> = match level {
                None => vec![None],
                Some(id) => {
                    let members = ways().filter(|member| may_be_the_same(by, *member));
                    members
                        .map(|member| {
                            Some(Level {
                                id,
                                by: member.cloned(),
                            })
                        })
                        .collect()
                }
            };
            for level in levels {
                tokens.extend(restrictions.iter().map(|conditions| {
                    Token::Browse(Browse {
                        project,
                        by: by.cloned(),
                        level: level.clone(),
                        conditions: conditions.clone(),
                    })
                }));
            }
        }
        Self(tokens)
    }

    /// A comment, worklog or file of this document that only some of its readers may see.
    pub fn restricted_to(&self, visibility: &Visibility, project: u64) -> Self {
        let condition = match visibility {
            Visibility::Role(id) => Condition::Role { project, role: *id },
            Visibility::Group(group) => Condition::Group(group.clone()),
            Visibility::Internal => Condition::Internal,
            Visibility::Unreadable => return Self::nobody(),
        };
        let tokens = self.0.iter().cloned();
        let restricted: BTreeSet<Token> = tokens.filter_map(|token| token.with(condition.clone())).collect();
        if restricted.is_empty() {
            Self::nobody()
        } else {
            Self(restricted)
        }
    }

    /// Adds those whom Jira names as readers of the issue when it is asked, as long as its fields say the same.
    pub fn with_readers_of(mut self, issue: u64, facts: &str) -> Self {
        self.0.insert(Token::Readers(Readers {
            issue,
            facts: facts.to_owned(),
            conditions: Vec::new(),
        }));
        self.or(&Self::nobody())
    }

    /// Adds [`Token::Anyone`] when one of the tokens is open to everybody.
    pub fn with_public(mut self, public: &BTreeSet<Token>) -> Self {
        if !self.0.is_disjoint(public) {
            self.0.insert(Token::Anyone);
        }
        self
    }

    /// Readers of either.
    pub fn or(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        if self.0.len() > 1 {
            self.0.remove(&Token::Nobody);
        }
        self
    }

    /// Whether one of the tokens is among these texts.
    pub fn intersects(&self, texts: &BTreeSet<String>) -> bool {
        self.iter().any(|token| texts.contains(&token))
    }

    /// The texts of the tokens.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

/// Two accounts cannot be the same person; a group can hold any account.
fn may_be_the_same(first: Option<&Way>, second: Option<&Way>) -> bool {
    match (first, second) {
        (Some((_, Subject::Account(first))), Some((_, Subject::Account(second)))) => first == second,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_control::{ANYONE, Account, NOBODY, Relation};

    fn facts(security: SecurityLevel, related: &[(Relation, &str)]) -> IssueFacts {
        let related = related
            .iter()
            .map(|(relation, id)| (relation.clone(), Subject::Account(Account::new(id))))
            .collect();
        IssueFacts {
            project: 7,
            security,
            restriction: Restriction::None,
            related,
        }
    }

    fn listed(tokens: &DocumentTokens) -> BTreeSet<String> {
        tokens.iter().collect()
    }

    fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
        texts.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_level_and_a_relation_have_to_hold_together() {
        let tokens = DocumentTokens::issue(&facts(
            SecurityLevel::Level(3),
            &[(Relation::Reporter, "a"), (Relation::Assignee, "b@c")],
        ));
        assert_eq!(
            listed(&tokens),
            texts([
                "browse:7&level:3",
                "browse:7&level:3@assignee=b%40c",
                "browse:7&level:3@reporter=a",
                "browse:7@assignee=b%40c&level:3",
                "browse:7@assignee=b%40c&level:3@assignee=b%40c",
                "browse:7@reporter=a&level:3",
                "browse:7@reporter=a&level:3@reporter=a",
            ])
        );
    }

    #[test]
    fn what_is_not_understood_is_for_nobody() {
        assert_eq!(
            listed(&DocumentTokens::issue(&facts(SecurityLevel::Unreadable, &[]))),
            texts([NOBODY])
        );
        let no_roles = IssueFacts {
            restriction: Restriction::Roles(BTreeSet::new()),
            ..facts(SecurityLevel::None, &[])
        };
        assert_eq!(listed(&DocumentTokens::issue(&no_roles)), texts([NOBODY]));
        let public = DocumentTokens::issue(&facts(SecurityLevel::None, &[]));
        assert_eq!(
            listed(&public.restricted_to(&Visibility::Unreadable, 7)),
            texts([NOBODY])
        );
    }

    #[test]
    fn a_restricted_comment_of_a_public_issue_is_not_public() {
        let public = BTreeSet::from([Token::browse(7)]);
        let issue = DocumentTokens::issue(&facts(SecurityLevel::None, &[])).with_public(&public);
        assert_eq!(listed(&issue), texts([ANYONE, "browse:7"]));
        let comment = issue.restricted_to(&Visibility::Group(Group::name("Staff&Co")), 7);
        assert_eq!(listed(&comment), texts(["browse:7&group:~Staff%26Co"]));
    }

    /// The levels of a server are in no list, so Jira is asked; the restriction of a comment holds besides.
    #[test]
    fn readers_whom_jira_names_are_bound_to_what_the_issue_said() {
        let hidden = DocumentTokens::issue(&facts(SecurityLevel::Unreadable, &[]));
        let issue = hidden.with_readers_of(12, "f0");
        assert_eq!(listed(&issue), texts(["readers:12.f0"]));
        let comment = issue.restricted_to(&Visibility::Role(3), 7);
        assert_eq!(listed(&comment), texts(["readers:12.f0&role:7.3"]));
    }
}
