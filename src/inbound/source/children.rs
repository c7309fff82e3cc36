//! Comments and worklogs, made complete: inside an issue Jira embeds only the first of them, and outside Cloud it does not
//! say there which comments customers of service management do not see.
//!
//! `documents::restricted` and `permissions` decide about their readers.

use std::collections::HashMap;

use jira_client::{Issue, JiraClient, JiraError, Project};
use serde_json::Value;

/// The property of a comment that says whether customers see it.
const PUBLIC_PROPERTY: &str = "sd.public.comment";
/// Stands for a comment of which it is not known: it is for nobody then.
const NOT_KNOWN: &str = "not known";

/// Fetches the whole list of each kind whose embedded page is short of its own total, and the comments of service projects
/// where only properties of them tell who sees them.
pub(super) async fn complete(
    client: &JiraClient,
    issue: &mut Issue,
    listed_types: &HashMap<u64, String>,
) -> Result<(), JiraError> {
    let properties_tell = !client.edition().is_cloud() && is_of_service_desk(issue, listed_types);
    // Before anything can fail: what is embedded does not say it.
    let told = comments(issue).iter_mut().fold(true, |told, comment| {
        if properties_tell {
            tell_who_sees(comment);
        }
        told && comment.get("jsdPublic") != Some(&NOT_KNOWN.into())
    });
    if is_cut(issue, "comment", "comments") || !told {
        let mut all = client.comments(issue.id).await?;
        for comment in &mut all {
            if properties_tell {
                tell_who_sees(comment);
            }
            if let Some(comment) = comment.as_object_mut() {
                comment.remove("properties");
            }
        }
        replace(issue, "comment", "comments", all);
    }
    if is_cut(issue, "worklog", "worklogs") {
        let all = client.worklogs(issue.id).await?;
        replace(issue, "worklog", "worklogs", all);
    }
    Ok(())
}

/// The type of each project, by id, as the list of projects tells it.
pub(super) fn types_of(projects: &[Project]) -> HashMap<u64, String> {
    let typed = projects.iter().filter_map(|project| {
        let kind = project.raw.get("projectTypeKey")?.as_str()?;
        Some((project.id, kind.to_owned()))
    });
    typed.collect()
}

/// Whether the project is one of service management, or neither the issue nor the list of projects says.
fn is_of_service_desk(issue: &Issue, listed_types: &HashMap<u64, String>) -> bool {
    let project = issue.fields.get("project");
    let told = project.and_then(|project| project.get("projectTypeKey")?.as_str());
    let listed = || {
        let id = match project?.get("id")? {
            Value::String(id) => id.parse().ok()?,
            id => id.as_u64()?,
        };
        listed_types.get(&id).map(String::as_str)
    };
    !matches!(told.or_else(listed), Some("software" | "business"))
}

fn comments(issue: &mut Issue) -> &mut [Value] {
    let page = issue.fields.get_mut("comment");
    let comments = page
        .and_then(|page| page.get_mut("comments"))
        .and_then(Value::as_array_mut);
    comments.map_or(&mut [], |comments| comments)
}

/// Says of a comment what Cloud says of it: whether customers see it. A comment without the property is for all.
fn tell_who_sees(comment: &mut Value) {
    let Some(comment) = comment
        .as_object_mut()
        .filter(|comment| !comment.contains_key("jsdPublic"))
    else {
        return;
    };
    let properties = comment.get("properties").and_then(Value::as_array);
    let public = properties.map_or(Value::from(NOT_KNOWN), |properties| {
        let property = properties.iter().find(|property| property["key"] == PUBLIC_PROPERTY);
        property
            .is_none_or(|property| property["value"]["internal"] == false)
            .into()
    });
    comment.insert("jsdPublic".to_owned(), public);
}

fn is_cut(issue: &Issue, field: &str, list: &str) -> bool {
    let Some(page) = issue.fields.get(field).and_then(Value::as_object) else {
        return false;
    };
    let embedded = page.get(list).and_then(Value::as_array).map_or(0, Vec::len) as u64;
    match page.get("total").and_then(Value::as_u64) {
        Some(total) => embedded < total,
        // Without a total a full page may be a cut one.
        None => page
            .get("maxResults")
            .and_then(Value::as_u64)
            .is_some_and(|most| embedded >= most),
    }
}

fn replace(issue: &mut Issue, field: &str, list: &str, entries: Vec<Value>) {
    if let Some(page) = issue.fields.get_mut(field).and_then(Value::as_object_mut) {
        for member in ["total", "maxResults"] {
            page.insert(member.to_owned(), entries.len().into());
        }
        page.insert(list.to_owned(), Value::Array(entries));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!({"properties": []}), json!(true); "customers see what nobody made internal")]
    #[test_case(json!({"properties": [{"key": "x", "value": 1}, {"key": "sd.public.comment", "value": {"internal": true}}]}), json!(false))]
    #[test_case(json!({"properties": [{"key": "sd.public.comment", "value": {"internal": false}}]}), json!(true); "made public")]
    #[test_case(json!({"properties": [{"key": "sd.public.comment", "value": "odd"}]}), json!(false); "an odd value")]
    #[test_case(json!({}), json!(NOT_KNOWN); "the properties were not told")]
    #[test_case(json!({"jsdPublic": true}), json!(true); "the comment itself says it")]
    fn properties_tell_who_sees_a_comment(mut comment: Value, expected: Value) {
        tell_who_sees(&mut comment);
        assert_eq!(comment["jsdPublic"], expected);
    }

    #[test_case(json!({"id": "7", "key": "A", "name": "A"}) => false; "the list says software")]
    #[test_case(json!({"id": 8, "key": "B", "name": "B"}) => true; "the list says service desk")]
    #[test_case(json!({"id": "9", "key": "C", "name": "C"}) => true; "nobody says")]
    #[test_case(json!({"id": "8", "projectTypeKey": "business"}) => false; "the issue itself says")]
    #[test_case(Value::Null => true; "no project at all")]
    fn the_list_of_projects_tells_the_type_that_the_issue_leaves_out(project: Value) -> bool {
        let listed = HashMap::from([(7, "software".to_owned()), (8, "service_desk".to_owned())]);
        let fields = serde_json::Map::from_iter([("project".to_owned(), project)]);
        let issue = Issue {
            id: 1,
            key: "A-1".to_owned(),
            fields,
        };
        is_of_service_desk(&issue, &listed)
    }

    #[test_case(json!({"comments": [1, 2], "total": 2}), false)]
    #[test_case(json!({"comments": [1, 2], "total": 3}), true)]
    #[test_case(json!({"total": 3}), true; "the list itself is missing")]
    #[test_case(json!({"comments": [1, 2], "maxResults": 2}), true; "no total and a full page")]
    #[test_case(json!({"comments": [1], "maxResults": 2}), false; "no total and a short page")]
    #[test_case(Value::Null, false; "the field is hidden")]
    fn a_cut_list_is_noticed(comment: Value, expected: bool) {
        let fields = serde_json::Map::from_iter([("comment".to_owned(), comment)]);
        assert_eq!(
            is_cut(
                &Issue {
                    id: 1,
                    key: "A-1".into(),
                    fields
                },
                "comment",
                "comments"
            ),
            expected
        );
    }
}
