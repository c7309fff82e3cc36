//! Which role a name means in a project. Roles of team-managed projects are made by their administrators, who may call one
//! as a classic role is called; each name holds within its scope only.

use std::collections::{BTreeMap, BTreeSet};

use jira_client::{ProjectRole, RoleScope};

/// The names of all roles.
#[derive(Debug, Default)]
pub(super) struct RoleNames {
    /// None where two roles of one scope share the name.
    ids: BTreeMap<(RoleScope, String), Option<u64>>,
    /// Projects with roles of their own, to which the classic ones mean nothing.
    team_managed: BTreeSet<u64>,
}

impl RoleNames {
    pub(super) fn of(roles: Vec<ProjectRole>) -> Self {
        let mut names = Self::default();
        for role in roles {
            if let RoleScope::Project(project) = role.scope {
                names.team_managed.insert(project);
            }
            let id = names.ids.entry((role.scope, role.name)).or_insert(Some(role.id));
            if *id != Some(role.id) {
                *id = None;
            }
        }
        names
    }

    /// The role that is called so in a project.
    pub(super) fn id_in(&self, project: u64, name: &str) -> Option<u64> {
        let scope = if self.team_managed.contains(&project) {
            RoleScope::Project(project)
        } else {
            RoleScope::Classic
        };
        self.ids.get(&(scope, name.to_owned())).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_role_of_its_own_project() {
        let role = |id, name: &str, scope| ProjectRole {
            id,
            name: name.into(),
            scope,
        };
        let names = RoleNames::of(vec![
            role(1, "Developers", RoleScope::Classic),
            role(2, "Developers", RoleScope::Project(7)),
            role(3, "Member", RoleScope::Project(8)),
            role(4, "Hidden", RoleScope::Unknown),
            role(5, "Twice", RoleScope::Classic),
            role(6, "Twice", RoleScope::Classic),
        ]);
        assert_eq!(names.id_in(6, "Developers"), Some(1));
        assert_eq!(names.id_in(7, "Developers"), Some(2));
        assert_eq!(
            names.id_in(8, "Developers"),
            None,
            "a team-managed project has no classic roles"
        );
        assert_eq!(names.id_in(6, "Member"), None);
        assert_eq!(names.id_in(6, "Hidden"), None);
        assert_eq!(names.id_in(6, "Twice"), None);
    }
}
