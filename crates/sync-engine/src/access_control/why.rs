//! Explains to people which grant lets an account see a project. It decides nothing.

use super::principal::{Account, Holder, Known, Relation};
use super::site::Site;

/// One way in which an account may see issues of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The security level that it opens; none for the permission to browse.
    pub level: Option<u64>,
    /// By what: `member of group ~staff`.
    pub by: String,
}

impl Site {
    /// Every grant of a project that holds for an account, levels included. Without one for browsing, levels open nothing.
    pub fn why(&self, account: &Account, project_id: u64) -> Vec<Reason> {
        let Some(project) = self.projects.get(&project_id) else {
            return Vec::new();
        };
        let mut reasons = Vec::new();
        for holder in project.browse.read().into_iter().flatten() {
            reasons.extend(
                self.describe(account, holder, project_id)
                    .map(|by| Reason { level: None, by }),
            );
        }
        for level in &project.levels {
            for holder in self.levels.get(level).and_then(Known::read).into_iter().flatten() {
                let by = self.describe(account, holder, project_id);
                reasons.extend(by.map(|by| Reason {
                    level: Some(*level),
                    by,
                }));
            }
        }
        reasons
    }

    fn describe(&self, account: &Account, holder: &Holder, project: u64) -> Option<String> {
        let relation = |relation: &Relation| match relation {
            Relation::Reporter => "for issues that they reported".to_owned(),
            Relation::Assignee => "for issues assigned to them".to_owned(),
            Relation::Field(id) => format!("for issues whose {id} names them"),
        };
        match holder {
            _ if *holder != Holder::Anyone && !self.may_sign_in(account) => None,
            Holder::Related(by) => Some(relation(by)),
            Holder::RelatedGroup(by) => Some(format!("for issues whose {by} names a group of theirs")),
            _ if !self.holds(account, holder, project) => None,
            Holder::Anyone => Some("everybody".to_owned()),
            Holder::LoggedIn => Some("every logged-in user".to_owned()),
            Holder::Group(group) => Some(format!("member of group {group}")),
            Holder::User(_) => Some("named by account".to_owned()),
            Holder::Application(key) => Some(format!("may use {key}")),
            Holder::ProjectLead => Some("lead of the project".to_owned()),
            Holder::Role(role) => {
                let actors = self.roles.get(&(project, *role)).and_then(Known::read)?;
                let group = actors.groups.iter().find(|group| self.is_member(account, group));
                Some(match group {
                    Some(group) if !actors.accounts.contains(account) => {
                        format!("actor of role {role} through group {group}")
                    }
                    _ => format!("actor of role {role}"),
                })
            }
            Holder::CustomerPortal | Holder::Unknown(_) => None,
        }
    }
}
