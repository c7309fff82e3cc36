//! Reads facts about readers from the fields of an issue, comment or worklog.
//!
//! Whatever is there and not understood counts as unreadable, which denies.

use std::collections::{BTreeMap, BTreeSet};

use md5::{Digest, Md5};
use serde_json::{Map, Value};
use sync_engine::access_control::{
    Account, Group, IssueFacts, Relation, Restriction, SecurityLevel, Subject, Visibility,
};

use super::role_names::RoleNames;

/// The facts of an issue; none when it does not name its project. `fields`: the custom fields that some permission
/// looks at.
pub(super) fn of_issue(raw: &Map<String, Value>, fields: &BTreeSet<Relation>) -> Option<IssueFacts> {
    let mut related = BTreeSet::new();
    let mut relate = |relation: &Relation, field: &str| {
        let named = raw.get(field).map(subjects).unwrap_or_default();
        related.extend(named.into_iter().map(|subject| (relation.clone(), subject)));
    };
    relate(&Relation::Reporter, "reporter");
    relate(&Relation::Assignee, "assignee");
    for relation in fields {
        if let Relation::Field(id) = relation {
            relate(relation, id);
        }
    }
    Some(IssueFacts {
        project: raw.get("project")?.get("id").and_then(number)?,
        security: security(raw.get("security")),
        restriction: restriction(raw.get("issuerestriction")),
        related,
    })
}

/// Names everything in the fields of an issue that can decide who reads it, as far as a field can name people or groups.
/// With another name, Jira has to be asked again.
pub(super) fn fingerprint(raw: &Map<String, Value>) -> String {
    let mut digest = Md5::new();
    let sorted: BTreeMap<&String, &Value> = raw.iter().collect();
    for (field, value) in sorted {
        let named = match field.as_str() {
            "project" | "security" | "issuerestriction" => value.to_string(),
            "reporter" | "assignee" => format!("{:?}", subjects(value)),
            custom if custom.starts_with("customfield_") => format!("{:?}", subjects(value)),
            _ => continue,
        };
        if named != "[]" {
            digest.update(format!("{field}:{named}\n"));
        }
    }
    digest.finalize()[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Every condition on the readers of a comment or worklog besides those of its issue.
pub(super) fn of_entry(entry: &Value, roles: &RoleNames, project: u64) -> Vec<Visibility> {
    let mut conditions = Vec::new();
    match entry.get("visibility") {
        None | Some(Value::Null) => {}
        Some(visibility) => conditions.push(visibility_of(visibility, roles, project)),
    }
    match entry.get("jsdPublic") {
        None | Some(Value::Null | Value::Bool(true)) => {}
        Some(Value::Bool(false)) => conditions.push(Visibility::Internal),
        Some(_) => conditions.push(Visibility::Unreadable),
    }
    conditions
}

fn visibility_of(visibility: &Value, roles: &RoleNames, project: u64) -> Visibility {
    let text = |member: &str| {
        visibility
            .get(member)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (name, identifier) = (text("value"), text("identifier"));
    match text("type") {
        Some("group") => match (identifier, name) {
            // Where groups have no ids the identifier repeats the name.
            (Some(id), name) if name != Some(id) => Visibility::Group(Group::id(id)),
            (_, Some(name)) => Visibility::Group(Group::name(name)),
            _ => Visibility::Unreadable,
        },
        Some("role") => {
            // A name that is a number is no id.
            let id = identifier.filter(|id| name != Some(id)).and_then(|id| id.parse().ok());
            let role = id.or_else(|| roles.id_in(project, name.or(identifier)?));
            role.map_or(Visibility::Unreadable, Visibility::Role)
        }
        _ => Visibility::Unreadable,
    }
}

fn security(field: Option<&Value>) -> SecurityLevel {
    match field {
        None | Some(Value::Null) => SecurityLevel::None,
        Some(level) => match level.get("id").and_then(number) {
            Some(id) => SecurityLevel::Level(id),
            None => SecurityLevel::Unreadable,
        },
    }
}

fn restriction(field: Option<&Value>) -> Restriction {
    let field = match field {
        None | Some(Value::Null) => return Restriction::None,
        Some(field) => field,
    };
    let kinds = match field.get("issuerestrictions") {
        Some(Value::Null) => return Restriction::None,
        Some(Value::Object(kinds)) => kinds,
        None if says_nothing(field) => return Restriction::None,
        // A restriction in words that this version does not know.
        None | Some(_) => return Restriction::Unreadable,
    };
    let mut roles = BTreeSet::new();
    for (kind, entries) in kinds {
        match entries {
            Value::Null => {}
            Value::Array(entries) if entries.is_empty() => {}
            Value::Array(entries) if kind == "projectrole" => {
                let ids: Option<Vec<u64>> = entries
                    .iter()
                    .map(|entry| entry.get("restrictionValue").and_then(number))
                    .collect();
                match ids {
                    Some(ids) => roles.extend(ids),
                    None => return Restriction::Unreadable,
                }
            }
            _ => return Restriction::Unreadable,
        }
    }
    if roles.is_empty() {
        Restriction::None
    } else {
        Restriction::Roles(roles)
    }
}

/// `shouldDisplay` is about the form on the screen.
fn says_nothing(restriction: &Value) -> bool {
    let members = restriction.as_object();
    members.is_some_and(|members| members.keys().all(|name| name == "shouldDisplay"))
}

/// Whom a value names: a user, a group, or a list of them.
fn subjects(value: &Value) -> Vec<Subject> {
    match value {
        Value::Array(values) => values.iter().flat_map(subjects).collect(),
        Value::Object(object) => {
            let text = |member: &str| {
                object
                    .get(member)
                    .and_then(Value::as_str)
                    .filter(|text| !text.is_empty())
            };
            let is_user = ["accountId", "key", "displayName", "emailAddress"]
                .iter()
                .any(|member| text(member).is_some());
            let subject = if is_user {
                let id = text("accountId").or_else(|| text("key")).or_else(|| text("name"));
                id.map(|id| Subject::Account(Account::new(id)))
            } else {
                let by_name = text("name").or_else(|| text("value")).map(Group::name);
                text("groupId").map(Group::id).or(by_name).map(Subject::Group)
            };
            subject.into_iter().collect()
        }
        // Select lists can name groups, and old servers write plain names.
        Value::String(name) if !name.is_empty() => vec![Subject::Group(Group::name(name))],
        _ => Vec::new(),
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use jira_client::{ProjectRole, RoleScope};
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test]
    fn whoever_an_issue_names_decides_whether_jira_is_asked_again() {
        let of = |fields: Value| fingerprint(fields.as_object().unwrap());
        let before = json!({"project": {"id": "7"}, "security": {"id": "3"}, "summary": "a", "assignee": {"key": "x"}});
        let mut same = before.clone();
        same["summary"] = json!("b");
        same["customfield_1"] = json!(null);
        same["customfield_2"] = json!(3.5);
        assert_eq!(of(before.clone()), of(same));
        for (field, value) in [
            ("security", json!({"id": "4"})),
            ("assignee", json!({"key": "y"})),
            ("reporter", json!({"key": "x"})),
            ("customfield_1", json!([{"name": "Staff"}])),
            ("customfield_1", json!({"value": "Staff"})),
        ] {
            let mut other = before.clone();
            other[field] = value;
            assert_ne!(of(before.clone()), of(other), "{field}");
        }
    }

    #[test_case(json!(null) => Restriction::None)]
    #[test_case(json!({"issuerestrictions": {}, "shouldDisplay": true}) => Restriction::None)]
    #[test_case(json!({"issuerestrictions": {"projectrole": [{"restrictionValue": "10002"}]}}) => Restriction::Roles(BTreeSet::from([10002])))]
    #[test_case(json!({"issuerestrictions": {"projectrole": [{"restrictionValue": "?"}]}}) => Restriction::Unreadable)]
    #[test_case(json!({"issuerestrictions": {"group": [{"restrictionValue": "x"}]}}) => Restriction::Unreadable; "another kind")]
    #[test_case(json!({"roles": ["10002"]}) => Restriction::Unreadable; "in other words")]
    #[test_case(json!(["10002"]) => Restriction::Unreadable; "a list")]
    #[test_case(json!({"shouldDisplay": false}) => Restriction::None; "nothing but the form")]
    fn restrictions(field: Value) -> Restriction {
        restriction(Some(&field))
    }

    #[test_case(json!({"type": "role", "value": "Developers", "identifier": "Developers"}) => Visibility::Role(10001))]
    #[test_case(json!({"type": "role", "value": "Gone"}) => Visibility::Unreadable)]
    #[test_case(json!({"type": "role", "value": "Secret", "identifier": "10007"}) => Visibility::Role(10007); "by its id alone")]
    #[test_case(json!({"type": "role", "value": "10007", "identifier": "10007"}) => Visibility::Unreadable; "a name that looks like an id")]
    #[test_case(json!({"type": "group", "value": "staff", "identifier": "ab-1"}) => Visibility::Group(Group::id("ab-1")))]
    #[test_case(json!({"type": "group", "value": "Staff"}) => Visibility::Group(Group::name("Staff")))]
    #[test_case(json!("odd") => Visibility::Unreadable)]
    fn visibilities(visibility: Value) -> Visibility {
        let roles = RoleNames::of(vec![ProjectRole {
            id: 10001,
            name: "Developers".into(),
            scope: RoleScope::Classic,
        }]);
        of_entry(&json!({"visibility": visibility}), &roles, 7).remove(0)
    }

    #[test_case(json!(null) => SecurityLevel::None)]
    #[test_case(json!({"id": "10100", "name": "Staff"}) => SecurityLevel::Level(10_100))]
    #[test_case(json!({"name": "Staff"}) => SecurityLevel::Unreadable; "without an id")]
    #[test_case(json!({"id": "staff"}) => SecurityLevel::Unreadable; "an id of another kind")]
    #[test_case(json!("Staff") => SecurityLevel::Unreadable; "a name alone")]
    #[test_case(json!([]) => SecurityLevel::Unreadable; "a list")]
    fn a_level_that_is_not_understood_is_not_none(field: Value) -> SecurityLevel {
        security(Some(&field))
    }

    #[test]
    fn users_and_groups_are_told_apart() {
        let fields = json!({
            "project": {"id": "7"},
            "reporter": {"accountId": "5b:1", "displayName": "A"},
            "assignee": {"key": "JIRAUSER1", "name": "bob", "displayName": "B"},
            "customfield_1": [{"name": "Staff", "groupId": "g-1"}, {"name": "Ops", "self": "x"}],
        });
        let facts = of_issue(
            fields.as_object().unwrap(),
            &BTreeSet::from([Relation::field("customfield_1")]),
        )
        .unwrap();
        assert_eq!(
            Vec::from_iter(facts.related),
            [
                (Relation::Reporter, Subject::Account(Account::new("5b:1"))),
                (Relation::Assignee, Subject::Account(Account::new("JIRAUSER1"))),
                (Relation::field("customfield_1"), Subject::Group(Group::id("g-1"))),
                (Relation::field("customfield_1"), Subject::Group(Group::name("Ops"))),
            ]
        );
    }
}
