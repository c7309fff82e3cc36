//! Comments and worklogs, made complete: inside an issue Jira embeds only the first of them.

use jira_client::{Issue, JiraClient, JiraError};
use serde_json::Value;

/// Fetches the whole list of each kind whose embedded page is short of its own total.
pub(super) async fn complete(client: &JiraClient, issue: &mut Issue) -> Result<(), JiraError> {
    if is_cut(issue, "comment", "comments") {
        let all = client.comments(issue.id).await?;
        replace(issue, "comment", "comments", all);
    }
    if is_cut(issue, "worklog", "worklogs") {
        let all = client.worklogs(issue.id).await?;
        replace(issue, "worklog", "worklogs", all);
    }
    Ok(())
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
