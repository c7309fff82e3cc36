//! Asks Jira once more about what a listing lacked: is it gone, out of scope, or was the search index behind?

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use jira_client::{Issue, JiraClient, JiraError, ProjectStatus};
use serde_json::Value;
use sync_engine::sync::source::MissingIssue;
use sync_engine::sync::{Confirmation, IssueId};

use super::scope::{self, ResolvedScope};

/// Ids in one request for whole issues.
const FETCHED_AT_ONCE: usize = 100;
/// Ids that one search can be told to look at outside its index.
const RECONCILED_AT_ONCE: usize = 50;

/// What of an issue tells whether it is in scope.
const OWN_WORDS: [&str; 5] = ["updated", "project", "archiveddate", "archivedby", "archived"];
/// Those that only archived issues have.
const ARCHIVED: &[&str] = &["archiveddate", "archivedby", "archived"];
/// Projects whose first issue is asked for when no search finds any.
const ASKED_FOR_THEIR_FIRST: usize = 20;

/// Confirms missing issues. What can be read says itself whether it is in scope: a search that does not show it proves
/// nothing, unless advanced rules decide, which only Jira can evaluate.
pub(super) async fn issues(
    client: &JiraClient,
    scope: &ResolvedScope,
    missing: Vec<MissingIssue>,
) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let put_away = scope::list(client, ProjectStatus::ArchivedOrDeleted).await?;
    let mut answers = Vec::with_capacity(missing.len());
    let mut readable = Vec::new();
    for batch in missing.chunks(FETCHED_AT_ONCE) {
        let ids: Vec<IssueId> = batch.iter().map(|issue| issue.id).collect();
        let fetched = client.fetch_issues(&ids, &OWN_WORDS).await?;
        readable.extend(fetched.issues);
        answers.extend(
            fetched
                .failed
                .into_iter()
                .map(|(id, reason)| (id, Confirmation::Unknown(reason))),
        );
        for id in fetched.absent {
            let known = batch.iter().find(|issue| issue.id == id);
            let key = known.and_then(|issue| issue.key.as_deref());
            let project = key.and_then(|key| key.rsplit_once('-')).map(|(project, _)| project);
            let set_aside = project.is_some_and(|key| put_away.iter().any(|project| project.key == key));
            let answer = if set_aside {
                Confirmation::SetAside
            } else {
                Confirmation::Gone
            };
            answers.push((id, answer));
        }
    }
    let ids: Vec<IssueId> = readable.iter().map(|issue| issue.id).collect();
    if scope.is_by_rules() {
        answers.extend(by_rules(client, scope, &ids).await?);
        return Ok(answers);
    }
    let put_away: HashSet<u64> = put_away.iter().map(|project| project.id).collect();
    let cloud = client.edition().is_cloud();
    let found = if cloud {
        searched(client, &scope.jql(), &ids).await?
    } else {
        HashMap::new()
    };
    answers.extend(readable.iter().map(|issue| {
        let answer = if found.contains_key(&issue.id) {
            Confirmation::Lagging
        } else {
            by_its_own_words(issue, |project| scope.has(project), scope.is_all(), &put_away, cloud)
        };
        (issue.id, answer)
    }));
    Ok(answers)
}

/// Judges an issue that can be read and that no search shows.
fn by_its_own_words(
    issue: &Issue,
    in_scope: impl Fn(u64) -> bool,
    all: bool,
    put_away: &HashSet<u64>,
    cloud: bool,
) -> Confirmation {
    let project = issue.fields.get("project").and_then(|project| project.get("id"));
    let Some(project) = project.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok())) else {
        return Confirmation::Unknown("it can be read, and Jira does not tell its project".into());
    };
    if put_away.contains(&project) {
        return Confirmation::SetAside;
    }
    if !in_scope(project) && all {
        return Confirmation::Unknown(format!(
            "it can be read, and its project {project} is in no list of projects"
        ));
    }
    let says_so = |value: &Value| !value.is_null() && *value != Value::Bool(false);
    let is_archived = ARCHIVED.iter().any(|mark| issue.fields.get(*mark).is_some_and(says_so));
    if !in_scope(project) || is_archived {
        Confirmation::OutOfScope
    } else if cloud {
        // Whether all versions of Cloud say so of archived issues is not documented.
        Confirmation::Unknown("it can be read, and Jira's search does not find it: archived, or left out".into())
    } else {
        Confirmation::Lagging
    }
}

/// Asks about issues that advanced rules may find or not.
async fn by_rules(
    client: &JiraClient,
    scope: &ResolvedScope,
    ids: &[IssueId],
) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let found = searched(client, &scope.jql(), ids).await?;
    let (lagging, others): (Vec<IssueId>, Vec<IssueId>) = ids.iter().partition(|id| found.contains_key(id));
    let mut answers: Vec<_> = lagging.into_iter().map(|id| (id, Confirmation::Lagging)).collect();
    if client.edition().is_cloud() {
        answers.extend(others.into_iter().map(|id| (id, Confirmation::SetAside)));
    } else {
        answers.extend(beside_the_index(client, &others).await?);
    }
    Ok(answers)
}

/// The key of an issue that can be read by its key, if the first issue of some project can.
pub(super) async fn any_issue(client: &JiraClient, scope: &ResolvedScope) -> Result<Option<String>, JiraError> {
    for project in scope.projects.iter().take(ASKED_FOR_THEIR_FIRST) {
        let key = format!("{}-1", project.key);
        if let Some(id) = client.issue_id(&key).await? {
            let answers = issues(
                client,
                scope,
                vec![MissingIssue {
                    id,
                    key: Some(key.clone()),
                }],
            )
            .await?;
            let belongs = answers
                .iter()
                .any(|(_, answer)| matches!(answer, Confirmation::Lagging | Confirmation::Unknown(_)));
            if belongs {
                return Ok(Some(key));
            }
        }
    }
    Ok(None)
}

/// Issues that advanced rules do not find. Only Jira can say whether an issue fits a query that somebody wrote, and
/// where search cannot be told to look past its index, its word counts for issues that the index knows as they are now.
///
/// That is a request for each issue, thousands after a change of the rules. A sample of them would be cheaper and would
/// prove nothing about the others: an index is behind for single issues, too.
async fn beside_the_index(client: &JiraClient, ids: &[IssueId]) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let indexed = searched(client, "", ids).await?;
    compared(client, &indexed, ids).await
}

/// Reads issues one by one, past the index, and compares.
async fn compared(
    client: &JiraClient,
    indexed: &HashMap<IssueId, Option<Updated>>,
    ids: &[IssueId],
) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let stored = client.fetch_from_store(ids, &["updated"]).await?;
    let mut answers: Vec<(IssueId, Confirmation)> = stored
        .failed
        .into_iter()
        .map(|(id, reason)| (id, Confirmation::Unknown(reason)))
        .collect();
    answers.extend(stored.absent.into_iter().map(|id| (id, Confirmation::Gone)));
    answers.extend(
        stored
            .issues
            .iter()
            .map(|issue| (issue.id, out_of_rules(indexed.get(&issue.id), updated(issue)))),
    );
    Ok(answers)
}

/// `indexed` is when search believes the issue was changed last, if it knows the issue.
fn out_of_rules(indexed: Option<&Option<Updated>>, updated: Option<Updated>) -> Confirmation {
    let unknown = |what: &str| {
        let text =
            format!("it can be read, and Jira's search {what}, so nothing says whether the advanced rules find it");
        Confirmation::Unknown(text)
    };
    let (Some(indexed), Some(updated)) = (indexed, updated) else {
        return unknown("does not know it");
    };
    // The search index of some versions keeps whole seconds only.
    let is_last = |indexed: &Updated| {
        *indexed == updated || (indexed.timestamp_subsec_nanos() == 0 && indexed.timestamp() == updated.timestamp())
    };
    if indexed.as_ref().is_some_and(is_last) {
        Confirmation::SetAside
    } else {
        unknown("has not seen its last change")
    }
}

type Updated = DateTime<FixedOffset>;

fn updated(issue: &Issue) -> Option<Updated> {
    jira_client::parse_timestamp(issue.fields.get("updated")?.as_str()?)
}

/// Those that the search finds, with their last change as it knows it.
async fn searched(
    client: &JiraClient,
    scope_jql: &str,
    ids: &[IssueId],
) -> Result<HashMap<IssueId, Option<Updated>>, JiraError> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(RECONCILED_AT_ONCE) {
        let heads = client.search_reconciled(scope_jql, some).await?;
        found.extend(heads.into_iter().map(|head| (head.id, head.updated)));
    }
    Ok(found)
}

/// Confirms projects that are missing from the list of those in scope. `all`: every project is in scope.
pub(super) async fn projects(
    client: &JiraClient,
    all: bool,
    missing: Vec<u64>,
) -> Result<Vec<(u64, Confirmation)>, JiraError> {
    let put_away: HashSet<u64> = scope::list(client, ProjectStatus::ArchivedOrDeleted)
        .await?
        .into_iter()
        .map(|project| project.id)
        .collect();
    let mut answers = Vec::with_capacity(missing.len());
    for id in missing {
        let answer = if put_away.contains(&id) {
            Confirmation::SetAside
        } else {
            match client.project(&id.to_string()).await? {
                None => Confirmation::Gone,
                Some(_) if all => Confirmation::Lagging,
                Some(_) => Confirmation::OutOfScope,
            }
        };
        answers.push((id, answer));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(Some(Some("2024-09-19T21:57:31.000-0500")) => true; "search knows it as it is, to the second")]
    #[test_case(Some(Some("2024-09-19T21:57:31.666-0500")) => true; "search knows it as it is")]
    #[test_case(Some(Some("2024-09-19T21:57:31.600-0500")) => false; "an earlier change in the same second")]
    #[test_case(Some(Some("2024-09-19T21:57:30.000-0500")) => false; "search has not seen its last change")]
    #[test_case(Some(None) => false; "search does not say when it changed")]
    #[test_case(None => false; "search does not know it")]
    fn the_word_of_a_search_counts(indexed: Option<Option<&str>>) -> bool {
        let updated = jira_client::parse_timestamp("2024-09-20T02:57:31.666Z");
        let indexed = indexed.map(|time| time.and_then(jira_client::parse_timestamp));
        matches!(out_of_rules(indexed.as_ref(), updated), Confirmation::SetAside)
    }

    const IN_SCOPE: u64 = 10;
    const IN_THE_BIN: u64 = 20;

    #[test_case(&json!({"project": {"id": "10"}}), false => "lagging"; "in scope, and nothing says archived")]
    #[test_case(&json!({"project": {"id": 10}, "archiveddate": null}), false => "lagging"; "an id that is a number")]
    #[test_case(&json!({"project": {"id": "10"}, "archiveddate": "2024-01-01"}), false => "out of scope"; "archived")]
    #[test_case(&json!({"project": {"id": "10"}, "archivedby": {"name": "a"}}), true => "out of scope"; "archived on Cloud")]
    #[test_case(&json!({"project": {"id": "10"}}), true => "unknown"; "on Cloud nobody can tell")]
    #[test_case(&json!({"project": {"id": "11"}}), false => "out of scope"; "in another project")]
    #[test_case(&json!({"project": {"id": "20"}}), false => "set aside"; "in an archived project")]
    #[test_case(&json!({"project": null}), false => "unknown"; "without a project")]
    #[test_case(&json!({}), false => "unknown"; "nothing but an id")]
    fn an_issue_says_itself_whether_it_is_in_scope(fields: &Value, cloud: bool) -> &'static str {
        judged(fields, false, cloud)
    }

    #[test]
    fn an_issue_of_a_project_that_no_list_shows_stays() {
        assert_eq!(judged(&json!({"project": {"id": "11"}}), true, false), "unknown");
    }

    fn judged(fields: &Value, all: bool, cloud: bool) -> &'static str {
        let issue = Issue {
            id: 1,
            key: "AL-1".into(),
            fields: fields.as_object().unwrap().clone(),
        };
        let put_away = HashSet::from([IN_THE_BIN]);
        match by_its_own_words(&issue, |project| project == IN_SCOPE, all, &put_away, cloud) {
            Confirmation::Lagging => "lagging",
            Confirmation::OutOfScope => "out of scope",
            Confirmation::SetAside => "set aside",
            Confirmation::Gone => "gone",
            Confirmation::Unknown(_) => "unknown",
        }
    }
}
