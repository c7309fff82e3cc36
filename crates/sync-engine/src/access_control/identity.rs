//! The tokens that one account satisfies. Pure; the document that carries them is made in `identity_document`.

use std::collections::BTreeSet;

use md5::{Digest, Md5};
use serde_json::Value;
use thiserror::Error;

use super::in_use::{Condition, Suffix, TokensInUse};
use super::principal::{Account, Holder, Known, Relation, Subject};
use super::site::Site;
use super::tokens::{ANYONE, account as account_token, browse, level, related};

/// Elasticsearch takes no more values in one `terms` query (`index.max_terms_count`).
pub const MAX_TOKENS: usize = 65_536;

/// The tokens of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// All of them.
    pub tokens: BTreeSet<String>,
}

/// The account would need more tokens than a query can hold; it gets none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("needs {needed} access tokens or more, and a query can hold {MAX_TOKENS}; the account is denied everything")]
pub struct TooManyTokens {
    /// At least so many.
    pub needed: usize,
}

impl Identity {
    /// Somebody who is not logged in.
    pub fn anonymous() -> Self {
        Self {
            tokens: BTreeSet::from([ANYONE.to_owned()]),
        }
    }

    /// The identity that a document of the index of identities holds.
    pub fn stored(document: &Value) -> Self {
        let tokens = document.pointer("/query/template/params/access_control");
        let tokens = tokens.and_then(Value::as_array).into_iter().flatten();
        Self {
            tokens: tokens.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    /// Names the set of tokens: two identities with one fingerprint see the same.
    pub fn fingerprint(&self) -> String {
        let mut digest = Md5::new();
        for token in &self.tokens {
            digest.update(token.as_bytes());
            digest.update([0]);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every token that an active account satisfies.
    pub fn of(account: &Account, site: &Site, in_use: &TokensInUse) -> Result<Self, TooManyTokens> {
        let mut tokens = BTreeSet::from([ANYONE.to_owned(), account_token(account)]);
        let eval = Evaluation { account, site, in_use };
        for suffix in in_use
            .suffixes
            .values()
            .flatten()
            .filter(|suffix| eval.satisfies(suffix))
        {
            // Jira itself named the account as a reader of an issue, and a comment of it is restricted.
            tokens.insert(format!("{}{}", account_token(account), suffix.text));
        }
        for (id, project) in &site.projects {
            let Some(holders) = project.browse.read() else { continue };
            let ways = eval.ways(holders, *id);
            if ways.is_empty() {
                continue;
            }
            let mut conditions = vec![String::new()];
            let suffixes = in_use.suffixes.get(id).into_iter().flatten();
            conditions.extend(
                suffixes
                    .filter(|suffix| eval.satisfies(suffix))
                    .map(|suffix| suffix.text.clone()),
            );
            let mut levels = vec![String::new()];
            for level_id in &project.levels {
                let members = site.levels.get(level_id).and_then(Known::read);
                let by = members.map(|members| eval.ways(members, *id)).unwrap_or_default();
                levels.extend(by.into_iter().map(|way| format!("{}{way}", level(*level_id))));
            }
            let needed = tokens.len() + ways.len() * levels.len() * conditions.len();
            if needed > MAX_TOKENS {
                return Err(TooManyTokens { needed });
            }
            for way in &ways {
                for level in &levels {
                    tokens.extend(
                        conditions
                            .iter()
                            .map(|condition| format!("{}{way}{level}{condition}", browse(*id))),
                    );
                }
            }
        }
        Ok(Self { tokens })
    }
}

struct Evaluation<'a> {
    account: &'a Account,
    site: &'a Site,
    in_use: &'a TokensInUse,
}

impl Evaluation<'_> {
    /// The ways in which the account is among these holders: a plain one alone when there is one, because every
    /// document that has a token with a relation also has the one without.
    fn ways(&self, holders: &[Holder], project: u64) -> Vec<String> {
        if holders
            .iter()
            .any(|holder| self.site.holds(self.account, holder, project))
        {
            return vec![String::new()];
        }
        let ways = holders.iter().flat_map(|holder| match holder {
            Holder::Related(relation) => vec![related(relation, &Subject::Account(self.account.clone()))],
            Holder::RelatedGroup(relation) => self.through_groups(relation),
            _ => Vec::new(),
        });
        BTreeSet::from_iter(ways).into_iter().collect()
    }

    fn through_groups(&self, relation: &Relation) -> Vec<String> {
        let named = self
            .in_use
            .field_groups
            .get(&relation.to_string())
            .into_iter()
            .flatten();
        let own = named.filter(|group| self.site.is_member(self.account, group));
        own.map(|group| related(relation, &Subject::Group(group.clone())))
            .collect()
    }

    fn satisfies(&self, suffix: &Suffix) -> bool {
        suffix.conditions.iter().all(|condition| match condition {
            Condition::Role { project, role } => self.site.is_actor(self.account, *project, *role),
            Condition::Group(group) => self.site.is_member(self.account, group),
            Condition::Internal => self.site.is_licensed(self.account),
        })
    }
}
