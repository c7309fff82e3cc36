//! Lists permissions of a Jira that are unknown and so denied, in words and in numbers.

use super::principal::{Account, Holder, Known};
use super::site::{Products, Site};

/// Something that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The place and the reason, in words.
    pub text: String,
    /// Its kind, as a plural: `pairs of project and role`.
    pub kind: &'static str,
    /// Whether reading it failed. Otherwise Jira does not show it to this account, or it is of a kind that is not known.
    pub failed: bool,
}

impl Site {
    /// Everything that could not be resolved.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for project in self.projects.values() {
            let whose = format!("project {}", project.key);
            add(&mut gaps, "projects", &whose, &project.browse);
            add_unknown(&mut gaps, "projects", &whose, "holders", &project.browse);
        }
        for (id, members) in &self.levels {
            let whose = format!("security level {id}");
            add(&mut gaps, "security levels", &whose, members);
            add_unknown(&mut gaps, "security levels", &whose, "members", members);
        }
        for ((project, role), actors) in &self.roles {
            let key = self.projects.get(project).map_or("?", |project| project.key.as_str());
            let whose = format!("role {role} in project {key}");
            add(&mut gaps, "pairs of project and role", &whose, actors);
            let unknown = actors.read().into_iter().flat_map(|actors| &actors.unknown);
            gaps.extend(unknown.map(|kind| Gap {
                text: format!("{whose}: actors of type \"{kind}\" are not known"),
                kind: "pairs of project and role",
                failed: false,
            }));
        }
        for (group, members) in &self.groups {
            add(&mut gaps, "groups", &format!("group {group}"), members);
        }
        if let Products::OfAccounts(accounts) = &self.products {
            for (account, products) in accounts {
                add(
                    &mut gaps,
                    "users",
                    &format!("products of user {}", Account::as_str(account)),
                    products,
                );
            }
        }
        for (issue, readers) in &self.readers {
            add(&mut gaps, "issues", &format!("readers of issue {issue}"), readers);
        }
        if let Some(most) = self.readers_looked_at.filter(|_| !self.readers.is_empty()) {
            gaps.push(Gap {
                text: format!(
                    "readers of {} issues: Jira looks for them among its first {most} users only, so users after those do not \
                     find these issues",
                    self.readers.len()
                ),
                kind: "lists that Jira cuts",
                failed: false,
            });
        }
        gaps.sort();
        gaps
    }
}

fn add<T>(gaps: &mut Vec<Gap>, kind: &'static str, whose: &str, known: &Known<T>) {
    gaps.extend(known.reason().map(|reason| Gap {
        text: format!("{whose}: {reason}"),
        kind,
        failed: matches!(known, Known::Failed(_)),
    }));
}

fn add_unknown(gaps: &mut Vec<Gap>, kind: &'static str, whose: &str, who: &str, holders: &Known<Vec<Holder>>) {
    for holder in holders.read().into_iter().flatten() {
        if let Holder::Unknown(type_name) = holder {
            gaps.push(Gap {
                text: format!("{whose}: {who} of type \"{type_name}\" are not known"),
                kind,
                failed: false,
            });
        }
    }
}
