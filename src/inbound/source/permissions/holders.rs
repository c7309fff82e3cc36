//! Holders of permissions, groups and accounts, from Jira's words to ours.
//!
//! `logins` finds the account of a login.

use jira_client::{GroupName, HolderRow, User};
use sync_engine::access_control::{Account, Group, Holder, Relation};

pub(super) fn account(user: &User) -> Option<Account> {
    user.id().map(Account::new)
}

pub(super) fn group(name: &GroupName) -> Group {
    match &name.id {
        Some(id) => Group::id(id),
        None => Group::name(&name.name),
    }
}

/// The way to ask for the members of a group.
pub(super) fn group_name(group: &Group) -> GroupName {
    match group {
        Group::Id(id) => GroupName {
            id: Some(id.to_string()),
            name: String::new(),
        },
        Group::Name(name) => GroupName {
            id: None,
            name: name.to_string(),
        },
    }
}

/// A kind without what it needs is as good as an unknown kind: it opens nothing, and is reported.
pub(super) fn holder(row: &HolderRow, cloud: bool) -> Holder {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (parameter, value) = (filled(&row.parameter), filled(&row.value));
    let either = || value.clone().or_else(|| parameter.clone());
    let found = match row.kind.as_str() {
        "anyone" => Some(Holder::Anyone),
        "group" if cloud && value.is_some() => value.as_deref().map(|id| Holder::Group(Group::id(id))),
        "group" => either().map(|name| Holder::Group(Group::name(&name))),
        "projectRole" => either().and_then(|id| id.trim().parse().ok()).map(Holder::Role),
        "user" => {
            let shown = row.user.as_ref().and_then(account);
            shown.or_else(|| either().map(|id| Account::new(&id))).map(Holder::User)
        }
        "applicationRole" => Some(either().map_or(Holder::LoggedIn, Holder::Application)),
        "projectLead" => Some(Holder::ProjectLead),
        "reporter" => Some(Holder::Related(Relation::Reporter)),
        "assignee" => Some(Holder::Related(Relation::Assignee)),
        "userCustomField" => either().map(|id| Holder::Related(Relation::field(&id))),
        "groupCustomField" => either().map(|id| Holder::RelatedGroup(Relation::field(&id))),
        "sd.customer.portal.only" => Some(Holder::CustomerPortal),
        _ => None,
    };
    found.unwrap_or_else(|| Holder::Unknown(row.kind.clone()))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn row(kind: &str, parameter: Option<&str>, value: Option<&str>) -> HolderRow {
        HolderRow {
            kind: kind.into(),
            parameter: parameter.map(str::to_owned),
            value: value.map(str::to_owned),
            user: None,
        }
    }

    #[test_case("group", Some("Staff"), Some("ab-1"), true => Holder::Group(Group::id("ab-1")))]
    #[test_case("group", Some("Staff"), None, false => Holder::Group(Group::name("Staff")))]
    #[test_case("projectRole", Some("10002"), None, false => Holder::Role(10002))]
    #[test_case("applicationRole", None, None, true => Holder::LoggedIn)]
    #[test_case("applicationRole", Some(""), None, true => Holder::LoggedIn; "empty is every logged-in user")]
    #[test_case("applicationRole", Some("jira-software"), None, true => Holder::Application("jira-software".into()))]
    #[test_case("userCustomField", Some("customfield_10010"), None, true => Holder::Related(Relation::field("customfield_10010")))]
    #[test_case("user", None, None, true => Holder::Unknown("user".into()); "nobody is named")]
    #[test_case("somethingNew", Some("x"), None, true => Holder::Unknown("somethingNew".into()))]
    fn holders(kind: &str, parameter: Option<&str>, value: Option<&str>, cloud: bool) -> Holder {
        holder(&row(kind, parameter, value), cloud)
    }

    /// Robert's key is bob, which is somebody else's login by now.
    #[test]
    fn the_account_that_is_shown_counts_and_not_the_word() {
        let bob = serde_json::from_value(serde_json::json!({"key": "JIRAUSER2", "name": "bob"})).unwrap();
        let row = HolderRow {
            user: Some(bob),
            ..row("user", Some("bob"), None)
        };
        assert_eq!(holder(&row, false), Holder::User(Account::new("JIRAUSER2")));
    }
}
