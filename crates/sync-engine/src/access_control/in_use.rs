//! Which tokens the content index has that cannot be foreseen from the permissions alone: those that name a group, a
//! role, the service desk or an issue, because a field or a comment does. Reading them is left to `sink`.

use std::collections::{BTreeMap, BTreeSet};

use super::principal::{Group, Relation, Subject};
use super::token::{Condition, Readers, Token};

/// Found in the content index, without the tokens that name one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokensInUse {
    /// Conditions that appear together, by the project they appear with.
    pub(super) conditions: BTreeMap<u64, BTreeSet<Vec<Condition>>>,
    /// Groups that fields name, by the field.
    pub(super) field_groups: BTreeMap<Relation, BTreeSet<Group>>,
    /// Tokens of issues whose readers Jira has to be asked for.
    pub(super) readers: BTreeSet<Readers>,
}

impl TokensInUse {
    /// Takes in what was found. Texts of another form are left alone: nobody is given them.
    pub fn from_tokens<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut in_use = Self::default();
        for text in texts {
            match text.as_ref().parse() {
                Ok(Token::Browse(browse)) => {
                    for (relation, subject) in browse.by.into_iter().chain(browse.level.and_then(|level| level.by)) {
                        if let Subject::Group(group) = subject {
                            in_use.field_groups.entry(relation).or_default().insert(group);
                        }
                    }
                    if !browse.conditions.is_empty() {
                        let of_project = in_use.conditions.entry(browse.project).or_default();
                        of_project.insert(browse.conditions);
                    }
                }
                Ok(Token::Readers(readers)) => drop(in_use.readers.insert(readers)),
                Ok(Token::Anyone | Token::Nobody | Token::Project(_)) | Err(_) => {}
            }
        }
        in_use
    }

    /// Every condition that is named.
    fn all_conditions(&self) -> impl Iterator<Item = &Condition> {
        let of_readers = self.readers.iter().flat_map(|readers| &readers.conditions);
        self.conditions.values().flatten().flatten().chain(of_readers)
    }

    /// The groups that are named.
    pub fn groups(&self) -> BTreeSet<Group> {
        let from_conditions = self.all_conditions().filter_map(|condition| match condition {
            Condition::Group(group) => Some(group),
            Condition::Role { .. } | Condition::Internal => None,
        });
        let from_fields = self.field_groups.values().flatten();
        from_fields.chain(from_conditions).cloned().collect()
    }

    /// The roles that are named, as project and role.
    pub fn roles(&self) -> BTreeSet<(u64, u64)> {
        let roles = self.all_conditions().filter_map(|condition| match condition {
            Condition::Role { project, role } => Some((*project, *role)),
            Condition::Group(_) | Condition::Internal => None,
        });
        roles.collect()
    }

    /// The texts of the tokens of such issues.
    pub fn readers_texts(&self) -> impl Iterator<Item = String> {
        self.readers
            .iter()
            .map(|readers| Token::Readers(readers.clone()).to_string())
    }

    /// The issues whose readers Jira has to be asked for.
    pub fn issues(&self) -> BTreeSet<u64> {
        self.readers.iter().map(|readers| readers.issue).collect()
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
            "readers:12.f0&role:9.1",
            "something else",
        ]);
        assert!(in_use.field_groups[&Relation::field("odd:field")].contains(&Group::id("x:y")));
        assert_eq!(in_use.roles(), BTreeSet::from([(7, 2), (9, 1)]));
        assert_eq!(in_use.issues(), BTreeSet::from([12]));
        assert_eq!(
            in_use.groups(),
            BTreeSet::from([
                Group::name("staff"),
                Group::id("ab-1"),
                Group::id("x:y"),
                Group::name("x&y")
            ])
        );
    }
}
