//! Reads permission schemes, roles, security levels and application roles.
//!
//! Most of it needs administrative permissions, so a refusal is an answer here and not a failure; what follows from it
//! is decided by the callers. Users and groups are in `people`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::client::JiraClient;
use crate::error::JiraError;
use crate::people::{EMPTY_PAGES_AT_THE_END, GroupName};
use crate::permissions_answers::{
    ActorRow, ApplicationRow, CheckAnswer, HolderRow, LevelMember, LevelRow, MemberRow, MyPermissions,
    ProjectSecurityScheme, RoleAnswer, RoleRow, SchemeAnswer, SchemeOfProject, SecurityLevelRow,
};
use crate::permitted::Permitted;
use crate::transport::{EndpointClass, Request};
use crate::user::User;

/// Rows of administrative lists in one page; Jira gives no more.
const PAGE: u64 = 50;
/// Users among whom a Jira looks for the readers of an issue. Those after them are never named.
pub const READERS_LOOKED_AT: u64 = 1_000;
/// Issues that one check of permissions takes.
pub const ISSUES_OF_ONE_CHECK: usize = 1_000;
/// A permission that lets see projects and issues: the key, and its old name that servers still use.
const BROWSE: [&str; 2] = ["BROWSE_PROJECTS", "BROWSE"];

/// A project role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRole {
    /// Its id.
    pub id: u64,
    /// Its name, which roles of other scopes may have too.
    pub name: String,
    /// Where it exists.
    pub scope: RoleScope,
}

/// Which projects have a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleScope {
    /// Every project that is not team-managed.
    Classic,
    /// One team-managed project, by id.
    Project(u64),
    /// Jira's words are not understood.
    Unknown,
}

/// One actor of a project role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleActor {
    /// Cloud: an account, by id.
    Account(String),
    /// Server and Data Center: a login.
    Login(String),
    /// A group.
    Group(GroupName),
    /// Of a kind that is not known here, or without an id.
    Unknown(String),
}

impl JiraClient {
    /// Whom the permission scheme of a project gives the permission to browse it.
    pub async fn browse_holders(&self, project: u64) -> Result<Permitted<Vec<HolderRow>>, JiraError> {
        let request = Request::get(
            EndpointClass::Permissions,
            format!("rest/api/2/project/{project}/permissionscheme"),
        )
        // A user is named by key, or on some servers by login: the account itself tells.
        .with("expand", if self.edition().is_cloud() { "permissions" } else { "permissions,user" });
        let scheme: Permitted<SchemeAnswer> = self.permitted(&request).await?;
        Ok(scheme.map(|scheme| {
            let browse = scheme
                .permissions
                .into_iter()
                .filter(|grant| BROWSE.contains(&grant.permission.as_str()));
            browse.map(|grant| grant.holder).collect()
        }))
    }

    /// All security levels of company-managed projects. Cloud only; those of team-managed ones are in no list.
    pub async fn security_levels(&self) -> Result<Permitted<Vec<SecurityLevelRow>>, JiraError> {
        let request = |start_at| administrative("rest/api/3/issuesecurityschemes/level", start_at);
        let rows: Permitted<Vec<LevelRow>> = self.pages(request).await?;
        let level = |row: LevelRow| {
            Some(SecurityLevelRow {
                id: row.id?,
                scheme: row.issue_security_scheme_id?,
            })
        };
        Ok(rows.map(|rows| rows.into_iter().filter_map(level).collect()))
    }

    /// The members of all security levels. Cloud only: elsewhere no resource lists them. A member whose level is not
    /// readable fails the whole list, because the others would look complete without it.
    pub async fn security_level_members(&self) -> Result<Permitted<Vec<LevelMember>>, JiraError> {
        let path = "rest/api/3/issuesecurityschemes/level/member";
        let rows: Permitted<Vec<MemberRow>> = self.pages(|start_at| administrative(path, start_at)).await?;
        let member = |row: MemberRow| {
            Some(LevelMember {
                level: row.issue_security_level_id?,
                holder: row.holder,
            })
        };
        match rows.map(|rows| rows.into_iter().map(member).collect::<Option<Vec<_>>>()) {
            Permitted::Read(Some(members)) => Ok(Permitted::Read(members)),
            Permitted::Read(None) => Err(self.unreadable(&administrative(path, 0), "a member names no level")),
            Permitted::Refused(reason) => Ok(Permitted::Refused(reason)),
        }
    }

    /// Which security scheme each project has; projects without one are missing. Cloud only.
    pub async fn security_schemes_of_projects(&self) -> Result<Permitted<BTreeMap<u64, u64>>, JiraError> {
        let request = |start_at| administrative("rest/api/3/issuesecurityschemes/project", start_at);
        let rows: Permitted<Vec<SchemeOfProject>> = self.pages(request).await?;
        let pair = |row: SchemeOfProject| Some((row.project_id?, row.issue_security_scheme_id?));
        Ok(rows.map(|rows| rows.into_iter().filter_map(pair).collect()))
    }

    /// The levels of a project's security scheme, for sites without the lists of all. None where it has no scheme, which
    /// looks the same as a scheme that is not shown. Cloud only.
    pub async fn security_scheme_of_project(
        &self,
        project: u64,
    ) -> Result<Permitted<Vec<SecurityLevelRow>>, JiraError> {
        let path = format!("rest/api/3/project/{project}/issuesecuritylevelscheme");
        let scheme: Permitted<ProjectSecurityScheme> =
            self.permitted(&Request::get(EndpointClass::Permissions, path)).await?;
        Ok(scheme.map(|scheme| {
            let levels = scheme.levels.into_iter().filter_map(|level| level.id);
            let levels = levels.filter_map(|id| Some(SecurityLevelRow { id, scheme: scheme.id? }));
            levels.collect()
        }))
    }

    /// All project roles, of classic projects and of single team-managed ones.
    pub async fn project_roles(&self) -> Result<Permitted<Vec<ProjectRole>>, JiraError> {
        let request = Request::get(EndpointClass::Permissions, "rest/api/2/role");
        let rows: Permitted<Vec<RoleRow>> = self.permitted(&request).await?;
        let role = |row: RoleRow| {
            let scope = match row.scope {
                None => RoleScope::Classic,
                Some(scope) => match scope.project.and_then(|project| project.id) {
                    Some(project) => RoleScope::Project(project),
                    None => RoleScope::Unknown,
                },
            };
            Some(ProjectRole {
                id: row.id?,
                name: row.name?,
                scope,
            })
        };
        Ok(rows.map(|rows| rows.into_iter().filter_map(role).collect()))
    }

    /// The actors of a role in a project.
    pub async fn role_actors(&self, project: u64, role: u64) -> Result<Permitted<Vec<RoleActor>>, JiraError> {
        let path = format!("rest/api/2/project/{project}/role/{role}");
        let answer: Permitted<RoleAnswer> = self.permitted(&Request::get(EndpointClass::Permissions, path)).await?;
        Ok(answer.map(|answer| answer.actors.into_iter().map(actor).collect()))
    }

    /// The groups that may use each product, by the key of its application role.
    pub async fn application_roles(&self) -> Result<Permitted<BTreeMap<String, Vec<GroupName>>>, JiraError> {
        let request = Request::get(EndpointClass::Permissions, "rest/api/2/applicationrole");
        let rows: Permitted<Vec<ApplicationRow>> = self.permitted(&request).await?;
        Ok(rows.map(|rows| {
            rows.into_iter()
                .map(|row| (row.key.clone(), application_groups(row)))
                .collect()
        }))
    }

    /// Which of these permissions the account has in a project. A permission that Jira does not know is not had.
    pub async fn my_permissions_in(&self, project: &str, keys: &[&str]) -> Result<BTreeMap<String, bool>, JiraError> {
        let request = Request::get(EndpointClass::Permissions, "rest/api/2/mypermissions").with("projectKey", project);
        self.held(request, keys).await
    }

    /// Which of these global permissions the account has. A permission that Jira does not know is not had.
    pub async fn my_permissions(&self, keys: &[&str]) -> Result<BTreeMap<String, bool>, JiraError> {
        let request = Request::get(EndpointClass::Permissions, "rest/api/2/mypermissions");
        self.held(request, keys).await
    }

    async fn held(&self, request: Request, keys: &[&str]) -> Result<BTreeMap<String, bool>, JiraError> {
        let request = if self.edition().is_cloud() {
            request.with("permissions", keys.join(","))
        } else {
            request
        };
        let answer: MyPermissions = self.transport.json(&request).await?;
        let has = |key: &str| answer.permissions.get(key).and_then(|one| one.have_permission) == Some(true);
        Ok(keys.iter().map(|key| ((*key).to_owned(), has(key))).collect())
    }

    /// The accounts that may see an issue, by Jira's own word, among the first thousand users of the site: one request for
    /// each 1,000, and two to see the end. Server and Data Center; `issues_of_reader` asks Cloud without that limit.
    pub async fn readers_of_issue(&self, key: &str) -> Result<Permitted<Vec<User>>, JiraError> {
        let request = |start_at| {
            Request::get(EndpointClass::Users, "rest/api/2/user/permission/search")
                // An empty word matches every user.
                .with("username", "")
                .with("permissions", "BROWSE")
                .with("issueKey", key)
                .with("startAt", start_at)
                .with("maxResults", READERS_LOOKED_AT)
        };
        self.arrays(request, READERS_LOOKED_AT, EMPTY_PAGES_AT_THE_END).await
    }

    /// Which of these issues, at most [`ISSUES_OF_ONE_CHECK`], an account may see, by Jira's own word. Cloud only.
    pub async fn issues_of_reader(&self, account: &str, issues: &[u64]) -> Result<Permitted<Vec<u64>>, JiraError> {
        let body = json!({
            "accountId": account,
            "projectPermissions": [{ "permissions": ["BROWSE_PROJECTS"], "issues": issues }],
        });
        let request = Request::question(EndpointClass::Permissions, "rest/api/3/permissions/check", body);
        let answer: Permitted<CheckAnswer> = self.permitted(&request).await?;
        let granted = answer.map(|answer| {
            answer
                .project_permissions
                .into_iter()
                .flat_map(|one| one.issues)
                .collect()
        });
        Ok(granted)
    }
}

fn administrative(path: &str, start_at: u64) -> Request {
    Request::get(EndpointClass::Permissions, path)
        .with("startAt", start_at)
        .with("maxResults", PAGE)
}

fn actor(row: ActorRow) -> RoleActor {
    if let Some(account_id) = row.actor_user.and_then(|user| user.account_id) {
        return RoleActor::Account(account_id);
    }
    if let Some(group) = row.actor_group {
        return RoleActor::Group(GroupName {
            id: group.group_id,
            name: group.name.or(row.name).unwrap_or_default(),
        });
    }
    match (row.kind.as_str(), row.name) {
        ("atlassian-user-role-actor", Some(name)) => RoleActor::Login(name),
        ("atlassian-group-role-actor", Some(name)) => RoleActor::Group(GroupName { id: None, name }),
        (kind, _) => RoleActor::Unknown(kind.to_owned()),
    }
}

fn application_groups(row: ApplicationRow) -> Vec<GroupName> {
    match row.group_details {
        Some(details) if !details.is_empty() => details
            .into_iter()
            .map(|group| GroupName {
                id: group.group_id,
                name: group.name.unwrap_or_default(),
            })
            .collect(),
        _ => row
            .groups
            .unwrap_or_default()
            .into_iter()
            .map(|name| GroupName { id: None, name })
            .collect(),
    }
}
