//! The tokens that one account satisfies. Pure; the document that carries them is made in `identity_document`.

use std::collections::BTreeSet;

use md5::{Digest, Md5};
use serde_json::Value;
use thiserror::Error;

use super::in_use::TokensInUse;
use super::principal::{Account, Holder, Known, Relation, Subject};
use super::site::Site;
use super::token::{ANYONE, Browse, Condition, Level, Token, Way};

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

    /// Every token that an active account satisfies. Whoever has no product of Jira cannot sign in, and sees what everybody
    /// sees.
    pub fn of(account: &Account, site: &Site, in_use: &TokensInUse) -> Result<Self, TooManyTokens> {
        let mut tokens = Self::anonymous().tokens;
        if !site.may_sign_in(account) {
            return Ok(Self { tokens });
        }
        let eval = Evaluation { account, site, in_use };
        let read_by_them = in_use
            .readers
            .iter()
            .filter(|readers| site.reads(account, readers.issue) && eval.satisfies(&readers.conditions));
        tokens.extend(read_by_them.map(|readers| Token::Readers(readers.clone()).to_string()));
        for (id, project) in &site.projects {
            let Some(holders) = project.browse.read() else { continue };
            if eval.sees_project(holders, *id) {
                tokens.insert(Token::Project(*id).to_string());
            }
            let ways = eval.ways(holders, *id);
            if ways.is_empty() {
                continue;
            }
            let mut conditions = vec![Vec::new()];
            let of_project = in_use.conditions.get(id).into_iter().flatten();
            conditions.extend(of_project.filter(|together| eval.satisfies(together)).cloned());
            let mut levels = vec![None];
            for level in &project.levels {
                let members = site.levels.get(level).and_then(Known::read);
                let by = members.map(|members| eval.ways(members, *id)).unwrap_or_default();
                levels.extend(by.into_iter().map(|by| Some(Level { id: *level, by })));
            }
            let needed = tokens.len() + ways.len() * levels.len() * conditions.len();
            if needed > MAX_TOKENS {
                return Err(TooManyTokens { needed });
            }
            for by in &ways {
                for level in &levels {
                    tokens.extend(conditions.iter().map(|conditions| {
                        let browse = Browse {
                            project: *id,
                            by: by.clone(),
                            level: level.clone(),
                            conditions: conditions.clone(),
                        };
                        Token::Browse(browse).to_string()
                    }));
                }
            }
        }
        match tokens.len() {
            needed if needed > MAX_TOKENS => Err(TooManyTokens { needed }),
            _ => Ok(Self { tokens }),
        }
    }
}

struct Evaluation<'a> {
    account: &'a Account,
    site: &'a Site,
    in_use: &'a TokensInUse,
}

impl Evaluation<'_> {
    /// Jira shows a project to whoever browses it, and to everybody who is signed in when a field of some issue could let
    /// them browse it.
    fn sees_project(&self, holders: &[Holder], project: u64) -> bool {
        holders.iter().any(|holder| match holder {
            Holder::Related(_) | Holder::RelatedGroup(_) => true,
            _ => self.site.holds(self.account, holder, project),
        })
    }

    /// The ways in which the account is among these holders: a plain one alone when there is one, because every
    /// document that has a token with a relation also has the one without.
    fn ways(&self, holders: &[Holder], project: u64) -> BTreeSet<Option<Way>> {
        if holders
            .iter()
            .any(|holder| self.site.holds(self.account, holder, project))
        {
            return BTreeSet::from([None]);
        }
        let ways = holders.iter().flat_map(|holder| match holder {
            Holder::Related(relation) => vec![(relation.clone(), Subject::Account(self.account.clone()))],
            Holder::RelatedGroup(relation) => self.through_groups(relation),
            _ => Vec::new(),
        });
        ways.map(Some).collect()
    }

    fn through_groups(&self, relation: &Relation) -> Vec<Way> {
        let named = self.in_use.field_groups.get(relation).into_iter().flatten();
        let own = named.filter(|group| self.site.is_member(self.account, group));
        own.map(|group| (relation.clone(), Subject::Group(group.clone())))
            .collect()
    }

    fn satisfies(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| match condition {
            Condition::Role { project, role } => self.site.is_actor(self.account, *project, *role),
            Condition::Group(group) => self.site.is_member(self.account, group),
            // Whoever can sign in works with some product, and customers cannot.
            Condition::Internal => true,
        })
    }
}
