//! The tokens of a document: alternatives, each of which is full permission. What has to hold together stands inside
//! one token.
//!
//! A token names facts of the issue (its project, its level, its reporter), not who has which permission: that is what
//! the tokens of an identity are for. So a change of a scheme, role, group or level changes identities only.
//!
//! ```text
//! browse:10000                               browse permission in project 10000, no security level
//! browse:10000@reporter=5b10:a&level:10100   as its reporter, and a member of level 10100
//! browse:10000@customfield_10030:~staff      as a member of the group that a field names
//! browse:10000&role:10000.10002              and in role 10002 of the project (restricted issue, comment or worklog)
//! account=5b10:a                             this account, by Jira's own answer about the issue
//! ```

use std::collections::BTreeSet;

use super::principal::{Account, Group, Relation, Subject};

/// The field with the tokens of a document.
pub const ACCESS_FIELD: &str = "_allow_access_control";
/// Public: every identity has it, and so does a reader who is not logged in.
pub const ANYONE: &str = "anyone";
/// Denied for lack of information: no identity has it.
pub const NOBODY: &str = "nobody";

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
    pub related: BTreeSet<(Relation, Subject)>,
}

/// The tokens of one document; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentTokens(BTreeSet<String>);

impl DocumentTokens {
    /// A document that nobody may see.
    pub fn nobody() -> Self {
        Self(BTreeSet::from([NOBODY.to_owned()]))
    }

    /// The document of a project.
    pub fn project(id: u64) -> Self {
        Self(BTreeSet::from([browse(id)]))
    }

    /// The document of an issue.
    pub fn issue(facts: &IssueFacts) -> Self {
        let level = match facts.security {
            SecurityLevel::None => None,
            SecurityLevel::Level(id) => Some(level(id)),
            SecurityLevel::Unreadable => return Self::nobody(),
        };
        let restrictions: Vec<String> = match &facts.restriction {
            Restriction::None => vec![String::new()],
            Restriction::Roles(roles) if !roles.is_empty() => roles.iter().map(|id| role(facts.project, *id)).collect(),
            Restriction::Roles(_) | Restriction::Unreadable => return Self::nobody(),
        };
        let ways = || std::iter::once(None).chain(facts.related.iter().map(Some));
        let mut tokens = BTreeSet::new();
        for by in ways() {
            let browse = with_relation(browse(facts.project), by);
            match &level {
                None => add_all(&mut tokens, &browse, &restrictions),
                Some(level) => {
                    for member in ways().filter(|member| may_be_the_same(by, *member)) {
                        let both = with_relation(format!("{browse}{level}"), member);
                        add_all(&mut tokens, &both, &restrictions);
                    }
                }
            }
        }
        Self(tokens)
    }

    /// A comment, worklog or file of this document that only some of its readers may see.
    pub fn restricted_to(&self, visibility: &Visibility, project: u64) -> Self {
        let suffix = match visibility {
            Visibility::Role(id) => role(project, *id),
            Visibility::Group(group) => format!("&group:{}", escape(&group.to_string())),
            Visibility::Internal => "&internal".to_owned(),
            Visibility::Unreadable => return Self::nobody(),
        };
        let restricted: BTreeSet<String> = self
            .0
            .iter()
            .filter(|token| !matches!(token.as_str(), ANYONE | NOBODY))
            .map(|token| format!("{token}{suffix}"))
            .collect();
        if restricted.is_empty() {
            Self::nobody()
        } else {
            Self(restricted)
        }
    }

    /// Adds accounts that Jira itself named as readers of the issue.
    pub fn with_accounts<'a>(mut self, accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        self.0.extend(accounts.into_iter().map(account));
        self
    }

    /// Adds [`ANYONE`] when one of the tokens is open to everybody.
    pub fn with_public(mut self, public: &BTreeSet<String>) -> Self {
        if self.0.iter().any(|token| public.contains(token)) {
            self.0.insert(ANYONE.to_owned());
        }
        self
    }

    /// Readers of either.
    pub fn or(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        if self.0.len() > 1 {
            self.0.remove(NOBODY);
        }
        self
    }

    /// Whether one of the tokens is among these.
    pub fn intersects(&self, tokens: &BTreeSet<String>) -> bool {
        self.0.iter().any(|token| tokens.contains(token))
    }

    /// The tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Two accounts cannot be the same person; a group can hold any account.
fn may_be_the_same(first: Option<&(Relation, Subject)>, second: Option<&(Relation, Subject)>) -> bool {
    match (first, second) {
        (Some((_, Subject::Account(first))), Some((_, Subject::Account(second)))) => first == second,
        _ => true,
    }
}

fn add_all(tokens: &mut BTreeSet<String>, token: &str, suffixes: &[String]) {
    tokens.extend(suffixes.iter().map(|suffix| format!("{token}{suffix}")));
}

fn with_relation(token: String, by: Option<&(Relation, Subject)>) -> String {
    match by {
        None => token,
        Some((relation, subject)) => format!("{token}{}", related(relation, subject)),
    }
}

pub(super) fn browse(project: u64) -> String {
    format!("browse:{project}")
}

pub(super) fn level(id: u64) -> String {
    format!("&level:{id}")
}

pub(super) fn role(project: u64, id: u64) -> String {
    format!("&role:{project}.{id}")
}

/// An account is set off by `=` and a group by `:`, so that tokens of single people can be told from the others.
pub(super) fn related(relation: &Relation, subject: &Subject) -> String {
    // The first colon ends the field: whoever names a field otherwise could name the groups of another one.
    let field = escape(&relation.to_string()).replace(':', "%3A");
    match subject {
        Subject::Account(account) => format!("@{field}={}", escape(account.as_str())),
        Subject::Group(group) => format!("@{field}:{}", escape(&group.to_string())),
    }
}

pub(super) fn account(account: &Account) -> String {
    format!("account={}", escape(account.as_str()))
}

/// Names may hold the characters that set the parts of a token apart.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '&' => escaped.push_str("%26"),
            '=' => escaped.push_str("%3D"),
            '@' => escaped.push_str("%40"),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn unescape(text: &str) -> String {
    text.replace("%40", "@")
        .replace("%3A", ":")
        .replace("%3D", "=")
        .replace("%26", "&")
        .replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn listed(tokens: &DocumentTokens) -> Vec<&str> {
        tokens.iter().collect()
    }

    #[test]
    fn a_level_and_a_relation_have_to_hold_together() {
        let tokens = DocumentTokens::issue(&facts(
            SecurityLevel::Level(3),
            &[(Relation::Reporter, "a"), (Relation::Assignee, "b@c")],
        ));
        assert_eq!(
            listed(&tokens),
            [
                "browse:7&level:3",
                "browse:7&level:3@assignee=b%40c",
                "browse:7&level:3@reporter=a",
                "browse:7@assignee=b%40c&level:3",
                "browse:7@assignee=b%40c&level:3@assignee=b%40c",
                "browse:7@reporter=a&level:3",
                "browse:7@reporter=a&level:3@reporter=a",
            ]
        );
    }

    #[test]
    fn what_is_not_understood_is_for_nobody() {
        assert_eq!(
            listed(&DocumentTokens::issue(&facts(SecurityLevel::Unreadable, &[]))),
            [NOBODY]
        );
        let no_roles = IssueFacts {
            restriction: Restriction::Roles(BTreeSet::new()),
            ..facts(SecurityLevel::None, &[])
        };
        assert_eq!(listed(&DocumentTokens::issue(&no_roles)), [NOBODY]);
        let public = DocumentTokens::issue(&facts(SecurityLevel::None, &[]));
        assert_eq!(listed(&public.restricted_to(&Visibility::Unreadable, 7)), [NOBODY]);
    }

    #[test]
    fn a_restricted_comment_of_a_public_issue_is_not_public() {
        let public = BTreeSet::from([browse(7)]);
        let issue = DocumentTokens::issue(&facts(SecurityLevel::None, &[])).with_public(&public);
        assert_eq!(listed(&issue), [ANYONE, "browse:7"]);
        let comment = issue.restricted_to(&Visibility::Group(Group::name("Staff&Co")), 7);
        assert_eq!(listed(&comment), ["browse:7&group:~Staff%26Co"]);
    }

    #[test]
    fn names_come_back_as_they_were() {
        for name in ["a", "100%", "a%26b", "x@y=z&w", "%3A", "~a:b", "a,\"b\" ~&group:c"] {
            assert_eq!(unescape(&escape(name)), name);
        }
    }

    /// Names that look like parts of tokens, by every kind of Jira's words.
    #[test]
    fn no_two_readers_share_a_token() {
        let names = [
            "a",
            "A",
            "~a",
            "a:b",
            "a&level:3",
            "a@reporter=x",
            "a=b",
            "a%3Db",
            "b:~a",
            ":",
            "a,b",
            "\"a\"",
        ];
        let fields = ["customfield_1", "customfield_1:~a", "customfield_1=a", "a:b", "a"];
        let subjects = names.iter().flat_map(|name| {
            [
                Subject::Account(Account::new(name)),
                Subject::Group(Group::name(name)),
                // Ids are Jira's own and never begin with the mark of a name.
                Subject::Group(Group::id(&format!("id-{name}"))),
            ]
        });
        let mut made: Vec<String> = subjects
            .flat_map(|subject| {
                fields
                    .iter()
                    .map(move |field| related(&Relation::field(field), &subject))
            })
            .collect();
        made.extend(names.iter().map(|name| account(&Account::new(name))));
        made.extend([level(3), role(7, 3), "&internal".to_owned()]);
        let all = made.len();
        assert_eq!(made.into_iter().collect::<BTreeSet<_>>().len(), all);
    }
}
