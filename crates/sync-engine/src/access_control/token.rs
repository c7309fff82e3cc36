//! Access tokens: what each says, and the only code that writes one as text or takes a text apart.
//!
//! `document_tokens` and `identity` decide which tokens a document or an identity gets.
//!
//! ```text
//! anyone                                     everybody, logged in or not
//! nobody                                     not known who, so for none
//! project:10000                              project 10000 itself: the document of the project
//! browse:10000                               browse permission in project 10000, no security level
//! browse:10000@reporter=5b10:a&level:10100   as its reporter, and a member of level 10100
//! browse:10000@customfield_10030:~staff      as a member of the group that a field names
//! browse:10000&role:10000.10002              and in role 10002 of the project (restricted issue, comment or worklog)
//! readers:10200.5f0c                         by Jira's own word about issue 10200, as long as its fields say the same
//! ```

use std::fmt;
use std::str::FromStr;

use super::principal::{Account, Group, Relation, Subject};

/// Public: every identity has it, and so does a reader who is not logged in.
pub const ANYONE: &str = "anyone";
/// Denied for lack of information: no identity has it.
pub const NOBODY: &str = "nobody";
/// The beginning of tokens of issues whose readers Jira has to be asked for.
pub const READERS: &str = "readers:";

/// The subject that a field of the issue lets in, and the field.
pub type Way = (Relation, Subject);

/// One alternative: whoever has it may see the document. What has to hold together stands inside one token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token {
    /// Everybody.
    Anyone,
    /// Nobody.
    Nobody,
    /// Whom Jira shows a project itself.
    Project(u64),
    /// Whoever may browse a project, and fulfils the rest.
    Browse(Browse),
    /// Whom Jira names as readers of one issue.
    Readers(Readers),
}

/// Permission to browse a project, with everything that has to hold besides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Browse {
    /// The project.
    pub project: u64,
    /// The field by which alone somebody may browse.
    pub by: Option<Way>,
    /// The security level.
    pub level: Option<Level>,
    /// More conditions.
    pub conditions: Vec<Condition>,
}

/// Membership of a security level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level {
    /// The level.
    pub id: u64,
    /// The field by which alone somebody is a member.
    pub by: Option<Way>,
}

/// The readers of an issue that no list tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Readers {
    /// The issue.
    pub issue: u64,
    /// Names what its fields said about readers. When they say something else, the document gets another token, and the
    /// readers of before have only the old one.
    pub facts: String,
    /// More conditions.
    pub conditions: Vec<Condition>,
}

/// A condition besides permission and level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// To be an actor of a role in a project.
    Role {
        /// The project.
        project: u64,
        /// The role.
        role: u64,
    },
    /// To be a member of a group.
    Group(Group),
    /// To work with a product of Jira, and not only be a customer.
    Internal,
}

impl Token {
    /// Matches the tokens of a content index that cannot be foreseen from permissions alone, and that name no account, as
    /// a regular expression of Elasticsearch's `terms` aggregation.
    pub const UNFORESEEN: &'static str = r"readers:.*|[^=]*(\@|\&role:|\&group:|\&internal)[^=]*";

    /// Matches the tokens of documents that name no person and no field: one for each document at least, but for those
    /// that are for nobody at all.
    pub const PLAIN: &'static str = r"browse:[0-9]+(\&[^=@]*)?|nobody";

    /// Plain permission to browse a project.
    pub fn browse(project: u64) -> Self {
        Self::Browse(Browse {
            project,
            by: None,
            level: None,
            conditions: Vec::new(),
        })
    }

    /// The same with one more condition. What is for everybody or nobody has none.
    pub(super) fn with(mut self, condition: Condition) -> Option<Self> {
        match &mut self {
            Self::Browse(Browse { conditions, .. }) | Self::Readers(Readers { conditions, .. }) => {
                conditions.push(condition);
                Some(self)
            }
            Self::Anyone | Self::Nobody | Self::Project(_) => None,
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str(ANYONE),
            Self::Nobody => f.write_str(NOBODY),
            Self::Project(id) => write!(f, "project:{id}"),
            Self::Browse(browse) => {
                write!(f, "browse:{}", browse.project)?;
                write_way(f, browse.by.as_ref())?;
                if let Some(level) = &browse.level {
                    write!(f, "&level:{}", level.id)?;
                    write_way(f, level.by.as_ref())?;
                }
                write_conditions(f, &browse.conditions)
            }
            Self::Readers(readers) => {
                write!(f, "{READERS}{}.{}", readers.issue, Escaped(&readers.facts, OF_NAMES))?;
                write_conditions(f, &readers.conditions)
            }
        }
    }
}

/// An account is set off by `=` and a group by `:`, so that tokens of single people can be told from the others.
fn write_way(f: &mut fmt::Formatter<'_>, by: Option<&Way>) -> fmt::Result {
    let Some((relation, subject)) = by else { return Ok(()) };
    f.write_str("@")?;
    match relation {
        Relation::Reporter => f.write_str("reporter")?,
        Relation::Assignee => f.write_str("assignee")?,
        // A field that is called like one of these is none of them.
        Relation::Field(id) if matches!(id.as_ref(), "reporter" | "assignee") => write!(f, "%{id}")?,
        Relation::Field(id) => fmt::Display::fmt(&Escaped(id, OF_FIELDS), f)?,
    }
    match subject {
        Subject::Account(account) => write!(f, "={}", Escaped(account.as_str(), OF_NAMES)),
        Subject::Group(group) => {
            f.write_str(":")?;
            write_group(f, group)
        }
    }
}

fn write_group(f: &mut fmt::Formatter<'_>, group: &Group) -> fmt::Result {
    match group {
        Group::Id(id) => fmt::Display::fmt(&Escaped(id, OF_GROUP_IDS), f),
        // The mark keeps names and ids apart.
        Group::Name(name) => write!(f, "~{}", Escaped(name, OF_NAMES)),
    }
}

fn write_conditions(f: &mut fmt::Formatter<'_>, conditions: &[Condition]) -> fmt::Result {
    for condition in conditions {
        match condition {
            Condition::Role { project, role } => write!(f, "&role:{project}.{role}")?,
            Condition::Group(group) => {
                f.write_str("&group:")?;
                write_group(f, group)?;
            }
            Condition::Internal => f.write_str("&internal")?,
        }
    }
    Ok(())
}

/// A name with some characters written as `%` and the hexadecimal code: those that set the parts of a token apart.
struct Escaped<'a>(&'a str, &'a [char]);

const OF_NAMES: &[char] = &['%', '&', '=', '@'];
/// The first colon ends a field: whoever names a field otherwise could name the groups of another one.
const OF_FIELDS: &[char] = &['%', '&', '=', '@', ':'];
/// The mark of a group's name.
const OF_GROUP_IDS: &[char] = &['%', '&', '=', '@', '~'];

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(self.1) {
            match part.chars().next_back().filter(|last| self.1.contains(last)) {
                Some(mark) => write!(f, "{}%{:02X}", &part[..part.len() - 1], u32::from(mark))?,
                None => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

/// The text is no token of ours: nobody is given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownToken;

impl FromStr for Token {
    type Err = UnknownToken;

    fn from_str(text: &str) -> Result<Self, UnknownToken> {
        let token = parse(text).ok_or(UnknownToken)?;
        // One text for each token: what only looks alike is none.
        if token.to_string() == text {
            Ok(token)
        } else {
            Err(UnknownToken)
        }
    }
}

fn parse(text: &str) -> Option<Token> {
    match text {
        ANYONE => return Some(Token::Anyone),
        NOBODY => return Some(Token::Nobody),
        _ => {}
    }
    let mut parts = text.split('&').peekable();
    let first = parts.next()?;
    if let Some(id) = first.strip_prefix("project:") {
        return parts.next().is_none().then(|| Some(Token::Project(id.parse().ok()?)))?;
    }
    if let Some(readers) = first.strip_prefix(READERS) {
        let (issue, facts) = readers.split_once('.')?;
        return Some(Token::Readers(Readers {
            issue: issue.parse().ok()?,
            facts: unescaped(facts)?,
            conditions: parts.map(condition).collect::<Option<_>>()?,
        }));
    }
    let (project, by) = number_and_way(first.strip_prefix("browse:")?)?;
    let level = match parts.next_if(|part| part.starts_with("level:")) {
        Some(part) => {
            let (id, by) = number_and_way(part.strip_prefix("level:")?)?;
            Some(Level { id, by })
        }
        None => None,
    };
    Some(Token::Browse(Browse {
        project,
        by,
        level,
        conditions: parts.map(condition).collect::<Option<_>>()?,
    }))
}

fn number_and_way(part: &str) -> Option<(u64, Option<Way>)> {
    let Some((number, way)) = part.split_once('@') else {
        return Some((part.parse().ok()?, None));
    };
    let at = way.find(['=', ':'])?;
    let (field, subject) = (&way[..at], &way[at + 1..]);
    let relation = match field {
        "reporter" => Relation::Reporter,
        "assignee" => Relation::Assignee,
        "%reporter" | "%assignee" => Relation::field(&field[1..]),
        _ => Relation::field(&unescaped(field)?),
    };
    let subject = if way[at..].starts_with('=') {
        Subject::Account(Account::new(&unescaped(subject)?))
    } else {
        Subject::Group(group(subject)?)
    };
    Some((number.parse().ok()?, Some((relation, subject))))
}

fn condition(part: &str) -> Option<Condition> {
    if part == "internal" {
        return Some(Condition::Internal);
    }
    if let Some(text) = part.strip_prefix("group:") {
        return Some(Condition::Group(group(text)?));
    }
    let (project, role) = part.strip_prefix("role:")?.split_once('.')?;
    Some(Condition::Role {
        project: project.parse().ok()?,
        role: role.parse().ok()?,
    })
}

fn group(text: &str) -> Option<Group> {
    Some(match text.strip_prefix('~') {
        Some(name) => Group::name(&unescaped(name)?),
        None => Group::id(&unescaped(text)?),
    })
}

fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = u8::from_str_radix(part.get(..2)?, 16).ok()?;
        plain.push(char::from(code));
        plain.push_str(&part[2..]);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    static UNFORESEEN: LazyLock<Regex> = LazyLock::new(|| whole(Token::UNFORESEEN));
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| whole(Token::PLAIN));

    fn whole(pattern: &str) -> Regex {
        Regex::new(&format!("(?s)^({pattern})$")).unwrap()
    }

    /// Words of Jira's that look like parts of tokens, and any others.
    fn name() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => proptest::sample::select(vec!["a", "~", ":", "&", "=", "@", "%", ".", "3A", "reporter", "assignee", "level:3",
                "&group:~a", "%reporter", "internal", "7", "ß", "漢", "\u{0}", " "]).prop_map(str::to_owned),
            1 => ".{0,3}",
        ];
        vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    fn group() -> impl Strategy<Value = Group> {
        (any::<bool>(), name()).prop_map(|(by_id, name)| if by_id { Group::id(&name) } else { Group::name(&name) })
    }

    fn way() -> impl Strategy<Value = Way> {
        let relation = prop_oneof![
            Just(Relation::Reporter),
            Just(Relation::Assignee),
            name().prop_map(|id| Relation::field(&id)),
        ];
        let subject = prop_oneof![
            name().prop_map(|id| Subject::Account(Account::new(&id))),
            group().prop_map(Subject::Group),
        ];
        (relation, subject)
    }

    fn conditions() -> impl Strategy<Value = Vec<Condition>> {
        let condition = prop_oneof![
            (0..20_u64, 0..20_u64).prop_map(|(project, role)| Condition::Role { project, role }),
            group().prop_map(Condition::Group),
            Just(Condition::Internal),
        ];
        vec(condition, 0..3)
    }

    fn token() -> impl Strategy<Value = Token> {
        let level = (any::<u64>(), option::of(way())).prop_map(|(id, by)| Level { id, by });
        let browse = (any::<u64>(), option::of(way()), option::of(level), conditions());
        let browse = browse.prop_map(|(project, by, level, conditions)| {
            Token::Browse(Browse {
                project,
                by,
                level,
                conditions,
            })
        });
        let readers = (any::<u64>(), name(), conditions());
        let readers = readers.prop_map(|(issue, facts, conditions)| {
            Token::Readers(Readers {
                issue,
                facts,
                conditions,
            })
        });
        prop_oneof![
            1 => Just(Token::Anyone),
            1 => Just(Token::Nobody),
            1 => any::<u64>().prop_map(Token::Project),
            12 => browse,
            3 => readers,
        ]
    }

    fn names_an_account(token: &Token) -> bool {
        let of = |by: &Option<Way>| matches!(by, Some((_, Subject::Account(_))));
        match token {
            Token::Browse(browse) => of(&browse.by) || browse.level.as_ref().is_some_and(|level| of(&level.by)),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn a_token_is_read_as_it_was_written(token in token()) {
            prop_assert_eq!(token.to_string().parse(), Ok(token));
        }

        #[test]
        fn two_tokens_never_share_a_text(tokens in vec(token(), 2..12)) {
            let distinct: BTreeSet<&Token> = tokens.iter().collect();
            let texts: BTreeSet<String> = distinct.iter().map(ToString::to_string).collect();
            prop_assert_eq!(texts.len(), distinct.len());
        }

        #[test]
        fn a_text_that_is_no_token_is_none_and_one_that_is_stays_as_it_was(text in name(), token in token()) {
            for text in [text.clone(), format!("{token}{text}"), format!("browse:{text}")] {
                if let Ok(read) = text.parse::<Token>() {
                    prop_assert_eq!(read.to_string(), text);
                }
            }
        }

        #[test]
        fn elasticsearch_finds_what_cannot_be_foreseen(token in token()) {
            let text = token.to_string();
            let (unforeseen, plain) = match &token {
                Token::Readers(_) => (true, false),
                Token::Browse(browse) => {
                    let ways = [browse.by.is_some(), browse.level.as_ref().is_some_and(|level| level.by.is_some())];
                    let foreseen = ways == [false; 2] && browse.conditions.is_empty();
                    (!foreseen && !names_an_account(&token), ways == [false; 2])
                }
                _ => (false, token == Token::Nobody),
            };
            prop_assert_eq!(UNFORESEEN.is_match(&text), unforeseen, "{}", text);
            prop_assert_eq!(PLAIN.is_match(&text), plain, "{}", text);
        }
    }
}
