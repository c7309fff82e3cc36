//! Collects the tokens of the content index that permissions alone do not foretell: those that name a group, a
//! role or the service desk, because an issue's field or a comment does. Reading them is left to `sink`.

use std::collections::{BTreeMap, BTreeSet};

use super::principal::Group;
use super::tokens::unescape;

/// Found in the content index, without the tokens that name one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokensInUse {
    /// Parts that are appended to a token, by the project that they appear with.
    pub(super) suffixes: BTreeMap<u64, BTreeSet<Suffix>>,
    /// Groups that custom fields name, by the field's id.
    pub(super) field_groups: BTreeMap<String, BTreeSet<Group>>,
}

/// Conditions besides permission and level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suffix {
    pub(super) text: String,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Condition {
    Role { project: u64, role: u64 },
    Group(Group),
    Internal,
}

impl TokensInUse {
    /// Matches the tokens that are asked for, as a regular expression of Elasticsearch's `terms` aggregation.
    pub const PATTERN: &'static str = r"[^=]*(\@|\&role:|\&group:|\&internal)[^=]*";

    /// Matches the tokens of documents that name no person and no field: one for each document at least, but for those
    /// that are for nobody at all.
    pub const PLAIN: &'static str = r"browse:[0-9]+(\&[^=@]*)?|nobody";

    /// Takes in what was found. Tokens of another form are left alone: nobody is given them.
    pub fn from_tokens<'t>(tokens: impl IntoIterator<Item = &'t str>) -> Self {
        let mut in_use = Self::default();
        for token in tokens {
            in_use.add(token);
        }
        in_use
    }

    fn add(&mut self, token: &str) {
        let mut parts = token.split('&');
        let Some(browse) = parts.next().and_then(|part| part.strip_prefix("browse:")) else {
            return;
        };
        let (project, relation) = split_relation(browse);
        let Ok(project) = project.parse::<u64>() else { return };
        let mut relations = Vec::from_iter(relation);
        let mut suffix = Suffix {
            text: String::new(),
            conditions: Vec::new(),
        };
        for part in parts {
            if let Some(level) = part.strip_prefix("level:") {
                relations.extend(split_relation(level).1);
                continue;
            }
            let Some(condition) = condition(part) else { return };
            suffix.text.push('&');
            suffix.text.push_str(part);
            suffix.conditions.push(condition);
        }
        for (field, group) in relations.iter().filter_map(|relation| relation.split_once(':')) {
            self.field_groups
                .entry(unescape(field))
                .or_default()
                .insert(group_of(group));
        }
        if !suffix.conditions.is_empty() {
            self.suffixes.entry(project).or_default().insert(suffix);
        }
    }

    /// The groups that are named.
    pub fn groups(&self) -> BTreeSet<Group> {
        let conditions = self.suffixes.values().flatten().flat_map(|suffix| &suffix.conditions);
        let from_suffixes = conditions.filter_map(|condition| match condition {
            Condition::Group(group) => Some(group.clone()),
            Condition::Role { .. } | Condition::Internal => None,
        });
        self.field_groups
            .values()
            .flatten()
            .cloned()
            .chain(from_suffixes)
            .collect()
    }

    /// Whether something is hidden from customers.
    pub fn names_internal(&self) -> bool {
        let mut conditions = self.suffixes.values().flatten().flat_map(|suffix| &suffix.conditions);
        conditions.any(|condition| *condition == Condition::Internal)
    }

    /// The roles that are named, as project and role.
    pub fn roles(&self) -> BTreeSet<(u64, u64)> {
        let conditions = self.suffixes.values().flatten().flat_map(|suffix| &suffix.conditions);
        conditions
            .filter_map(|condition| match condition {
                Condition::Role { project, role } => Some((*project, *role)),
                Condition::Group(_) | Condition::Internal => None,
            })
            .collect()
    }
}

fn split_relation(part: &str) -> (&str, Option<&str>) {
    match part.split_once('@') {
        Some((head, relation)) => (head, Some(relation)),
        None => (part, None),
    }
}

fn condition(part: &str) -> Option<Condition> {
    if part == "internal" {
        return Some(Condition::Internal);
    }
    if let Some(group) = part.strip_prefix("group:") {
        return Some(Condition::Group(group_of(group)));
    }
    let (project, role) = part.strip_prefix("role:")?.split_once('.')?;
    Some(Condition::Role {
        project: project.parse().ok()?,
        role: role.parse().ok()?,
    })
}

fn group_of(escaped: &str) -> Group {
    let text = unescape(escaped);
    match text.strip_prefix('~') {
        Some(name) => Group::name(name),
        None => Group::id(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_apart() {
        let in_use = TokensInUse::from_tokens([
            "browse:7&role:7.2&group:~staff",
            "browse:7@customfield_3:ab-1&level:4@customfield_5:~x%26y",
            "browse:7",
            "browse:7@odd%3Afield:x:y",
            "something else",
        ]);
        assert!(in_use.field_groups["odd:field"].contains(&Group::id("x:y")));
        assert_eq!(in_use.roles(), BTreeSet::from([(7, 2)]));
        assert_eq!(
            in_use.groups(),
            BTreeSet::from([
                Group::name("staff"),
                Group::id("ab-1"),
                Group::id("x:y"),
                Group::name("x&y")
            ])
        );
        assert_eq!(in_use.suffixes[&7].first().unwrap().text, "&role:7.2&group:~staff");
    }
}
