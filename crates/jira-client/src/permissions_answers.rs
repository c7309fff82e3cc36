//! Shapes of Jira's answers about permissions, on Cloud and elsewhere. Asking is left to `permissions` and `people`.

use serde::Deserialize;

use crate::lenient;
use crate::user::User;

#[derive(Debug, Deserialize)]
pub(crate) struct SchemeAnswer {
    /// Absent when Jira does not expand it, which is not the same as none.
    pub(crate) permissions: Vec<GrantRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct GrantRow {
    pub(crate) permission: String,
    pub(crate) holder: HolderRow,
}

/// Whom a permission is given to, or who is a member of a security level, as Jira writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HolderRow {
    /// `group`, `projectRole`, `reporter` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// Name of a group, id of a role or field, account id or user key.
    #[serde(default, deserialize_with = "lenient::text")]
    pub parameter: Option<String>,
    /// Cloud: what identifies the holder; the id of a group, where `parameter` has its name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub value: Option<String>,
    /// The account that `parameter` names, where Jira shows it.
    #[serde(default)]
    pub user: Option<User>,
}

/// A security level of a company-managed project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityLevelRow {
    /// Id of the level.
    pub id: u64,
    /// Id of the scheme that it belongs to.
    pub scheme: u64,
}

/// One member of a security level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelMember {
    /// Id of the level.
    pub level: u64,
    /// Who.
    pub holder: HolderRow,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LevelRow {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) issue_security_scheme_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberRow {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) issue_security_level_id: Option<u64>,
    pub(crate) holder: HolderRow,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SchemeOfProject {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) issue_security_scheme_id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) project_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ProjectSecurityScheme {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
    #[serde(default)]
    pub(crate) levels: Vec<LevelRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RoleRow {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Absent on roles of classic projects.
    #[serde(default)]
    pub(crate) scope: Option<ScopeRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ScopeRow {
    #[serde(default)]
    pub(crate) project: Option<ScopeProject>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ScopeProject {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
}

/// The permissions of an account, and where it has them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckAnswer {
    pub(crate) project_permissions: Vec<CheckedPermission>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CheckedPermission {
    pub(crate) issues: Vec<u64>,
}

/// A user with the products that they may use.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserProducts {
    pub(crate) application_roles: Items<ProductRow>,
}

/// A list that tells how long it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Items<T> {
    pub(crate) size: usize,
    pub(crate) items: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ProductRow {
    pub(crate) key: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RoleAnswer {
    pub(crate) actors: Vec<ActorRow>,
}

/// Cloud nests, the others are flat: `name` is then the login or the name of the group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActorRow {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: Option<String>,
    pub(crate) actor_user: Option<User>,
    pub(crate) actor_group: Option<GroupRow>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRow {
    pub(crate) name: Option<String>,
    pub(crate) group_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplicationRow {
    pub(crate) key: String,
    /// Names.
    #[serde(default)]
    pub(crate) groups: Option<Vec<String>>,
    /// Cloud: names and ids of the same groups.
    #[serde(default)]
    pub(crate) group_details: Option<Vec<GroupRow>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MyPermissions {
    pub(crate) permissions: std::collections::BTreeMap<String, MyPermission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MyPermission {
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) have_permission: Option<bool>,
}
